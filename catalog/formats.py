"""Formats of values for people, the same in every list, form and e-mail.

Money is `€1,234.50` or `−€9.60` (U+2212), a day `26 Nov 2026`, a time `26 Nov 2026, 12:48` in the shop's time zone, a
period `1 Mar 2026 – open`. shop/formats configures the same formats for Django's own templates and lists.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from catalog.markets import all_markets
from catalog.money import MINUS, format_money

NOTHING = "–"
DAY = "j M Y"
MOMENT = "j M Y, H:i"
TIME = "H:i"


def money(minor: int | None, currency: str, language: str = "") -> str:
    """`€1,234.50`, or `−€9.60` for a negative amount."""
    return NOTHING if minor is None else format_money(minor, currency, language)


def signed_money(minor: int | None, currency: str) -> str:
    """An amount with its sign: `+€50.00`, `−€9.60`, `€0.00`."""
    return f"+{money(minor, currency)}" if minor and minor > 0 else money(minor, currency)


def signed(number: int | None) -> str:
    """A number with its sign: `+3`, `−2`, `0`."""
    if number is None:
        return NOTHING
    return f"+{number:,}" if number > 0 else f"{number:,}".replace("-", MINUS)


def day(value: date | datetime | None) -> str:
    """`26 Nov 2026`. A time is converted to the shop's time zone first."""
    if isinstance(value, datetime):
        value = timezone.localtime(value)
    return date_format(value, DAY) if value else NOTHING


def moment(value: datetime | None) -> str:
    """`26 Nov 2026, 12:48`, in the shop's time zone."""
    return date_format(timezone.localtime(value), MOMENT) if value else NOTHING


def span(value: Any) -> str:
    """A period: `1 Mar 2026 – open`. The time of day is shown unless it is midnight."""
    if value is None or value.isempty:
        return NOTHING
    if value.lower is None and value.upper is None:
        return "always"
    return f"{_bound(value.lower, 'open')} – {_end_of(value)}"


def _end_of(value: Any) -> str:
    """The end of a period. It is a time of day if the period begins and ends on one day."""
    if value.lower and value.upper and day(value.lower) == day(value.upper):
        return date_format(timezone.localtime(value.upper), TIME)
    return _bound(value.upper, "open")


def _bound(value: datetime | None, otherwise: str) -> str:
    if value is None:
        return otherwise
    local = timezone.localtime(value)
    return day(value) if (local.hour, local.minute) == (0, 0) else moment(value)


def market_name(code: str) -> str:
    """`Germany and 29 more (Euro)`, or the code if the shop no longer has this market."""
    market = all_markets().get(code)
    return market.name if market else code or "every market"


def listed(values: Iterable[Any] | None) -> str:
    """`DE, AT, BE`, or a dash for an empty list."""
    return ", ".join(str(value) for value in values or []) or NOTHING


def count_of(number: int, singular: str, plural: str = "") -> str:
    """`1 variant`, `2 variants`, `1,204 products`."""
    return f"{number:,} {singular if number == 1 else plural or f'{singular}s'}"
