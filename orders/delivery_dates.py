"""When a parcel leaves and when it arrives: pure arithmetic over weekdays and days off (docs/decisions)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from babel.dates import format_date
from django.conf import settings
from django.utils import timezone

from catalog.models.weekdays import MONDAY_TO_FRIDAY

SATURDAY = 5
ONE_DAY = timedelta(days=1)
MAX_DELIVERY_SEARCH_DAYS = 370  # days off further away move nothing


@dataclass(frozen=True)
class Calendar:
    """The weekdays on which the shop dispatches, its own days off, and those of the country that a parcel goes to."""

    dispatch_days: tuple[int, ...] = MONDAY_TO_FRIDAY
    closed_here: frozenset[date] = frozenset()
    closed_there: frozenset[date] = frozenset()

    def is_open(self, day: date) -> bool:
        """Whether somebody works in the shop: Monday to Friday, and every day on which it dispatches."""
        return day not in self.closed_here and (day.weekday() < SATURDAY or day.weekday() in self.dispatch_days)


@dataclass(frozen=True)
class Dispatch:
    """What decides when one line can leave.

    `weekdays` are those of its product (empty: the shop's). A line that is not in stock is expected on a day, or has no
    date at all.
    """

    weekdays: tuple[int, ...] = ()
    expected_on: date | None = None
    has_date: bool = True


def day_name(day: date) -> str:
    """`Thu 4 June`"""
    return format_date(day, "EEE d MMMM", locale="en")


def day_span(earliest: date, latest: date) -> str:
    """`Thu 4 – Fri 5 June`"""
    if earliest == latest:
        return day_name(latest)
    first = "EEE d" if earliest.month == latest.month else "EEE d MMMM"
    return f"{format_date(earliest, first, locale='en')} – {day_name(latest)}"


def is_working_day(day: date, closed: Collection[date]) -> bool:
    return day.weekday() < SATURDAY and day not in closed


def working_day_after(day: date, count: int, closed: Collection[date] = ()) -> date:
    """The day after so many working days; the day itself for none, unless it is a day off."""
    if not count:
        while day in closed:
            day += ONE_DAY
        return day
    while count:
        day += ONE_DAY
        count -= is_working_day(day, closed)
    return day


def ready_day(at: datetime, calendar: Calendar, handling_days: int = 0) -> date:
    """When an order of this moment is packed: today before the cut-off time, plus the days that packing takes."""
    local = timezone.localtime(at)
    day = local.date() if local.hour < settings.SHIPPING_CUT_OFF_HOUR else local.date() + ONE_DAY
    while handling_days or not calendar.is_open(day):
        handling_days -= calendar.is_open(day) and handling_days > 0
        day += ONE_DAY
    return day


def leaving_day(ready: date, calendar: Calendar, dispatch: Dispatch) -> date | None:
    """The day on which a line that is packed on `ready` goes on its way; None where nobody knows it."""
    day = available_day(ready, dispatch)
    weekdays = dispatch.weekdays or calendar.dispatch_days
    while day and (day.weekday() not in weekdays or day in calendar.closed_here):
        day += ONE_DAY
    return day


def available_day(ready: date, dispatch: Dispatch) -> date | None:
    """The day on which a line is both packed and there; None where nobody knows it."""
    if not dispatch.has_date:
        return None
    return max(ready, dispatch.expected_on or ready)


def latest_of(days: Iterable[date | None]) -> date | None:
    """The last of these days, because an order is as late as its latest line; None where one of them is unknown."""
    known = list(days)
    return None if None in known else max(day for day in known if day)
