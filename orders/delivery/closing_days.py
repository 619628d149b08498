"""Closing days: add public holidays of the countries that the shop ships from and to."""

from collections.abc import Iterable

from django.db.models import Max
from django.utils import timezone

from orders.models import ClosingDay

YEARS_AHEAD = 1  # after the current year


def seed_public_holidays(country: str, years: Iterable[int] = ()) -> int:
    """Add the nationwide public holidays of these years as closing days; return how many are new.

    Without years, add this year's and the next year's. Existing closing days stay unchanged; a country without known
    holidays gets none.
    """
    import holidays  # noqa: PLC0415  (slow to import, and used once a year)

    years = list(years) or coming_years()
    if country not in holidays.list_supported_countries():
        return 0
    names_by_day = holidays.country_holidays(country, years=years, language="en_US")
    days = [
        ClosingDay(country=country, day=day, name=name[:100])
        for day, name in sorted(names_by_day.items())
        if day.year in years
    ]
    before = ClosingDay.objects.filter(country=country).count()
    ClosingDay.objects.bulk_create(days, ignore_conflicts=True)
    return ClosingDay.objects.filter(country=country).count() - before


def extend_public_holidays() -> int:
    """Add the holidays of this year and the next for every country that has some; return how many are new.

    Only years after the last known one are added, so that days deleted by staff stay deleted.
    """
    last_days = ClosingDay.objects.exclude(country="").values_list("country").annotate(last=Max("day"))
    return sum(
        seed_public_holidays(country, missing)
        for country, last in last_days.order_by("country")
        if (missing := [year for year in coming_years() if year > last.year])
    )


def coming_years() -> list[int]:
    """Return this year and the next."""
    year = timezone.localdate().year
    return [year + n for n in range(YEARS_AHEAD + 1)]
