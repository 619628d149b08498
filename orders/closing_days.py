"""Days off: public holidays of the countries that a shop sends from and to, and what a calendar is read from."""

from collections.abc import Iterable

import holidays
from django.db.models import Max
from django.utils import timezone

from orders.models import ClosingDay

YEARS_AHEAD = 1  # beside the present one


def seed_public_holidays(country: str, years: Iterable[int] = ()) -> int:
    """The nationwide public holidays of these years (this one and the next) are days off; returns how many are new.

    A country that nobody knows the holidays of gets none. What is there already stays as it is.
    """
    years = list(years) or coming_years()
    if country not in holidays.list_supported_countries():
        return 0
    found = holidays.country_holidays(country, years=years, language="en_US")
    days = [
        ClosingDay(country=country, day=day, name=name[:100])
        for day, name in sorted(found.items())
        if day.year in years
    ]
    before = ClosingDay.objects.filter(country=country).count()
    ClosingDay.objects.bulk_create(days, ignore_conflicts=True)
    return ClosingDay.objects.filter(country=country).count() - before


def extend_public_holidays() -> int:
    """Countries with holidays have those of the coming years too; returns how many are new.

    Only years after the last known one are written, so a day that staff deleted stays deleted.
    """
    known = ClosingDay.objects.exclude(country="").values_list("country").annotate(last=Max("day"))
    return sum(
        seed_public_holidays(country, missing)
        for country, last in known.order_by("country")
        if (missing := [year for year in coming_years() if year > last.year])
    )


def coming_years() -> list[int]:
    year = timezone.localdate().year
    return [year + n for n in range(YEARS_AHEAD + 1)]
