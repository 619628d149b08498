"""The checklist of a new shop on the home page, until everything is done that the shop needs to open."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.core.cache import caches
from django.urls import reverse

from accounts.models import User
from catalog.markets import further_markets
from shop import facts
from shop.facts import Facts
from shop.opening import (
    DELIVERY,
    LEGAL,
    MARKETS,
    PRODUCT,
    SELLER,
    TAX,
    TEXTS,
    Missing,
    missing_otherwise,
    missing_to_open,
)

DONE, DONE_SECONDS = "checklist-done", 600


@dataclass(frozen=True)
class Step:
    """A step with what is missing, its state (done, now or nothing), and links if the user may do it."""

    title: str
    when_done: str
    missing: Sequence[Missing]
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
    def closing(self) -> list[str]:
        """The titles of the steps without which the shop stays closed."""
        return [step.title for step in self.steps if any(missing.closes for missing in step.missing)]

    @property
    def heading(self) -> str:
        return "Before you open" if self.closing else "Left to do"

    @property
    def summary(self) -> str:
        done = f"{self.done} of {len(self.steps)} steps are done."
        if not self.closing:
            return f"{done} The shop is open."
        return f"{done} Shoppers see “Opening soon” until these are too: {'; '.join(self.closing)}."


@dataclass(frozen=True)
class StepKind:
    """A step of every shop: its sentence once done, the page where it is done, and the permission to do it."""

    code: str
    title: str
    when_done: str
    button: str
    url_name: str
    permission: str


KINDS = (
    StepKind(
        *(SELLER, "Name, address and contact", "Shoppers and e-mails see who sells.", "Set up the store"),
        *("admin:catalog_store_changelist", "catalog.change_store"),
    ),
    StepKind(
        *(TAX, "Taxes", "Prices are taxed in your own country.", "Set up taxes"),
        *("admin:orders_taxrate_changelist", "orders.add_taxrate"),
    ),
    StepKind(
        *(DELIVERY, "Delivery", "There is a rate for your countries.", "Set up delivery"),
        *("admin:orders_shippingmethod_changelist", "orders.change_shippingmethod"),
    ),
    StepKind(
        *(PRODUCT, "First product", "There is something to sell.", "Add a product"),
        *("admin:catalog_product_add", "catalog.add_product"),
    ),
    StepKind(
        *(LEGAL, "Legal pages", "Imprint, terms and privacy are written.", "Write the pages"),
        *("admin:catalog_page_changelist", "catalog.change_page"),
    ),
    StepKind(
        *(TEXTS, "Other pages", "Delivery, returns and the others have your own texts.", "Write the pages"),
        *("admin:catalog_page_changelist", "catalog.change_page"),
    ),
    StepKind(
        *(MARKETS, "Other markets", "Each market has delivery, prices and its legal pages.", "See the markets"),
        *("admin:settings_markets", "catalog.change_store"),
    ),
)


def was_done() -> bool:
    """Whether nothing was missing a few minutes ago."""
    return bool(caches["process"].get(DONE))


def checklist_for(user: User, known: Facts | None = None) -> Checklist | None:
    """Return the checklist of a shop that is not complete if the user may do a step that is left, otherwise None.

    A complete shop is checked every ten minutes.
    Runs one query, unless the facts of the shop were read before.
    """
    if was_done():
        return None
    missing = _missing(known)
    kinds = [kind for kind in KINDS if kind.code != MARKETS or further_markets()]
    first = next((kind.code for kind in kinds if kind.code in missing), "")
    if not first:
        caches["process"].set(DONE, value=True, timeout=DONE_SECONDS)
        return None
    if not any(user.has_perm(kind.permission) for kind in kinds if kind.code in missing):
        return None
    return Checklist([_step(kind, missing.get(kind.code, []), user, is_first=kind.code == first) for kind in kinds])


def is_complete() -> bool:
    """Whether every step of the checklist is done."""
    return not _missing().keys() & {kind.code for kind in KINDS}


def _missing(known: Facts | None = None) -> dict[str, list[Missing]]:
    """What is missing, by the step that it belongs to."""
    known = known or facts.read(*facts.needed())
    missing: dict[str, list[Missing]] = {}
    for entry in (*missing_to_open(known), *missing_otherwise(known)):
        missing.setdefault(entry.step, []).append(entry)
    return missing


def _step(kind: StepKind, missing: Sequence[Missing], user: User, *, is_first: bool) -> Step:
    state = "now" if is_first else "" if missing else "done"
    may_do = user.has_perm(kind.permission)
    url = reverse(kind.url_name) if missing and may_do else ""
    shown = missing if may_do else [replace(entry, url="") for entry in missing]
    return Step(kind.title, kind.when_done, shown, kind.button, url, state)
