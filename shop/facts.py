"""What the shop has of what it needs to open and to sell, read with one query."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

from django.conf import settings
from django.db.models import BigIntegerField, Case, CharField, DateTimeField, F, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Cast
from django.utils import timezone

from accounts.models import User
from catalog.markets import Market, all_markets, default_market
from catalog.models import Location, Page, Price, Product, Store
from orders.models import ClosingDay, ShippingMethod, ShippingRate, ShippingZone, TaxRate
from shop.models import Heartbeat
from shop.operations.health import MAX_SILENCE, WORKER
from shop.setting_up.starting_values import LEGAL_SLUGS, PAGES, STARTING_TEXT

STORE, TAX, PRODUCT, OWNER, LOCATION, CLOSING_DAY = "store", "tax", "product", "owner", "location", "closing day"
DRAFT = "draft"  # a product that is not sold yet
RUNNING_WORKER, PAGE, STARTING_PAGE = "running worker", "page", "starting page"
# Each with the code of a market.
DELIVERY, METHOD, ZONE, PRICE, UNTRANSLATED = "delivery", "delivery method", "zone", "price", "untranslated"
NO_TIME = Cast(Value(None), DateTimeField())


@dataclass(frozen=True)
class Fact:
    """Something that the shop has: a moment, the number of a row and a text, if they belong to it."""

    name: str
    at: datetime | None = None
    number: int = 0
    text: str = ""


@dataclass(frozen=True)
class Facts:
    """All facts that were found."""

    found: Sequence[Fact]

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def get(self, name: str) -> Fact | None:
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> list[Fact]:
        return [fact for fact in self.found if fact.name == name]


def read(*kinds: QuerySet) -> Facts:
    """Read facts of these kinds, each made by rows_of(), with one query."""
    rows = reduce(lambda all_rows, more: all_rows.union(more, all=True), kinds)
    return Facts([Fact(name, at, number or 0, text or "") for name, at, number, text in rows])


def rows_of(
    rows: QuerySet, name: Any, *, at: Any = NO_TIME, number: Any = None, text: Any = None, most: int | None = 1
) -> QuerySet:
    """The rows as facts of this name, which may be an expression. Only the first is read, unless `most` is None."""
    found = rows.values_list(
        Cast(Value(name) if isinstance(name, str) else name, TextField()),
        at,
        Cast(number if number is not None else Value(0), BigIntegerField()),
        Cast(text if text is not None else Value(""), TextField()),
    )
    return found[:most] if most else found.order_by()


def needed() -> Iterable[QuerySet]:
    """What a shop needs to open and to sell, for read()."""
    yield rows_of(
        Store.objects.order_by("id"), STORE, text=Case(When(_has_seller(), "contact_email"), default=Value(""))
    )
    taxed = TaxRate.objects.filter(country=settings.SHOP_COUNTRY, valid__contains=timezone.now())
    yield rows_of(taxed, TAX)
    yield rows_of(Product.objects.filter(status=Product.Status.ACTIVE).order_by(), PRODUCT)
    drafts = Product.objects.filter(status=Product.Status.DRAFT).order_by("pk")
    yield rows_of(drafts, DRAFT, number=F("pk"), text=F("title"))
    yield rows_of(User.objects.filter(is_superuser=True, is_active=True).order_by(), OWNER)
    yield rows_of(Location.objects.filter(is_active=True).order_by(), LOCATION)
    yield rows_of(ClosingDay.objects.filter(day__gte=timezone.localdate()).order_by(), CLOSING_DAY)
    alive = Heartbeat.objects.filter(name=WORKER, at__gt=timezone.now() - MAX_SILENCE)
    yield rows_of(alive.order_by(), RUNNING_WORKER)
    is_starting = When(body__contains=STARTING_TEXT, then=Value(STARTING_PAGE))
    pages = Page.objects.filter(slug__in=[page.slug for page in PAGES])
    kind = Case(is_starting, default=Value(PAGE), output_field=CharField())
    yield rows_of(pages, kind, number=F("pk"), text=F("slug"), most=None)
    for market in all_markets().values():
        yield from needed_in(market)


def needed_in(market: Market) -> Iterable[QuerySet]:
    """What shoppers of one market need, for read()."""
    rates = ShippingRate.objects.filter(method__market=market.code, method__is_active=True)
    rates = rates.filter(zone__countries__overlap=list(market.countries))
    yield rows_of(rates.order_by(), f"{DELIVERY} {market.code}")
    if market.prefix:
        methods = ShippingMethod.objects.filter(market=market.code, is_active=True).order_by("pk")
        yield rows_of(methods, f"{METHOD} {market.code}", number=F("pk"), text=F("name"))
        zones = ShippingZone.objects.filter(countries__overlap=list(market.countries))
        yield rows_of(zones.order_by(), f"{ZONE} {market.code}")
        yield rows_of(Price.objects.filter(market=market.code).order_by(), f"{PRICE} {market.code}")
    if market.locale.language != default_market().locale.language:
        legal = Page.objects.filter(slug__in=LEGAL_SLUGS).exclude(texts__market=market.code)
        yield rows_of(legal, f"{UNTRANSLATED} {market.code}", number=F("pk"), text=F("title"))


def _has_seller() -> Q:
    return ~(Q(seller_name="") | Q(seller_address="") | Q(contact_email=""))
