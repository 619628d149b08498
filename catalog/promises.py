"""What the shop promises about a thing, in the words that every page, mail and feed uses."""

from collections.abc import Iterable
from datetime import date

from django.utils.formats import date_format

from catalog.models.weekdays import MONDAY_TO_FRIDAY, weekday_names


def backorder_promise(expected_on: date | None) -> str:
    """When a thing that is not in stock can be sent."""
    if expected_on is None:
        return "On order: we will e-mail you when it can be sent"
    return f"On order: sent from {date_format(expected_on, 'j F Y')}"


def return_promise(days: int) -> str:
    """Whether a thing can be sent back, and for how long after delivery."""
    if not days:
        return "It cannot be returned unless it is faulty"
    return f"Return it within {days} days" if days > 1 else "Return it within 1 day"


def return_terms(things: Iterable[tuple[str, int]]) -> str:
    """How long what is ordered together can be sent back, in a sentence; things are titles and their days."""
    by_days: dict[int, list[str]] = {}
    for title, days in things:
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
    """The weekdays on which a thing leaves, where they are not the usual ones; empty otherwise."""
    return "" if tuple(sorted(days)) == MONDAY_TO_FRIDAY else f"It leaves us on {weekday_names(days)} only"
