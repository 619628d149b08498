"""A discount never raises a total (decision 0021)."""

import pytest

from orders.customers import Buyer
from orders.models import Cart
from orders.pricing import Scope, derive, make_receipt, price, totals_of
from tests.factories import contents_of, make_cart, make_promotion, make_shipping, make_variant
from tests.orders.worked import BETTER, TAXED, Example, amount, delivery, item, percent, table

ONE, TWO = Scope(products=(1,)), Scope(products=(2,))
ON_TOP = {"rates": TAXED, "is_tax_included": False, "is_never_dearer": True}

EXAMPLES = [
    Example(
        "a discount never moves the delivery to a higher rate",
        [item("a", 1, 10, 1), item("b", 1, 10, 2, tax_class="zero")],
        [percent("Half", "50", scope=TWO)],
        where=ON_TOP,
        ship=1000,  # 500 at 20 percent and 500 at none, whatever is left to pay for b
        off={"b": 5},
        shipping=1000,
        tax=102,  # 20 percent of 10 and 500
        taxes={"a": 2},
        total=1117,
    ),
    Example(
        "goods that cost nothing any more keep the rate of their delivery",
        [item("a", 1, 1000, tax_class="zero")],
        [percent("All", "100", "order")],
        where=ON_TOP,
        ship=1000,
        off={"a": 1000},
        shipping=1000,
        total=1000,
    ),
    Example(
        "a code is left out that takes more off but saves less tax",
        [item("a", 1, 1000, 1), item("b", 1, 1000, 2, tax_class="zero")],
        [amount("B", 95, "order", scope=ONE), amount("A", 100, "order", scope=TWO, code="A")],
        where=ON_TOP,
        off={"a": 95},
        tax=181,  # 20 percent of 905
        taxes={"a": 181},
        total=2086,  # and 2100 with the code
        refused={"A": BETTER},
    ),
    Example(
        "a code is left out that would cost the free delivery",
        [item("a", 1, 6000)],
        [delivery("Free", "percent", "100", minimum_minor=6000), percent("Five", "5", "order", code="FIVE")],
        where={"is_never_dearer": True},
        ship=490,
        total=6000,
        refused={"Five": BETTER},
    ),
]


@table(EXAMPLES)
def test_totals_by_hand(example):
    example.check()


def test_an_old_receipt_is_priced_as_it_was():
    basket = Example(
        "",
        [item("a", 1, 10, 1), item("b", 1, 10, 2, tax_class="zero")],
        [percent("Half", "50", scope=TWO)],
        where={"rates": TAXED, "is_tax_included": False},
        ship=1000,
    ).basket()
    receipt = make_receipt(basket, price(basket))
    assert "is_never_dearer" not in receipt["basket"]
    # The delivery was shared by what is left to pay: 667 and 333, so the tax is 20 percent of 677.
    assert derive(receipt).total_minor == totals_of(receipt).total_minor == 1150


@pytest.mark.django_db
@pytest.mark.parametrize("has_code", [True, False])
def test_free_delivery_looks_at_the_cart_before_discounts(has_code):
    make_shipping(490, free_from_minor=6000)
    cart = make_cart(make_variant(3000), quantity=2)
    assert contents_of(cart).totals.total_minor == 6000
    make_promotion(percent=5, codes=("FIVE",) if has_code else ())
    Cart.objects.update(codes=["FIVE"])
    contents = contents_of(cart)
    assert (contents.totals.shipping_minor, contents.totals.total_minor) == (0, 5700)
    assert contents.options[0].until_free_minor == 0


@pytest.mark.django_db
def test_free_delivery_abroad_looks_at_prices_without_tax():
    make_shipping(490, countries=["CH"], free_from_minor=6000)
    cart = make_cart(make_variant(3000), quantity=2)
    make_promotion(percent=5)
    assert contents_of(cart, Buyer("CH")).totals.total_minor == 5700
