"""Ways of delivery: which there are, what they cost, when the parcel arrives."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from babel.dates import format_date
from django.utils import timezone

from catalog.markets import Market
from orders.models import ShippingMethod

CUT_OFF_HOUR = 12  # orders placed later leave the house a working day later
SATURDAY = 5


@dataclass(frozen=True)
class Offer:
    """A delivery method for one cart: its price in minor units and the days on which the parcel may arrive."""

    code: str
    name: str
    price_minor: int
    earliest: date
    latest: date

    @property
    def dates(self) -> str:
        """`Thu 4 – Fri 5 June`"""
        if self.earliest == self.latest:
            return format_date(self.latest, "EEE d MMMM", locale="en")
        first = "EEE d" if self.earliest.month == self.latest.month else "EEE d MMMM"
        return (
            f"{format_date(self.earliest, first, locale='en')} – {format_date(self.latest, 'EEE d MMMM', locale='en')}"
        )


def working_day_after(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        if day.weekday() < SATURDAY:
            count -= 1
    return day


def price_of(method: ShippingMethod, goods_minor: int) -> int:
    is_free = method.free_from_minor is not None and goods_minor >= method.free_from_minor
    return 0 if is_free else method.price_minor


def offers_for(country: str, market: Market, goods_minor: int, *, at: datetime | None = None) -> list[Offer]:
    """The methods that deliver to this country, cheapest first."""
    methods = ShippingMethod.objects.filter(market=market.code, is_active=True, countries__contains=[country])
    return sorted(make_offers(methods, goods_minor, at or timezone.now()), key=lambda offer: offer.price_minor)


def make_offers(methods: Iterable[ShippingMethod], goods_minor: int, at: datetime) -> list[Offer]:
    here = timezone.localtime(at)
    leaves = working_day_after(here.date(), 0 if here.hour < CUT_OFF_HOUR and here.weekday() < SATURDAY else 1)
    return [
        Offer(
            code=method.code,
            name=method.name,
            price_minor=price_of(method, goods_minor),
            earliest=working_day_after(leaves, method.days_min),
            latest=working_day_after(leaves, method.days_max),
        )
        for method in methods
    ]
