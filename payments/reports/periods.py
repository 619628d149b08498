"""Periods of whole days in the shop's time zone. A day has 23 or 25 hours when the clocks change."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from django.utils import timezone

ONE_DAY = timedelta(days=1)
MAX_DAYS = 3660


class Step(StrEnum):
    """The steps in which a report lists a period."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def begin_of(self, day: date) -> date:
        """Return the first day of the step that contains this day."""
        if self is Step.WEEK:
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self is Step.MONTH else day


def midnight(day: date) -> datetime:
    """Return the moment at which the day begins in the shop's time zone."""
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


@dataclass(frozen=True)
class Period:
    """The days from `first` to `last`, both included."""

    first: date
    last: date

    @classmethod
    def last_days(cls, count: int, until: date | None = None) -> "Period":
        """Return the period of this many days that ends with `until`, by default today."""
        until = until or timezone.localdate()
        return cls(until - timedelta(days=count - 1), until)

    @property
    def begins(self) -> datetime:
        return midnight(self.first)

    @property
    def ends(self) -> datetime:
        """The moment at which the period is over, which is not part of it."""
        return midnight(self.last + ONE_DAY)

    @property
    def count(self) -> int:
        """The number of days."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """The period of the same length that ends on the day before."""
        return Period.last_days(self.count, self.first - ONE_DAY)

    @property
    def year_before(self) -> "Period":
        """The period of the same days, one year earlier."""
        return Period(_year_before(self.first), _year_before(self.last))

    def days(self) -> Iterator[date]:
        """Yield each day."""
        return (self.first + timedelta(days=number) for number in range(self.count))

    def steps(self, step: Step) -> list[date]:
        """Return the first day of each step that the period touches."""
        return list(dict.fromkeys(step.begin_of(day) for day in self.days()))


def _year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)
