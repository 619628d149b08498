"""Describe in sentences what has changed in a cart since the shopper opened the page."""

import json
from typing import Any

from catalog.money import format_money
from orders.cart.contents import CartContents

SOMETHING_CHANGED = "Something has changed since you opened this page."
Sums = dict[str, Any]


def displayed_sums(contents: CartContents) -> str:
    """Return the sums shown on the page as JSON for a hidden field. They are compared later and never charged."""
    return json.dumps(_sums(contents), separators=(",", ":"))


def _sums(contents: CartContents) -> Sums:
    totals = contents.totals
    return {
        "lines": {line.key: [line.unit_minor, line.quantity] for line in totals.lines},
        "discount": totals.discount_minor,
        "shipping": totals.shipping_minor,
        "tax": totals.tax_minor,
        "tendered": totals.total_minor - contents.due_minor,
        "total": totals.total_minor,
        "codes": [note.code for note in contents.code_notes if note.is_good],
    }


def what_changed(seen: str, contents: CartContents) -> list[str]:
    """Return a sentence for each part that has changed since `seen`, or a general one if no change is found."""
    before, now = _read(seen), _sums(contents)
    currency = contents.market.currency
    sentences = _line_changes(before["lines"], now["lines"], contents) if before["lines"] else []
    lost_codes = [note for note in contents.code_notes if note.code in before["codes"] and not note.is_good]
    sentences += [f"{note.code} no longer applies. {note.sentence}" for note in lost_codes]
    labels = {
        "discount": "The discount",
        "shipping": "Delivery",
        "tax": "The tax",
        "tendered": "The amount paid by gift cards",
        "total": "The total",
    }
    if lost_codes:
        del labels["discount"]  # the sentence about the code says why
    for part, name in labels.items():
        if isinstance(before[part], int) and before[part] != now[part]:
            was, is_now = (format_money(minor, currency) for minor in (before[part], now[part]))
            sentences.append(f"{name} was {was} and is {is_now} now.")
    return sentences or [SOMETHING_CHANGED]


def _read(seen: str) -> Sums:
    """Parse the hidden field; parts that cannot be parsed are left empty."""
    empty: Sums = {"lines": {}, "codes": [], **dict.fromkeys(("discount", "shipping", "tax", "tendered", "total"))}
    try:
        parsed = json.loads(seen)
    except (ValueError, RecursionError):
        return empty
    if not isinstance(parsed, dict):
        return empty
    sums = {name: value for name, value in parsed.items() if isinstance(value, int) and abs(value) < 10**15}
    lines = parsed.get("lines")
    codes = parsed.get("codes")
    return {
        **empty,
        **sums,
        "lines": lines if isinstance(lines, dict) else {},
        "codes": [code for code in codes if isinstance(code, str)] if isinstance(codes, list) else [],
    }


def _line_changes(before: Sums, now: Sums, contents: CartContents) -> list[str]:
    titles = {line.key: line.variant.product.title for line in [*contents.lines, *contents.gifts]}
    sentences = []
    for key, (unit, quantity) in now.items():
        match before.get(key):
            case None:
                sentences.append(f"{titles[key]} is in your cart now.")
            case [int(old_unit), int(old_quantity)]:
                if old_unit != unit and abs(old_unit) < 10**15:
                    was, is_now = (format_money(minor, contents.market.currency) for minor in (old_unit, unit))
                    sentences.append(f"{titles[key]} was {was} and is {is_now} now.")
                if old_quantity != quantity:
                    sentences.append(f"You have {quantity} of {titles[key]} in your cart now.")
    if before.keys() - now.keys():
        sentences.append("An item is no longer in your cart.")
    return sentences
