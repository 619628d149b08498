"""Whether the shop is open, and what it is missing."""

import time
from collections.abc import Container, Iterator
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlencode

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.urls import reverse

from catalog.markets import Market, default_market, further_markets
from shop import facts
from shop.facts import Facts
from shop.operations.checks import is_reserved
from shop.setting_up.starting_values import LEGAL_SLUGS, PAGES, StartingPage

REMEMBERED_SECONDS = 60


@dataclass(frozen=True)
class Missing:
    """Something that the shop is missing, where it is added, and the URL of that page in the admin.

    With `closes`, the shop cannot open without it. `step` is the step of the desk's checklist that it belongs to.
    """

    text: str
    where: str = ""
    url: str = ""
    step: str = ""
    closes: bool = False

    @property
    def sentence(self) -> str:
        """What is missing and where it is added, for a page or a terminal without links."""
        return f"{self.text}: {self.where}." if self.where else f"{self.text}."

    @property
    def short_sentence(self) -> str:
        """What is missing, for a page that links to where it is added."""
        return f"{self.text}."


SELLER, TAX, DELIVERY, LEGAL = "seller", "tax", "delivery", "legal"
PRODUCT, TEXTS, MARKETS = "product", "texts", "markets"


def missing_to_open(known: Facts | None = None) -> list[Missing]:
    """Return what keeps the shop closed: seller, tax rate, delivery rates and finished legal pages."""
    known = known or facts.read(*facts.needed())
    missing = (*_seller(known), *_tax(known), *_delivery(known), *_pages(known, LEGAL_SLUGS))
    return [replace(each, closes=True) for each in missing]


def _seller(known: Facts) -> Iterator[Missing]:
    store, url = known.get(facts.STORE), reverse("admin:catalog_store_change", args=[1])
    if not store or not store.text:
        yield Missing("The store record has no seller, address or contact e-mail", "admin → Store", url, SELLER)
    elif settings.OPENS_WHEN_COMPLETE and is_reserved(store.text.rpartition("@")[2]):
        text = f"Nobody can get mail at {store.text}, the contact e-mail"
        yield Missing(text, "admin → Store", url, SELLER)


def _tax(known: Facts) -> Iterator[Missing]:
    home = settings.SHOP_COUNTRY
    if facts.TAX not in known:
        text, where = (
            f"There is no tax rate for {home}, the country of the shop",
            "admin → Tax rates (0 if you charge none)",
        )
        yield Missing(text, where, f"{reverse('admin:orders_taxrate_add')}?country={home}", TAX)


def _delivery(known: Facts) -> Iterator[Missing]:
    if f"{facts.DELIVERY} {default_market().code}" not in known:
        text = "No delivery method has a rate for any of your countries"
        yield Missing(text, "admin → Shipping methods", reverse("admin:orders_delivery_grid"), DELIVERY)


def _pages(known: Facts, slugs: Container[str]) -> list[Missing]:
    """Return which of these pages do not exist, and which still have their starting text."""
    wanted = {page.slug: page for page in PAGES if page.slug in slugs}
    starting = {page.text: page for page in known.all(facts.STARTING_PAGE) if page.text in wanted}
    written = {page.text for page in known.all(facts.PAGE)}
    step, where = (LEGAL, "admin → Pages") if slugs == LEGAL_SLUGS else (TEXTS, "")
    missing = [
        Missing(_no_page(page, step), where, f"{reverse('admin:catalog_page_add')}?{urlencode(asdict(page))}", step)
        for page in wanted.values()
        if page.slug not in starting and page.slug not in written
    ]
    hint = ". Read and change it" if where else ""
    return missing + [
        Missing(
            f"The page “{wanted[slug].title}” still has its starting text{hint}",
            where,
            reverse("admin:catalog_page_change", args=[page.number]),
            step,
        )
        for slug, page in starting.items()
    ]


def _no_page(page: StartingPage, step: str) -> str:
    return f"There is no page “{page.title}”" + ("" if step == LEGAL else ", which shoppers look for")


def missing_otherwise(known: Facts | None = None) -> list[Missing]:
    """Return what else is missing, without which the shop can open."""
    known = known or facts.read(*facts.needed())
    missing = [*_running(known)]
    for market in further_markets():
        missing += missing_in(market, known)
    missing += _pages(known, [page.slug for page in PAGES if page.slug not in LEGAL_SLUGS])
    if facts.PRODUCT not in known:
        missing.append(_no_product(known))
    return missing


def _no_product(known: Facts) -> Missing:
    """Nothing is sold: there is no product, or there are only drafts, of which the first is named."""
    if draft := known.get(facts.DRAFT):
        url = reverse("admin:catalog_product_change", args=[draft.number])
        return Missing(f"“{draft.text}” is still a draft, and nothing else is sold", "admin → Products", url, PRODUCT)
    where = "admin → Products, or manage.py import_products FILE"
    return Missing("There are no products", where, reverse("admin:catalog_product_add"), PRODUCT)


def _running(known: Facts) -> Iterator[Missing]:
    """Yield what the running shop is missing: an owner, a worker, a location and closing days."""
    if facts.OWNER not in known:
        yield Missing("Nobody can log in to the admin", "run manage.py createsuperuser")
    if facts.RUNNING_WORKER not in known:
        text = "No worker runs, so no e-mail is sent and unpaid orders do not expire"
        yield Missing(text, "start celery, as in docs/operations.md, Jobs")
    if facts.LOCATION not in known:
        yield Missing("There is no location for stock", "admin → Locations", reverse("admin:catalog_location_add"))
    if facts.CLOSING_DAY not in known:
        text = "There are no closing days from today on, so deliveries are promised on public holidays"
        where = f"run manage.py seed_holidays {settings.SHOP_COUNTRY}"
        yield Missing(text, where, reverse("admin:orders_closingday_add"))


def _no_delivery(market: Market, known: Facts) -> Missing:
    """The next thing that delivery in the market needs: a method, a zone with one of its countries, or a rate."""
    path, method = f"/{market.prefix}/", known.get(f"{facts.METHOD} {market.code}")
    if not method:
        text = f"The market {path} has no delivery method. Add one with rates in {market.currency}"
        return Missing(text, url=f"{reverse('admin:orders_shippingmethod_add')}?market={market.code}", step=MARKETS)
    if f"{facts.ZONE} {market.code}" not in known:
        text = f"No delivery zone has a country of the market {path}, so “{method.text}” has no rate for it. Add a zone"
        return Missing(text, url=reverse("admin:orders_shippingzone_add"), step=MARKETS)
    text = f"The delivery method “{method.text}” has no rate for a country of the market {path}. Add one"
    url = reverse("admin:orders_shippingmethod_change", args=[method.number])
    return Missing(text, url=url, step=MARKETS)


def missing_in(market: Market, known: Facts | None = None) -> list[Missing]:
    """Return what shoppers of a further market are missing: delivery, prices, and legal pages in their language."""
    known = known or facts.read(*facts.needed())
    missing, path = [], f"/{market.prefix}/"
    if f"{facts.DELIVERY} {market.code}" not in known:
        missing.append(_no_delivery(market, known))
    if facts.PRODUCT in known and f"{facts.PRICE} {market.code}" not in known:
        text = f"The market {path} shows no products, because none has a price in {market.currency}"
        missing.append(Missing(text, url=reverse("admin:catalog_product_changelist"), step=MARKETS))
    if untranslated := known.get(f"{facts.UNTRANSLATED} {market.code}"):
        text = f"The market {path} shows the page “{untranslated.text}” in another language. Add its text for {market.name}"
        url = reverse("admin:catalog_page_change", args=[untranslated.number])
        missing.append(Missing(text, url=url, step=MARKETS))
    return missing


class _OpenCache:
    """The cached answer of is_open(): an open shop is checked once a minute per process, a closed one every time."""

    open_until = 0.0


def is_open() -> bool:
    """Return whether shoppers can use the shop. If the database is away, assume that it is open."""
    if not settings.OPENS_WHEN_COMPLETE or time.monotonic() < _OpenCache.open_until:
        return True
    try:
        if missing_to_open():
            return False
    except (OperationalError, InterfaceError):
        return True  # the view meets the same outage, and its answer is a plain 503
    _OpenCache.open_until = time.monotonic() + REMEMBERED_SECONDS
    return True
