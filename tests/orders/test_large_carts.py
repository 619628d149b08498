"""Pricing of carts larger than any that is ordered: exact, and soon enough."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

from orders.pricing import Rate, Scope, price
from tests.orders.worked import TAXED, Example, buy_get, item, multibuy, percent

LINES = [item(str(n), 99, 100 + n * 97 % 10_007, categories=(n % 50,)) for n in range(1000)]
WIDENING = [Scope(categories=tuple(range(n))) for n in range(1, 51)]
RULES = {
    "everything for everybody": [multibuy(f"{n}", 2, 10 * n) for n in range(1, 51)],
    "a category each": [multibuy(f"{n}", 2, 10, scope=Scope(categories=(n,))) for n in range(50)],
    "wider and wider": [multibuy(f"{n}", 2, 10, most_times=60 - n, scope=WIDENING[n]) for n in range(50)],
    "buy some get some": [buy_get(f"{n}", 2, 1, "50", scope=WIDENING[n]) for n in range(50)],
    "percent": [percent(f"{n}", str(60 - n), scope=WIDENING[n]) for n in range(50)],
    "exclusive": [multibuy(f"{n}", 3, 10 * n, is_exclusive=True) for n in range(1, 51)],
}


def test_the_largest_amounts_are_exact():
    lines = [item(str(n), 99, 10**12) for n in range(1000)]
    where = {"rates": TAXED, "is_tax_included": False}
    totals = price(Example("", lines, [percent("Eighth", "12.5", "order")], where=where).basket())
    assert totals.subtotal_minor == 99 * 10**15
    assert totals.discount_minor == 12_375 * 10**12
    assert totals.tax_minor == 17_325 * 10**12
    assert totals.total_minor == 103_950 * 10**12


def test_an_odd_share_of_the_largest_amount_is_exact():
    where = {"rates": (Rate("standard", Decimal("5.5")),)}
    totals = price(Example("", [item("a", 99, 10**12)], [percent("Third", "33.333")], where=where).basket())
    assert totals.discount_minor == 32_999_670_000_000
    assert totals.tax_minor == 3_440_775_497_630  # 66 000 330 000 000 × 11 / 211, and .33


def test_a_thousand_lines_of_groups_are_told_in_few_steps():
    totals = price(Example("", LINES, [multibuy("Two", 2, 100)]).basket())
    assert len(totals.steps) <= 2 * len(LINES)


@contextmanager
def counted_calls() -> Iterator[list[int]]:
    """Count the Python function calls inside the block, which is the same on every machine, unlike time."""
    count = [0]

    def note(_frame: Any, event: str, _argument: Any) -> None:
        count[0] += event == "call"

    sys.setprofile(note)
    try:
        yield count
    finally:
        sys.setprofile(None)


@pytest.mark.full
@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_a_thousand_lines_and_fifty_rules_are_priced_in_bounded_work(rules):
    basket = Example("", LINES, rules, where={"rates": TAXED}).basket()
    with counted_calls() as calls:
        totals = price(basket)
    assert calls[0] < 12_000_000  # three times what the dearest of them takes
    assert len(totals.discounts) + len(totals.reasons) == 50
