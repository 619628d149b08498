"""Gift cards between two hands: settled or given up, spent or taken back, never both."""

import contextlib
from datetime import timedelta

import pytest
from django.utils import timezone

from orders.errors import GiftCardSpent, TotalChanged
from orders.models import GiftCard, GiftCardMovement, Order
from payments.cancellation import cancel_order, expire_unpaid, reopen
from payments.errors import CancelRefused, NotPayable, StillProcessing
from payments.gift_cards import expire_gift_cards
from payments.sessions import start_payment
from payments.settlement import settle
from shop.operations.audit import run_audit
from tests.factories import (
    make_cart,
    make_gift_card,
    make_shipping,
    make_tax,
    make_variant,
    place,
    with_codes,
)

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 6


@pytest.fixture(autouse=True)
def delivery():
    make_shipping()
    make_tax()


def pay(order):
    def verb():
        with contextlib.suppress(NotPayable):
            settle(start_payment(order.pk).pk)

    return verb


@pytest.mark.fault("F007")
def test_an_order_that_a_card_pays_whole_is_confirmed_or_given_up_never_both(at_once):
    variant = make_variant(1000, on_hand=100)
    for number in range(ROUNDS):
        card, code = make_gift_card(5000)
        order = place(with_codes(make_cart(variant), code), email=f"a{number}@example.com")
        Order.objects.filter(pk=order.pk).update(payment_due_at=timezone.now())
        results = at_once(
            pay(order),
            expire_unpaid,
            lambda order=order: reopen(order),
            pay(order),
            lambda order=order: cancel_order(Order.objects.get(pk=order.pk), user_id=None),
        )
        assert {type(one) for one in results if isinstance(one, Exception)} <= {StillProcessing, CancelRefused}, results
        order.refresh_from_db()
        card.refresh_from_db()
        held = order.total_minor if order.status in ("placed", "confirmed") else 0
        assert card.balance_minor == 5000 - held
        assert [str(one) for one in run_audit() if one.invariant[0] != "S"] == []


def test_a_bought_card_is_spent_or_taken_back_never_both(at_once):
    goods = make_variant(1000, on_hand=100)
    for number in range(ROUNDS):
        variant = make_variant(2500, is_gift_card=True, needs_shipping=False, is_tracked=False)
        bought = place(
            with_codes(make_cart(variant), make_gift_card(2500)[1]),
            email=f"b{number}@example.com",
            shipping_code="none",
        )
        settle(start_payment(bought.pk).pk)
        card = GiftCard.objects.get(order_line__order=bought)
        carts = [make_cart(goods) for _ in range(3)]
        for cart in carts:
            cart.gift_cards.add(card)
        spend = [lambda cart=cart: place(cart, email=f"{cart.pk.hex[:8]}@example.com") for cart in carts]
        take_back = lambda bought=bought: cancel_order(Order.objects.get(pk=bought.pk), user_id=None)  # noqa: E731
        results = at_once(take_back, *spend, expire_gift_cards)
        failed = {type(one) for one in results if isinstance(one, Exception)}
        assert failed <= {CancelRefused, GiftCardSpent, TotalChanged}, results
        is_spent = GiftCardMovement.objects.filter(card=card, kind="redeemed").exists()
        assert Order.objects.get(pk=bought.pk).status == ("confirmed" if is_spent else "canceled")
        assert run_audit() == []


def test_a_card_that_expires_while_it_is_spent_pays_or_is_over(at_once):
    variant = make_variant(1000, on_hand=100)
    card, code = make_gift_card(5000, expires_at=timezone.now() + timedelta(days=1))
    orders = [place(with_codes(make_cart(variant), code), email=f"c{n}@example.com") for n in range(3)]
    GiftCard.objects.update(expires_at=timezone.now())
    Order.objects.update(payment_due_at=timezone.now())
    at_once(expire_gift_cards, expire_unpaid, *map(pay, orders), expire_gift_cards)
    expire_gift_cards()
    assert GiftCard.objects.get().balance_minor == 0
    assert run_audit() == []
