"""Texts about backorders, returns and dispatch, the same on every page and in every e-mail."""

from collections.abc import Iterable
from datetime import date

from django.utils.formats import date_format

from catalog.models.weekdays import MONDAY_TO_FRIDAY, weekday_names


def backorder_promise(expected_on: date | None) -> str:
    """The text about when a backordered product can be sent."""
    if expected_on is None:
        return "On order: we will e-mail you when it can be sent"
    return f"On order: sent from {date_format(expected_on, 'j F Y')}"


def tax_note(*, is_included: bool) -> str:
    """The note beside a price that says whether it includes tax."""
    return "incl. VAT" if is_included else "plus tax"


def return_promise(days: int) -> str:
    """The text about whether, and until when, a product can be returned."""
    if not days:
        return "It cannot be returned unless it is faulty"
    return f"Return it within {days} days" if days > 1 else "Return it within 1 day"


def return_terms(products: Iterable[tuple[str, int]]) -> str:
    """The sentence about returning the products of one order, given as (title, days to return)."""
    by_days: dict[int, list[str]] = {}
    for title, days in products:
        by_days.setdefault(days, []).append(title)
    if not by_days:
        return ""
    usual = max(by_days, key=lambda days: (days > 0, len(by_days[days]), days))
    if not usual:
        return "Your order cannot be returned unless something is faulty."
    others = [
        f"{', '.join(dict.fromkeys(titles))} ({f'{days} days' if days else 'cannot be returned'})"
        for days, titles in sorted(by_days.items())
        if days != usual
    ]
    unless = f", except {'; '.join(others)}" if others else ""
    return f"You can return your order within {usual} days of delivery, without giving a reason{unless}."


def dispatch_promise(days: list[int]) -> str:
    """The text about the weekdays on which a product is sent, or an empty string for Monday to Friday."""
    return "" if tuple(sorted(days)) == MONDAY_TO_FRIDAY else f"It leaves us on {weekday_names(days)} only"
