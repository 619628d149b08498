"""Placing, expiring and canceling orders at once never deadlocks on promotions, gift cards, carts and stock."""

import threading

import pytest
from django.db import OperationalError, connection, transaction

from orders import lifecycle
from orders.checkout import place_order
from orders.models import Order
from payments.cancellation import cancel_order
from payments.sessions import start_payment
from payments.settlement import settle
from shop.operations.audit import run_audit
from tests.factories import (
    make_cart,
    make_gift_card,
    make_promotion,
    make_shipping,
    make_submission,
    make_tax,
    make_user,
    make_variant,
    place,
    seen_of,
    with_codes,
)

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 6


@pytest.fixture(autouse=True)
def delivery():
    make_shipping()
    make_tax()


@pytest.fixture
def together(at_once):
    """At once, and only after every thread has its connection: opening one takes longer than a verb."""

    def run(*functions):
        barrier = threading.Barrier(len(functions))

        def connected(function):
            def body():
                connection.ensure_connection()
                barrier.wait(30)
                return function()

            return body

        return at_once(*(connected(function) for function in functions))

    return run


def give_up(order):
    """Cancel an unpaid order as its expiry does."""

    def verb():
        with transaction.atomic():
            lifecycle.cancel(lifecycle.lock_with_cart(order.pk), Order.CancelReason.EXPIRED)

    return verb


def buy(cart, email, user=None):
    seen = seen_of(cart, email=email, user_id=user.pk if user else None)
    submission = make_submission(email=email)
    return lambda: place_order(cart.pk, submission, seen=seen, user_id=user.pk if user else None)


def circles(results) -> list[Exception]:
    return [result for result in results if isinstance(result, OperationalError)]


def test_canceling_what_a_card_paid_while_it_pays_for_the_same_thing_never_waits_in_a_circle(together):
    variant = make_variant(1000, on_hand=1000)
    found = []
    for number in range(ROUNDS):
        card, code = make_gift_card(100_000)
        paid = [place(with_codes(make_cart(variant), code), email=f"p{number}{n}@example.com") for n in range(4)]
        for order in paid:
            settle(start_payment(order.pk).pk)
        carts = [with_codes(make_cart(variant), code) for _ in range(4)]
        buyers = [buy(cart, f"b{number}{n}@example.com") for n, cart in enumerate(carts)]
        staff = [lambda order=order: cancel_order(Order.objects.get(pk=order.pk), user_id=None) for order in paid]
        found += circles(together(*(job for pair in zip(staff, buyers, strict=True) for job in pair)))
    assert found == []
    assert run_audit() == []


def test_one_customer_who_gives_up_and_orders_at_once_never_waits_in_a_circle(together):
    make_promotion(percent=10, codes=("TEN",), most_uses=1000, most_uses_each=500)
    variant = make_variant(1000, on_hand=1000)
    found = []
    for _ in range(ROUNDS):
        Order.objects.filter(status="placed").update(customer_key="done")
        given = [place(with_codes(make_cart(variant), "TEN"), email="one@example.com") for _ in range(4)]
        Order.objects.filter(status="placed").update(customer_key="done")
        buyers = [buy(with_codes(make_cart(variant), "TEN"), "one@example.com") for _ in range(4)]
        found += circles(together(*(job for pair in zip(map(give_up, given), buyers, strict=True) for job in pair)))
    assert found == []
    assert run_audit() == []


def test_orders_of_several_promotions_given_up_while_others_are_placed_never_wait_in_a_circle(together):
    for number in range(3):
        make_promotion(lane=("product", "order")[number % 2], percent=10, most_uses=1000)
    make_promotion("delivery_percent", "delivery", percent=50, most_uses=1000)
    variant = make_variant(1000, on_hand=1000)
    found = []
    for number in range(ROUNDS):
        given = [place(make_cart(variant), email=f"g{number}{n}@example.com") for n in range(4)]
        buyers = [buy(make_cart(variant), f"b{number}{n}@example.com") for n in range(4)]
        found += circles(together(*(job for pair in zip(map(give_up, given), buyers, strict=True) for job in pair)))
    assert found == []
    assert run_audit() == []


def test_an_account_whose_order_is_given_up_while_its_next_cart_is_ordered_never_waits_in_a_circle(together):
    make_promotion(percent=10, most_uses=1000)
    variant = make_variant(1000, on_hand=1000)
    found = []
    for _ in range(ROUNDS):
        users = [make_user() for _ in range(4)]
        given = [place(make_cart(variant, user=user), user, email=user.email) for user in users]
        buyers = [buy(make_cart(variant, user=user), user.email, user) for user in users]
        found += circles(together(*(job for pair in zip(map(give_up, given), buyers, strict=True) for job in pair)))
    assert found == []
    assert run_audit() == []
