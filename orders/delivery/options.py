"""Shipping options of an address: which methods deliver there, their prices and arrival dates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import QuerySet, Subquery
from django.utils import timezone

from catalog.markets import Market
from catalog.models import Store
from catalog.models.weekdays import MONDAY_TO_FRIDAY
from orders.delivery.dates import (
    MAX_DELIVERY_SEARCH_DAYS,
    Calendar,
    Dispatch,
    available_day,
    day_name,
    day_span,
    latest_of,
    leaving_day,
    ready_day,
    working_day_after,
)
from orders.delivery.postcodes import is_within, narrowness
from orders.models import ClosingDay, ShippingMethod, ShippingRate
from orders.models.order import DIGITAL

AT_ONCE = (Dispatch(),)  # everything is in stock and leaves on the shop's dispatch days
ANY_DAY = Calendar()  # Monday to Friday, without closing days
Row = Mapping[str, Any]  # a rate with the fields of its method and zone
METHOD_FIELDS = (
    "code", "name", "kind", "free_from_minor", "most_grams", "handling_days", "days_min", "days_max",
    "pickup_address", "position",
)  # fmt: skip


@dataclass(frozen=True)
class ShippingOption:
    """A shipping option: a method with its price in minor units and its dates for one cart.

    The dates are None if a product in the cart is on order without a known date.
    """

    code: str
    name: str
    price_minor: int
    earliest: date | None
    latest: date | None
    pickup_address: str = ""
    is_pickup: bool = False
    leaves: date | None = None
    free_from_minor: int | None = None
    until_free_minor: int = 0  # goods value missing until delivery is free
    is_mailed: bool = False  # everything is sent by e-mail

    @property
    def dates(self) -> str:
        """The arrival dates for shoppers, like `Thu 4 – Fri 5 June`."""
        if self.code == DIGITAL:
            return (
                "By e-mail, as soon as it is paid or on the day you choose"
                if self.is_mailed
                else "Nothing is sent by post"
            )
        return delivery_days(self.earliest, self.latest, is_pickup=self.is_pickup)


def delivery_days(earliest: date | None, latest: date | None, *, is_pickup: bool = False) -> str:
    """Return when a parcel arrives or is ready: `Thu 4 – Fri 5 June`, or `Ready from Mon 1 June` for pick-up."""
    if earliest is None or latest is None:
        return "We will e-mail you when we know the date"
    return f"Ready from {day_name(latest)}" if is_pickup else day_span(earliest, latest)


def digital_option(at: datetime, *, is_mailed: bool) -> ShippingOption:
    """Return the option of a cart of which nothing is shipped."""
    today = timezone.localtime(at).date()
    return ShippingOption(DIGITAL, "No delivery needed", 0, today, today, is_mailed=is_mailed)


def needs_address(code: str) -> bool:
    """Return whether this shipping method needs an address; an unknown method does."""
    is_pickup = ShippingMethod.objects.filter(code=code, kind=ShippingMethod.Kind.PICKUP).exists
    return code != DIGITAL and not is_pickup()


@dataclass(frozen=True)
class ShippingQuery:
    """What shipping rates depend on: destination, weight, value of the goods in minor units, and dispatch rules."""

    country: str
    postcode: str
    grams: int
    goods_minor: int
    dispatches: tuple[Dispatch, ...] = AT_ONCE


@dataclass(frozen=True)
class Choice:
    """The rate of a shipping method that applies to a shipping query, and the rates of other zones that match the address.

    The zones of `equals` are as specific but not cheaper; those of `overruled` are less specific.
    """

    row: Row
    equals: tuple[Row, ...] = ()
    overruled: tuple[Row, ...] = ()


def find_options(
    rows: Iterable[Row], query: ShippingQuery, at: datetime, calendar: Calendar = ANY_DAY
) -> list[ShippingOption]:
    """Return a shipping option for each method that delivers to the address, cheapest first and pick-up last."""
    chosen = [choice.row for choice in choose_rates(rows, query)]
    options = [_option(row, query, at, calendar) for row in chosen]
    positions = {row["code"]: row["position"] for row in chosen}
    return sorted(options, key=lambda option: (option.is_pickup, option.price_minor, positions[option.code]))


def choose_rates(rows: Iterable[Row], query: ShippingQuery) -> list[Choice]:
    """Return the rate that applies for each method that delivers the parcel (decision 0028).

    If a zone with postcodes matches the address, zones of whole countries do not apply there. Among the zones of a method
    the most specific applies, and among equally specific ones the cheapest.
    """
    fitting = [row for row in rows if _is_for(row, query)]
    if any(row["postcodes"] for row in fitting):
        fitting = [row for row in fitting if row["postcodes"] or row["kind"] == ShippingMethod.Kind.PICKUP]
    by_method: dict[str, list[Row]] = {}
    for row in fitting:
        if _reaches(row, query):
            by_method.setdefault(row["code"], []).append(row)
    return [_choice(method_rows, query) for method_rows in by_method.values()]


def _choice(rows: Sequence[Row], query: ShippingQuery) -> Choice:
    """Choose the highest reached step of each zone, and from those the one of the most specific zone."""
    by_zone: dict[Any, Row] = {}
    for row in sorted(rows, key=lambda row: (row["from_grams"], row["from_minor"], -row["price_minor"])):
        by_zone[row.get("zone"), tuple(row["countries"]), row["postcodes"]] = row
    ranked = sorted(by_zone.values(), key=lambda row: (specificity(row, query), -row["price_minor"]), reverse=True)
    best = ranked[0]
    equals = [row for row in ranked[1:] if specificity(row, query) == specificity(best, query)]
    return Choice(best, tuple(equals), tuple(ranked[1 + len(equals) :]))


def specificity(row: Row, query: ShippingQuery) -> tuple[int, int]:
    """Return how specific the row's zone is for the address: narrower postcodes first, then fewer countries."""
    return narrowness(query.postcode, row["postcodes"], query.country), -len(row["countries"])


def _is_for(row: Row, query: ShippingQuery) -> bool:
    """Return whether the row's zone contains the address."""
    is_inside = not row["postcodes"] or is_within(query.postcode, row["postcodes"], query.country)
    return query.country in row["countries"] and is_inside


def _reaches(row: Row, query: ShippingQuery) -> bool:
    return (
        row["from_grams"] <= query.grams
        and row["from_minor"] <= query.goods_minor
        and (row["most_grams"] is None or query.grams <= row["most_grams"])
    )


def is_free(row: Row, query: ShippingQuery) -> bool:
    """Return whether the goods are worth enough for free delivery by this rate."""
    return row["free_from_minor"] is not None and query.goods_minor >= row["free_from_minor"]


def _option(row: Row, query: ShippingQuery, at: datetime, calendar: Calendar) -> ShippingOption:
    free_from = row["free_from_minor"]
    costs_nothing = is_free(row, query)
    is_pickup = row["kind"] == ShippingMethod.Kind.PICKUP
    leaves = _leaves(query, ready_day(at, calendar, row["handling_days"]), calendar, is_pickup=is_pickup)
    least, most = (0, 0) if is_pickup else (row["days_min"], row["days_max"])
    return ShippingOption(
        code=row["code"],
        name=row["name"],
        price_minor=0 if costs_nothing else row["price_minor"],
        earliest=working_day_after(leaves, least, calendar.closed_there) if leaves else None,
        latest=working_day_after(leaves, most, calendar.closed_there) if leaves else None,
        pickup_address=row["pickup_address"],
        is_pickup=is_pickup,
        leaves=leaves,
        free_from_minor=free_from,
        until_free_minor=0 if costs_nothing or free_from is None else free_from - query.goods_minor,
    )


def _leaves(query: ShippingQuery, ready: date, calendar: Calendar, *, is_pickup: bool) -> date | None:
    """Return the day on which the last line is dispatched or, for pick-up, ready; None if it is unknown."""
    if not is_pickup:
        return latest_of(leaving_day(ready, calendar, dispatch) for dispatch in query.dispatches)
    available = latest_of(available_day(ready, dispatch) for dispatch in query.dispatches)
    if not available:
        return None
    return leaving_day(available, replace(calendar, dispatch_days=_open_days(calendar)), Dispatch())


def _open_days(calendar: Calendar) -> tuple[int, ...]:
    """Return the weekdays on which the shop is staffed, so that orders can be picked up."""
    return tuple(sorted({*MONDAY_TO_FRIDAY, *calendar.dispatch_days}))


def options_for_country(
    country: str,
    market: Market,
    goods_minor: int,
    *,
    at: datetime | None = None,
    dispatches: tuple[Dispatch, ...] = AT_ONCE,
) -> list[ShippingOption]:
    """Return the shipping options for a country before the rest of the address is known, with one query."""
    at = at or timezone.now()
    rates = ShippingRate.objects.filter(
        method__market=market.code, method__is_active=True, zone__countries__contains=[country]
    ).annotate(
        closed_here=ArraySubquery(_closing_days(at, settings.SHOP_COUNTRY)),
        closed_there=ArraySubquery(_closing_days(at, country)),
        dispatch_days=Subquery(Store.objects.values("dispatch_days")[:1]),
    )
    matching = list(rates.select_related("method", "zone"))
    rows = rate_rows(matching)
    query = ShippingQuery(country, "", 0, goods_minor, dispatches)
    return find_options(rows, query, at, _calendar(matching[0]) if matching else ANY_DAY)


def rate_rows(rates: Iterable[ShippingRate]) -> list[dict[str, Any]]:
    """Return rates with the fields of their methods and zones, as `find_options` needs them."""
    return [
        {
            **{name: getattr(rate.method, name) for name in METHOD_FIELDS},
            **{name: getattr(rate, name) for name in ("from_grams", "from_minor", "price_minor")},
            **{name: getattr(rate.zone, name) for name in ("countries", "postcodes")},
            "zone": rate.zone.name,
        }
        for rate in rates
    ]


def _closing_days(at: datetime, country: str) -> QuerySet[ClosingDay, date]:
    today = timezone.localtime(at).date()
    span = (today, today + timedelta(days=MAX_DELIVERY_SEARCH_DAYS))
    return ClosingDay.objects.filter(country__in=["", country], day__range=span).values_list("day", flat=True)


def _calendar(rate: Any) -> Calendar:
    return Calendar(
        tuple(rate.dispatch_days or MONDAY_TO_FRIDAY), frozenset(rate.closed_here), frozenset(rate.closed_there)
    )
