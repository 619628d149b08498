"""What became different between the page that a shopper looked at and now, in sentences."""

import json
from typing import Any

from catalog.money import format_money
from orders.queries import CartContents

OLDEST = "Something has changed since you opened this page."
Sums = dict[str, Any]


def sums_of(contents: CartContents) -> str:
    """What the page shows, for its form to carry: only words come of it, never a price."""
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
    """One sentence for each part that is different now; a page that says nothing gets one that fits all."""
    before, now = _read(seen), _sums(contents)
    currency = contents.market.currency
    said = _lines(before["lines"], now["lines"], contents) if before["lines"] else []
    lost = [note for note in contents.code_notes if note.code in before["codes"] and not note.is_good]
    said += [f"{note.code} no longer applies. {note.words}" for note in lost]
    words = {
        "discount": "The discount",
        "shipping": "Delivery",
        "tax": "The tax",
        "tendered": "The amount paid by gift cards",
        "total": "The total",
    }
    if lost:
        del words["discount"]  # the sentence about the code says why
    for part, name in words.items():
        if isinstance(before[part], int) and before[part] != now[part]:
            was, is_now = (format_money(minor, currency) for minor in (before[part], now[part]))
            said.append(f"{name} was {was} and is {is_now} now.")
    return said or [OLDEST]


def _read(seen: str) -> Sums:
    """What a form says; whatever cannot be read says nothing."""
    empty: Sums = {"lines": {}, "codes": [], **dict.fromkeys(("discount", "shipping", "tax", "tendered", "total"))}
    try:
        found = json.loads(seen)
    except (ValueError, RecursionError):
        return empty
    if not isinstance(found, dict):
        return empty
    sums = {name: value for name, value in found.items() if isinstance(value, int) and abs(value) < 10**15}
    lines = found.get("lines")
    codes = found.get("codes")
    return {
        **empty,
        **sums,
        "lines": lines if isinstance(lines, dict) else {},
        "codes": [code for code in codes if isinstance(code, str)] if isinstance(codes, list) else [],
    }


def _lines(before: Sums, now: Sums, contents: CartContents) -> list[str]:
    titles = {item.key: item.variant.product.title for item in [*contents.items, *contents.gifts]}
    said = []
    for key, (unit, quantity) in now.items():
        match before.get(key):
            case None:
                said.append(f"{titles[key]} is in your cart now.")
            case [int(old_unit), int(old_quantity)]:
                if old_unit != unit and abs(old_unit) < 10**15:
                    was, is_now = (format_money(minor, contents.market.currency) for minor in (old_unit, unit))
                    said.append(f"{titles[key]} was {was} and is {is_now} now.")
                if old_quantity != quantity:
                    said.append(f"You have {quantity} of {titles[key]} in your cart now.")
    if before.keys() - now.keys():
        said.append("An item is no longer in your cart.")
    return said
