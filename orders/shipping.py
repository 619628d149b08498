"""Ways of delivery: which there are for an address, what they cost, when the parcel arrives."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_date
from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.utils import timezone

from catalog.markets import Market
from orders.models import ClosingDay, ShippingMethod, ShippingRate
from orders.models.order import DIGITAL
from orders.postcodes import is_within

SATURDAY = 5
LONGEST_LOOK = timedelta(days=90)  # closing days further away move nothing
METHOD_FACTS = (
    "code", "name", "kind", "free_from_minor", "most_grams", "handling_days", "days_min", "days_max",
    "pickup_address", "position",
)  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """A delivery method for one cart: its price in minor units and the days on which the parcel may arrive."""

    code: str
    name: str
    price_minor: int
    earliest: date
    latest: date
    pickup_address: str = ""
    is_pickup: bool = False

    @property
    def dates(self) -> str:
        """`Thu 4 – Fri 5 June`"""
        if self.code == DIGITAL:
            return "By e-mail, as soon as it is paid"
        if self.is_pickup:
            return f"Ready from {format_date(self.latest, 'EEE d MMMM', locale='en')}"
        return day_span(self.earliest, self.latest)


def day_span(earliest: date, latest: date) -> str:
    """`Thu 4 – Fri 5 June`"""
    if earliest == latest:
        return format_date(latest, "EEE d MMMM", locale="en")
    first = "EEE d" if earliest.month == latest.month else "EEE d MMMM"
    return f"{format_date(earliest, first, locale='en')} – {format_date(latest, 'EEE d MMMM', locale='en')}"


def is_working_day(day: date, closing: Collection[date]) -> bool:
    return day.weekday() < SATURDAY and day not in closing


def working_day_after(day: date, count: int, closing: Collection[date] = ()) -> date:
    while count:
        day += timedelta(days=1)
        if is_working_day(day, closing):
            count -= 1
    return day


def leaving_day(at: datetime, closing: Collection[date] = ()) -> date:
    """The day on which what is ordered now is taken up: today before the cut-off time, else the next working day."""
    here = timezone.localtime(at)
    is_today = here.hour < settings.SHIPPING_CUT_OFF_HOUR and is_working_day(here.date(), closing)
    return working_day_after(here.date(), 0 if is_today else 1, closing)


def digital_offer(at: datetime) -> Offer:
    today = timezone.localtime(at).date()
    return Offer(DIGITAL, "No delivery needed", 0, today, today)


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


def make_offers(
    rows: Iterable[Mapping[str, Any]], parcel: Parcel, at: datetime, closing: Collection[date] = ()
) -> list[Offer]:
    """One offer for each method that takes the parcel there, cheapest first; a day earlier before a day later."""
    fitting = [row for row in rows if _is_for(row, parcel)]
    if any(row["postcodes"] for row in fitting):
        # A part of a country is a zone of its own: what holds for the rest of it does not hold there.
        fitting = [row for row in fitting if row["postcodes"] or row["kind"] == ShippingMethod.Kind.PICKUP]
    by_method: dict[str, list[Mapping[str, Any]]] = {}
    for row in fitting:
        if _reaches(row, parcel):
            by_method.setdefault(row["code"], []).append(row)
    offers = [_offer(max(found, key=_weight), parcel, at, closing) for found in by_method.values()]
    places = {code: found[0]["position"] for code, found in by_method.items()}
    return sorted(offers, key=lambda offer: (offer.is_pickup, offer.price_minor, places[offer.code]))


def _is_for(row: Mapping[str, Any], parcel: Parcel) -> bool:
    """The zone holds the address."""
    is_inside = not row["postcodes"] or is_within(parcel.postcode, row["postcodes"])
    return parcel.country in row["countries"] and is_inside


def _reaches(row: Mapping[str, Any], parcel: Parcel) -> bool:
    return (
        row["from_grams"] <= parcel.grams
        and row["from_minor"] <= parcel.goods_minor
        and (row["most_grams"] is None or parcel.grams <= row["most_grams"])
    )


def _weight(row: Mapping[str, Any]) -> tuple[bool, int, int]:
    """Of the rows that fit, one with postcodes goes before one without, then the highest step that is reached."""
    return bool(row["postcodes"]), row["from_grams"], row["from_minor"]


def _offer(row: Mapping[str, Any], parcel: Parcel, at: datetime, closing: Collection[date]) -> Offer:
    is_free = row["free_from_minor"] is not None and parcel.goods_minor >= row["free_from_minor"]
    leaves = working_day_after(leaving_day(at, closing), row["handling_days"], closing)
    is_pickup = row["kind"] == ShippingMethod.Kind.PICKUP
    return Offer(
        code=row["code"],
        name=row["name"],
        price_minor=0 if is_free else row["price_minor"],
        earliest=leaves if is_pickup else working_day_after(leaves, row["days_min"], closing),
        latest=leaves if is_pickup else working_day_after(leaves, row["days_max"], closing),
        pickup_address=row["pickup_address"],
        is_pickup=is_pickup,
    )


def offers_for(country: str, market: Market, goods_minor: int, *, at: datetime | None = None) -> list[Offer]:
    """What a page can promise before anything is known of the parcel but its country."""
    at = at or timezone.now()
    today = timezone.localtime(at).date()
    closing = ClosingDay.objects.filter(day__range=(today, today + LONGEST_LOOK)).values("day")
    rates = ShippingRate.objects.filter(
        method__market=market.code, method__is_active=True, zone__countries__contains=[country]
    ).annotate(closing=ArraySubquery(closing))
    found = list(rates.select_related("method", "zone"))
    rows = [
        {
            **{name: getattr(rate.method, name) for name in METHOD_FACTS},
            **{name: getattr(rate, name) for name in ("from_grams", "from_minor", "price_minor")},
            **{name: getattr(rate.zone, name) for name in ("countries", "postcodes")},
        }
        for rate in found
    ]
    closed = set(found[0].closing) if found else set()
    return make_offers(rows, Parcel(country, "", 0, goods_minor), at, closed)
