"""The checklist of a new shop on the home page, until everything is done that the shop needs to open."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.cache import caches
from django.urls import reverse

from accounts.models import User
from catalog.models import Product
from shop.opening import DELIVERY, LEGAL, SELLER, TAX, missing_to_open

DONE, DONE_SECONDS = "checklist-done", 600
PRODUCT = "product"


@dataclass(frozen=True)
class Step:
    """A step with what is missing, its state (done, now or nothing), and a link if the user may open the page."""

    title: str
    sentences: Sequence[str]
    button: str
    url: str
    state: str

    @property
    def look(self) -> str:
        """The class of its button: only the step to do now has the main one."""
        return "main" if self.state == "now" else ""


@dataclass(frozen=True)
class Checklist:
    """The steps to an open shop. The first one that is not done is the one to do now."""

    steps: Sequence[Step]

    @property
    def done(self) -> int:
        return sum(step.state == "done" for step in self.steps)

    @property
    def summary(self) -> str:
        return f"{self.done} of {len(self.steps)} steps are done. Shoppers see “Opening soon” until all are."


@dataclass(frozen=True)
class StepKind:
    """A step of every shop: its sentence once done, and the page where it is done."""

    code: str
    title: str
    when_done: str
    button: str
    url_name: str
    permission: str


KINDS = (
    StepKind(
        *(SELLER, "Name, address and contact", "Shoppers and e-mails see who sells.", "Set up the store"),
        *("admin:catalog_store_changelist", "catalog.view_store"),
    ),
    StepKind(
        *(TAX, "Taxes", "Prices are taxed in your own country.", "Set up taxes"),
        *("admin:orders_taxrate_changelist", "orders.view_taxrate"),
    ),
    StepKind(
        *(DELIVERY, "Delivery", "There is a rate for your countries.", "Set up delivery"),
        *("admin:orders_shippingmethod_changelist", "orders.view_shippingmethod"),
    ),
    StepKind(
        *(PRODUCT, "First product", "There is something to sell.", "Add a product"),
        *("admin:catalog_product_add", "catalog.add_product"),
    ),
    StepKind(
        *(LEGAL, "Legal pages", "Terms, privacy and withdrawal are written.", "Write the pages"),
        *("admin:catalog_page_changelist", "catalog.view_page"),
    ),
)


def checklist_for(user: User) -> Checklist | None:
    """Return the checklist of a shop that is not complete, otherwise None. A complete shop is checked every ten minutes."""
    if caches["process"].get(DONE):
        return None
    missing: dict[str, list[str]] = {}
    for entry in missing_to_open():
        missing.setdefault(entry.step, []).append(entry.sentence)
    if not Product.objects.filter(status=Product.Status.ACTIVE).exists():
        missing[PRODUCT] = ["Type one in, or import a file from another shop."]
    if not missing:
        caches["process"].set(DONE, value=True, timeout=DONE_SECONDS)
        return None
    first = next(kind.code for kind in KINDS if kind.code in missing)
    return Checklist([_step(kind, missing.get(kind.code, []), user, is_first=kind.code == first) for kind in KINDS])


def _step(kind: StepKind, sentences: Sequence[str], user: User, *, is_first: bool) -> Step:
    state = "now" if is_first else "" if sentences else "done"
    url = reverse(kind.url_name) if sentences and user.has_perm(kind.permission) else ""
    return Step(kind.title, sentences or [kind.when_done], kind.button, url, state)
