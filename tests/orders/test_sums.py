"""The rows of a total on a page: their names and amounts."""

import pytest

from orders.lifecycle import confirm
from orders.models import Order
from orders.summary import SumRow, cart_sum, order_sum
from tests.factories import (
    contents_of,
    make_cart,
    make_gift_card,
    make_order,
    make_promotion,
    make_shipping,
    make_tax,
    make_variant,
    place,
    with_codes,
)

pytestmark = pytest.mark.django_db


def test_a_cart_names_its_codes_what_gift_cards_pay_and_what_is_left():
    make_shipping()
    make_tax(percent="25.5")
    make_promotion(percent=10, codes=("WELCOME10",), name="Welcome offer")
    card, code = make_gift_card(1000)
    contents = contents_of(with_codes(make_cart(make_variant(2000)), "WELCOME10", code))
    assert cart_sum(contents, "Germany") == [
        SumRow("Subtotal", "€20.00"),
        SumRow("Welcome offer", "−€2.00", note="WELCOME10"),
        SumRow("Delivery", "€4.90", note="Germany"),
        SumRow("VAT 25.5 % included", "€4.65"),
        SumRow("Total", "€22.90", is_total=True),
        SumRow(contents.tenders[0].name, "−€10.00"),
        SumRow("To pay", "€12.90", is_total=True),
    ]


def test_an_order_shows_what_is_left_to_pay_until_it_is_confirmed():
    make_shipping()
    make_tax()
    card, code = make_gift_card(1000)
    order = place(with_codes(make_cart(make_variant(2000)), code))
    assert [row.name for row in order_sum(order)][-3:] == ["Total", "Gift card", "To pay"]
    confirm(order)
    assert [row.name for row in order_sum(Order.objects.get())][-2:] == ["Total", "Gift card"]


def test_delivery_that_costs_nothing_is_free():
    make_shipping(0)
    assert SumRow("Delivery", "Free") in cart_sum(contents_of(make_cart(make_variant())))


def test_an_order_from_before_promotions_shows_the_sum_of_its_discounts():
    order = make_order(make_variant(2000))
    order.receipt, order.discount_minor = {}, 300
    assert SumRow("Discount", "−€3.00") in order_sum(order)


@pytest.mark.parametrize(
    ("treatment", "is_vat", "row"),
    [
        ("export", True, SumRow("VAT", "€0.00", note="not charged on exports")),
        ("export", False, SumRow("Tax", "€0.00", note="none on this order")),
        ("reverse_charge", True, SumRow("VAT", "€0.00", note="reverse charge: you account for it")),
    ],
)
def test_an_order_without_tax_shows_the_reason(settings, treatment, is_vat, row):
    order = make_order(make_variant(2000))
    order.treatment, order.taxes = treatment, []
    settings.MARKETS = [{**settings.MARKETS[0], "is_tax_included": is_vat}]
    assert order_sum(order)[2] == row
