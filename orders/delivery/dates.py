"""Calculate when a parcel leaves and arrives, from weekdays and closing days alone (docs/decisions)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from babel.dates import format_date
from django.conf import settings
from django.utils import timezone

from catalog.models.weekdays import MONDAY_TO_FRIDAY

SATURDAY = 5
ONE_DAY = timedelta(days=1)
MAX_DELIVERY_SEARCH_DAYS = 370  # closing days further away are ignored


@dataclass(frozen=True)
class Calendar:
    """The shop's dispatch weekdays and closing days, and the public holidays in the destination country."""

    dispatch_days: tuple[int, ...] = MONDAY_TO_FRIDAY
    closed_here: frozenset[date] = frozenset()
    closed_there: frozenset[date] = frozenset()

    def is_open(self, day: date) -> bool:
        """Return whether the shop is staffed: Monday to Friday and on dispatch days, except on its closing days."""
        return day not in self.closed_here and (day.weekday() < SATURDAY or day.weekday() in self.dispatch_days)


@dataclass(frozen=True)
class Dispatch:
    """The dispatch rules of one line.

    `weekdays` are the product's dispatch weekdays; empty means the shop's. A backordered line has `expected_on`, or
    `has_date=False` if no date is known.
    """

    weekdays: tuple[int, ...] = ()
    expected_on: date | None = None
    has_date: bool = True


def day_name(day: date) -> str:
    """Return the day like `Thu 4 June`."""
    return format_date(day, "EEE d MMMM", locale="en")


def day_span(earliest: date, latest: date) -> str:
    """Return a span of days like `Thu 4 – Fri 5 June`."""
    if earliest == latest:
        return day_name(latest)
    first = "EEE d" if earliest.month == latest.month else "EEE d MMMM"
    return f"{format_date(earliest, first, locale='en')} – {day_name(latest)}"


def is_working_day(day: date, closed: Collection[date]) -> bool:
    """Return whether the day is Monday to Friday and not closed."""
    return day.weekday() < SATURDAY and day not in closed


def working_day_after(day: date, count: int, closed: Collection[date] = ()) -> date:
    """Return the day that is `count` working days later. For 0, return the first open day from `day` on."""
    if not count:
        while day in closed:
            day += ONE_DAY
        return day
    while count:
        day += ONE_DAY
        count -= is_working_day(day, closed)
    return day


def ready_day(at: datetime, calendar: Calendar, handling_days: int = 0) -> date:
    """Return the day on which an order placed at this moment is packed.

    That is today before the cut-off time, otherwise the next open day, plus `handling_days` open days.
    """
    local = timezone.localtime(at)
    day = local.date() if local.hour < settings.SHIPPING_CUT_OFF_HOUR else local.date() + ONE_DAY
    while handling_days or not calendar.is_open(day):
        handling_days -= calendar.is_open(day) and handling_days > 0
        day += ONE_DAY
    return day


def leaving_day(ready: date, calendar: Calendar, dispatch: Dispatch) -> date | None:
    """Return the day on which a line that is packed on `ready` is dispatched, or None if it is unknown."""
    day = available_day(ready, dispatch)
    weekdays = dispatch.weekdays or calendar.dispatch_days
    while day and (day.weekday() not in weekdays or day in calendar.closed_here):
        day += ONE_DAY
    return day


def available_day(ready: date, dispatch: Dispatch) -> date | None:
    """Return the first day on which the line is both packed and in stock, or None if it is unknown."""
    if not dispatch.has_date:
        return None
    return max(ready, dispatch.expected_on or ready)


def latest_of(days: Iterable[date | None]) -> date | None:
    """Return the last of these days, since the latest line delays the order; None if any day is unknown."""
    known = list(days)
    return None if None in known else max(day for day in known if day)
