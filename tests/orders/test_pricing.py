"""Sums are exact, whatever the numbers."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.pricing import PricedLine, total_up

lines = st.lists(
    st.builds(PricedLine, quantity=st.integers(1, 99), unit_minor=st.integers(0, 10**6), is_taxable=st.booleans()),
    min_size=1,
    max_size=12,
)
rates = st.decimals(0, 30, places=3)


@settings(max_examples=500, deadline=None)
@given(lines, st.integers(0, 5000), rates, st.booleans())
def test_parts_always_add_up_to_the_total(cart, shipping, rate, is_included):
    totals = total_up(cart, shipping_minor=shipping, tax_rate=rate, is_tax_included=is_included)
    on_top = 0 if is_included else totals.tax_minor
    assert totals.total_minor == totals.subtotal_minor - totals.discount_minor + totals.shipping_minor + on_top
    assert totals.subtotal_minor == sum(line.subtotal_minor for line in totals.lines)
    shipping_tax = totals.tax_minor - sum(line.tax_minor for line in totals.lines)
    assert 0 <= shipping_tax <= totals.tax_minor
    charged = sum(line.total_minor for line in totals.lines) + shipping + (0 if is_included else shipping_tax)
    assert charged == totals.total_minor


@pytest.mark.parametrize(
    ("unit", "quantity", "shipping", "rate", "is_included", "tax", "total"),
    [
        (2400, 2, 490, "19", True, 845, 5290),
        (2400, 1, 0, "0", True, 0, 2400),
        (1000, 1, 0, "20", False, 200, 1200),
        (335, 3, 0, "7", True, 66, 1005),
        (1, 1, 0, "19", True, 0, 1),
        (10600, 1, 0, "21", True, 1840, 10600),
        (1000, 1, 500, "25.5", False, 383, 1883),
        (0, 1, 0, "19", True, 0, 0),
    ],
)
def test_worked_examples(unit, quantity, shipping, rate, is_included, tax, total):
    totals = total_up(
        [PricedLine(quantity, unit)], shipping_minor=shipping, tax_rate=Decimal(rate), is_tax_included=is_included
    )
    assert (totals.tax_minor, totals.total_minor) == (tax, total)


def test_an_untaxed_line_carries_no_tax():
    cart = [PricedLine(1, 1000, is_taxable=False), PricedLine(1, 1000)]
    totals = total_up(cart, shipping_minor=0, tax_rate=Decimal(20), is_tax_included=False)
    assert [line.tax_minor for line in totals.lines] == [0, 200]


def test_the_receipt_says_how_the_total_came_about():
    cart = [PricedLine(2, 2400, price_id=7)]
    totals = total_up(cart, shipping_minor=490, tax_rate=Decimal(19), is_tax_included=True)
    receipt = totals.receipt(cart, "standard")
    assert receipt["lines"][0]["price_id"] == 7
    assert receipt["lines"][0]["total_minor"] == 4800
    assert receipt["tax"] == {"percent": "19", "is_included": True, "minor": 845}
    assert receipt["total_minor"] == 5290
