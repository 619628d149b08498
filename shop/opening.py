"""Whether the shop is open, and what it is missing."""

import time
from dataclasses import dataclass

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from accounts.models import User
from catalog.markets import default_market, further_markets
from catalog.models import Location, Page, Product, Store
from orders.models import ClosingDay, ShippingRate, TaxRate
from shop.operations.checks import is_reserved
from shop.operations.health import is_worker_silent
from shop.setting_up.starting_values import LEGAL_SLUGS, PAGES, STARTING_TEXT

REMEMBERED_SECONDS = 60


@dataclass(frozen=True)
class Missing:
    """A sentence about something that the shop is missing. With `closes`, it cannot open without it.

    `step` is the step of the desk's checklist that it belongs to.
    """

    sentence: str
    closes: bool = False
    step: str = ""


SELLER, TAX, DELIVERY, LEGAL = "seller", "tax", "delivery", "legal"


def missing_to_open() -> list[Missing]:
    """Return what keeps the shop closed: seller, tax rate, delivery rates and finished legal pages."""
    missing = []
    store = Store.objects.first()
    if not store or not (store.seller_name and store.seller_address and store.contact_email):
        missing.append((SELLER, "The store record has no seller, address or contact e-mail: admin → Store."))
    elif settings.OPENS_WHEN_COMPLETE and is_reserved(store.contact_email.rpartition("@")[2]):
        missing.append((SELLER, f"Nobody can get mail at {store.contact_email}, the contact e-mail: admin → Store."))
    home = settings.SHOP_COUNTRY
    if not TaxRate.objects.filter(country=home, valid__contains=timezone.now()).exists():
        sentence = (
            f"There is no tax rate for {home}, the country of the shop: admin → Tax rates (0 if you charge none)."
        )
        missing.append((TAX, sentence))
    market = default_market()
    if not _has_delivery(market.code, market.countries):
        missing.append((DELIVERY, "No delivery method has a rate for any of your countries: admin → Shipping methods."))
    bodies = dict(Page.objects.filter(slug__in=LEGAL_SLUGS).values_list("slug", "body"))
    titles = {page.slug: page.title for page in PAGES}
    missing += [
        (LEGAL, f"There is no page “{titles[slug]}”: admin → Pages.") for slug in LEGAL_SLUGS if slug not in bodies
    ]
    missing += [
        (LEGAL, f"The page “{titles[slug]}” still has its starting text. Read and change it: admin → Pages.")
        for slug, body in bodies.items()
        if STARTING_TEXT in body
    ]
    return [Missing(sentence, closes=True, step=step) for step, sentence in missing]


def missing_otherwise() -> list[Missing]:
    """Return what else is missing, without which the shop can open."""
    sentences = []
    if not User.objects.filter(is_superuser=True, is_active=True).exists():
        sentences.append("Nobody can log in to the admin: run manage.py createsuperuser.")
    if is_worker_silent():
        sentences.append(
            "No worker runs, so no e-mail is sent and unpaid orders do not expire: start celery, as in docs/operations.md, Jobs."
        )
    if not Location.objects.filter(is_active=True).exists():
        sentences.append("There is no location for stock: admin → Locations.")
    if not ClosingDay.objects.filter(day__gte=timezone.localdate()).exists():
        sentences.append(
            "There are no closing days from today on, so deliveries are promised on public holidays: "
            f"run manage.py seed_holidays {settings.SHOP_COUNTRY}."
        )
    sentences += [
        f"The market /{market.prefix}/ has no delivery method: add one with rates in {market.currency}."
        for market in further_markets()
        if not _has_delivery(market.code, market.countries)
    ]
    other_titles = {page.slug: page.title for page in PAGES if page.slug not in LEGAL_SLUGS}
    bodies = dict(Page.objects.filter(slug__in=other_titles).values_list("slug", "body"))
    sentences += [
        f"There is no page “{title}”, which every page links to."
        for slug, title in other_titles.items()
        if slug not in bodies
    ]
    sentences += [
        f"The page “{other_titles[slug]}” still has its starting text."
        for slug, body in bodies.items()
        if STARTING_TEXT in body
    ]
    if not Product.objects.filter(status=Product.Status.ACTIVE).exists():
        sentences.append("There are no products: admin → Products, or manage.py import_products FILE.")
    return [Missing(sentence) for sentence in sentences]


def _has_delivery(market: str, countries: tuple[str, ...]) -> bool:
    return ShippingRate.objects.filter(
        method__market=market, method__is_active=True, zone__countries__overlap=list(countries)
    ).exists()


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
