"""Who can choose an offline payment method, and how much stock its unpaid orders hold."""

import uuid
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.checkout import place_order
from orders.errors import MostlyPromised, TooManyPromises, WayNotOffered
from orders.fulfillment import NewFulfillment, ship
from orders.models import Order
from payments.offline_limits import check_stock_held
from tests.factories import (
    contents_of,
    make_cart,
    make_listed_variants,
    make_location,
    make_offline_method,
    make_order,
    make_shipping,
    make_submission,
    make_tax,
    make_user,
    make_variant,
    place,
    seen_of,
)
from tests.payments.offline_steps import (
    make_invoice_order,
    receive,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_user(is_superuser=True, is_staff=True)


@pytest.fixture(autouse=True)
def delivery():
    make_location()
    make_shipping()
    make_tax()


def test_an_invoice_is_offered_only_to_customers_of_its_groups():
    make_offline_method("invoice")
    variant = make_variant()
    with pytest.raises(WayNotOffered):
        place(make_cart(variant), payment_method="invoice")
    order = make_invoice_order()
    with pytest.raises(WayNotOffered):
        make_order(variant, user=make_user(), payment_method="invoice")
    make_order(variant, user=order.user, payment_method="invoice")


def test_what_is_confirmed_before_it_is_paid_sells_no_gift_cards():
    make_offline_method("pickup")
    make_shipping(0, "shop", kind="pickup")
    card = make_variant(5000, is_gift_card=True, needs_shipping=False, is_tracked=False)
    with pytest.raises(WayNotOffered):
        place(make_cart(card, make_variant()), payment_method="pickup", shipping_code="shop")


def test_a_method_can_be_limited_to_markets():
    make_offline_method("transfer", markets=["us"])
    with pytest.raises(WayNotOffered):
        place(make_cart(make_variant()), payment_method="transfer")


def test_a_third_order_that_waits_for_a_transfer_is_refused():
    make_offline_method("transfer")
    variants = [make_variant() for _ in range(3)]
    user = make_user()
    first = make_order(variants[0], user=user, payment_method="transfer")
    make_order(variants[1], user=user, payment_method="transfer")
    cart = make_cart(variants[2], user=user)
    with pytest.raises(TooManyPromises):
        place(cart, user, payment_method="transfer")
    receive(first, first.due_minor)
    place(cart, user, payment_method="transfer")


def test_invoices_count_until_they_are_paid_also_after_their_parcels_were_sent(owner, monkeypatch):
    monkeypatch.setattr("payments.offline_limits.MAX_OPEN_INVOICES", 1)
    sent = make_invoice_order()
    ship(sent, NewFulfillment({sent.lines.get().pk: 1}))
    cart = make_cart(make_variant(), user=sent.user)
    with pytest.raises(TooManyPromises):
        place(cart, sent.user, payment_method="invoice")
    receive(sent, 10000)
    place(cart, sent.user, payment_method="invoice")


def test_what_is_delivered_with_the_confirmation_cannot_be_paid_at_the_pick_up():
    make_offline_method("pickup")
    make_shipping(0, "shop", kind="pickup")
    download = make_variant(5000, needs_shipping=False, is_tracked=False)
    with pytest.raises(WayNotOffered):
        place(make_cart(download, make_variant()), payment_method="pickup", shipping_code="shop")


def test_transfers_never_hold_more_than_half_of_the_stock_of_a_variant():
    make_offline_method("transfer")
    variant = make_variant(on_hand=7, title="Vase")
    make_order(variant, quantity=2, payment_method="transfer")
    with pytest.raises(MostlyPromised) as refused:
        make_order(variant, quantity=2, payment_method="transfer")
    assert (
        refused.value.sentence == "The last units of “Vase” have to be paid right away. Choose another payment method"
    )
    make_order(variant, quantity=1, payment_method="transfer")
    make_order(variant, quantity=4)


def test_two_lines_of_a_variant_hold_its_stock_together():
    make_offline_method("transfer")
    card = make_variant(5000, on_hand=10, is_gift_card=True)
    cart = make_cart(card, quantity=4)
    cart.lines.create(variant=card, quantity=4, personal_key="for Anna", recipient_name="Anna")
    with pytest.raises(MostlyPromised):
        place(cart, payment_method="transfer")


def test_one_network_holds_few_units_with_transfers(settings):
    settings.MAX_PROMISED_UNITS = 3
    make_offline_method("transfer")
    place_from("198.51.100.7", quantity=2)
    place_from("198.51.100.8", quantity=2)
    with pytest.raises(TooManyPromises):
        place_from("198.51.100.7", quantity=2)
    place_from("198.51.100.7", quantity=1)


def place_from(ip: str, quantity: int) -> Order:
    cart = make_cart(make_variant(on_hand=99), quantity=quantity)
    submission = make_submission(email=f"{uuid.uuid4().hex[:8]}@example.com", payment_method="transfer")
    return place_order(cart.pk, submission, seen=replace(seen_of(cart), ip=ip))


def test_the_limits_cost_the_same_for_one_variant_and_for_many():
    make_offline_method("transfer")
    counts = []
    for number in (1, 8):
        cart = make_cart(*make_listed_variants(number, 1000, on_hand=50))
        contents = contents_of(cart)
        with CaptureQueriesContext(connection) as queries:
            check_stock_held(contents)
        counts.append(len(queries))
    assert counts == [4, 4]
