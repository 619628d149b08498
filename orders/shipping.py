"""Ways of delivery: which there are for an address, what they cost, when the parcel arrives."""

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
from orders.delivery_dates import (
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
from orders.models import ClosingDay, ShippingMethod, ShippingRate
from orders.models.order import DIGITAL
from orders.postcodes import is_within, narrowness

AT_ONCE = (Dispatch(),)  # a parcel of things that are in stock and leave on the shop's days
ANY_DAY = Calendar()  # Monday to Friday, without days off
Row = Mapping[str, Any]  # a rate with the facts of its method and its zone
METHOD_FACTS = (
    "code", "name", "kind", "free_from_minor", "most_grams", "handling_days", "days_min", "days_max",
    "pickup_address", "position",
)  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """A delivery method for one cart: its price in minor units and its days.

    Without dates it holds something that is on order, and nobody knows until when.
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
    until_free_minor: int = 0  # goods that are missing until it is free
    is_mailed: bool = False  # nothing is shipped, and all of it comes by e-mail

    @property
    def dates(self) -> str:
        """`Thu 4 – Fri 5 June`"""
        if self.code == DIGITAL:
            return (
                "By e-mail, as soon as it is paid or on the day you choose"
                if self.is_mailed
                else "Nothing is sent by post"
            )
        return delivery_days(self.earliest, self.latest, is_pickup=self.is_pickup)


def delivery_days(earliest: date | None, latest: date | None, *, is_pickup: bool = False) -> str:
    """When a parcel arrives, or is ready: `Thu 4 – Fri 5 June`, `Ready from Mon 1 June`."""
    if earliest is None or latest is None:
        return "We will e-mail you when we know the date"
    return f"Ready from {day_name(latest)}" if is_pickup else day_span(earliest, latest)


def digital_offer(at: datetime, *, is_mailed: bool) -> Offer:
    today = timezone.localtime(at).date()
    return Offer(DIGITAL, "No delivery needed", 0, today, today, is_mailed=is_mailed)


def needs_address(code: str) -> bool:
    """Whether something is sent by this method; an unknown one is taken for one that does."""
    is_pickup = ShippingMethod.objects.filter(code=code, kind=ShippingMethod.Kind.PICKUP).exists
    return code != DIGITAL and not is_pickup()


@dataclass(frozen=True)
class Parcel:
    """What is sent, as rates see it: where to, how heavy, and what the goods cost in minor units."""

    country: str
    postcode: str
    grams: int
    goods_minor: int
    dispatches: tuple[Dispatch, ...] = AT_ONCE


@dataclass(frozen=True)
class Choice:
    """The rate of one method that holds for a parcel, and those of other zones that hold the address too.

    Zones of `equals` are as specific, and their rates not cheaper; those of `overruled` are less specific.
    """

    row: Row
    equals: tuple[Row, ...] = ()
    overruled: tuple[Row, ...] = ()


def make_offers(rows: Iterable[Row], parcel: Parcel, at: datetime, calendar: Calendar = ANY_DAY) -> list[Offer]:
    """One offer for each method that takes the parcel there, cheapest first; a day earlier before a day later."""
    chosen = [choice.row for choice in choose_rates(rows, parcel)]
    offers = [_offer(row, parcel, at, calendar) for row in chosen]
    places = {row["code"]: row["position"] for row in chosen}
    return sorted(offers, key=lambda offer: (offer.is_pickup, offer.price_minor, places[offer.code]))


def choose_rates(rows: Iterable[Row], parcel: Parcel) -> list[Choice]:
    """The rate of each method that takes the parcel there (decision 0028).

    A part of a country by postcodes is a zone of its own: what holds for the rest of it does not hold there. Of the zones
    of one method the most specific decides; of two alike the cheaper rate holds, whatever the order of the rows.
    """
    fitting = [row for row in rows if _is_for(row, parcel)]
    if any(row["postcodes"] for row in fitting):
        fitting = [row for row in fitting if row["postcodes"] or row["kind"] == ShippingMethod.Kind.PICKUP]
    by_method: dict[str, list[Row]] = {}
    for row in fitting:
        if _reaches(row, parcel):
            by_method.setdefault(row["code"], []).append(row)
    return [_choice(found, parcel) for found in by_method.values()]


def _choice(rows: Sequence[Row], parcel: Parcel) -> Choice:
    """The highest step that is reached in each zone, and of these the one of the most specific zone."""
    by_zone: dict[Any, Row] = {}
    for row in sorted(rows, key=lambda row: (row["from_grams"], row["from_minor"], -row["price_minor"])):
        by_zone[row.get("zone"), tuple(row["countries"]), row["postcodes"]] = row
    ranked = sorted(by_zone.values(), key=lambda row: (specificity(row, parcel), -row["price_minor"]), reverse=True)
    best = ranked[0]
    equals = [row for row in ranked[1:] if specificity(row, parcel) == specificity(best, parcel)]
    return Choice(best, tuple(equals), tuple(ranked[1 + len(equals) :]))


def specificity(row: Row, parcel: Parcel) -> tuple[int, int]:
    """How closely the row's zone names the address: by narrower postcodes, then by fewer countries."""
    return narrowness(parcel.postcode, row["postcodes"], parcel.country), -len(row["countries"])


def _is_for(row: Row, parcel: Parcel) -> bool:
    """The zone holds the address."""
    is_inside = not row["postcodes"] or is_within(parcel.postcode, row["postcodes"], parcel.country)
    return parcel.country in row["countries"] and is_inside


def _reaches(row: Row, parcel: Parcel) -> bool:
    return (
        row["from_grams"] <= parcel.grams
        and row["from_minor"] <= parcel.goods_minor
        and (row["most_grams"] is None or parcel.grams <= row["most_grams"])
    )


def is_free(row: Row, parcel: Parcel) -> bool:
    return row["free_from_minor"] is not None and parcel.goods_minor >= row["free_from_minor"]


def _offer(row: Row, parcel: Parcel, at: datetime, calendar: Calendar) -> Offer:
    free_from = row["free_from_minor"]
    costs_nothing = is_free(row, parcel)
    is_pickup = row["kind"] == ShippingMethod.Kind.PICKUP
    leaves = _leaves(parcel, ready_day(at, calendar, row["handling_days"]), calendar, is_pickup=is_pickup)
    least, most = (0, 0) if is_pickup else (row["days_min"], row["days_max"])
    return Offer(
        code=row["code"],
        name=row["name"],
        price_minor=0 if costs_nothing else row["price_minor"],
        earliest=working_day_after(leaves, least, calendar.closed_there) if leaves else None,
        latest=working_day_after(leaves, most, calendar.closed_there) if leaves else None,
        pickup_address=row["pickup_address"],
        is_pickup=is_pickup,
        leaves=leaves,
        free_from_minor=free_from,
        until_free_minor=0 if costs_nothing or free_from is None else free_from - parcel.goods_minor,
    )


def _leaves(parcel: Parcel, ready: date, calendar: Calendar, *, is_pickup: bool) -> date | None:
    """The day on which the last line of the parcel leaves; for pick-up, the day on which it is ready."""
    if not is_pickup:
        return latest_of(leaving_day(ready, calendar, dispatch) for dispatch in parcel.dispatches)
    there = latest_of(available_day(ready, dispatch) for dispatch in parcel.dispatches)
    return leaving_day(there, replace(calendar, dispatch_days=_open_days(calendar)), Dispatch()) if there else None


def _open_days(calendar: Calendar) -> tuple[int, ...]:
    """The weekdays on which somebody is in the shop: things are handed over on any of them."""
    return tuple(sorted({*MONDAY_TO_FRIDAY, *calendar.dispatch_days}))


def offers_for(
    country: str,
    market: Market,
    goods_minor: int,
    *,
    at: datetime | None = None,
    dispatches: tuple[Dispatch, ...] = AT_ONCE,
) -> list[Offer]:
    """What a page can promise before anything is known of the parcel but its country; one query."""
    at = at or timezone.now()
    rates = ShippingRate.objects.filter(
        method__market=market.code, method__is_active=True, zone__countries__contains=[country]
    ).annotate(
        closed_here=ArraySubquery(_closing_days(at, settings.SHOP_COUNTRY)),
        closed_there=ArraySubquery(_closing_days(at, country)),
        dispatch_days=Subquery(Store.objects.values("dispatch_days")[:1]),
    )
    found = list(rates.select_related("method", "zone"))
    rows = rate_rows(found)
    parcel = Parcel(country, "", 0, goods_minor, dispatches)
    return make_offers(rows, parcel, at, _calendar(found[0]) if found else ANY_DAY)


def rate_rows(rates: Iterable[ShippingRate]) -> list[dict[str, Any]]:
    """Rates with the facts of their methods and zones, as `make_offers` wants them."""
    return [
        {
            **{name: getattr(rate.method, name) for name in METHOD_FACTS},
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
