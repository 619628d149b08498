"""Canceled and expired orders: the payment is closed first, and the cart is restored."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orders import lifecycle
from orders.cart import find_cart
from orders.editing import Edit, add_note, version_of
from orders.errors import OrderChanged
from orders.models import Cart, Order
from payments import cancellation, gateway
from payments.cancellation import cancel_order, expire_unpaid, reopen
from payments.errors import CancelRefused, GatewayDown, StillProcessing
from payments.models import Payment
from payments.reconciliation import reconcile_open
from payments.refunds import carry_out_waiting, request_refund
from payments.sessions import start_payment
from payments.settlement import settle
from shop.models import Mail
from shop.operations.audit import run_audit
from tests.factories import (
    make_order,
    make_variant,
    stock_of,
)

pytestmark = pytest.mark.django_db


def overdue(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(payment_due_at=timezone.now() - timedelta(seconds=1))


def test_an_order_that_ran_out_of_time_frees_its_stock_and_its_cart_comes_back(stripe_desk):
    variant = make_variant(on_hand=3)
    order = make_order(variant, quantity=2)
    token = Cart.objects.get().token
    payment = start_payment(order.pk)
    overdue(order)
    assert expire_unpaid() == 1
    order.refresh_from_db()
    assert (order.status, order.cancel_reason, stock_of(variant)) == ("canceled", "expired", (3, 0))
    assert stripe_desk.call(f"checkout/sessions/{payment.session_id}")["status"] == "expired"
    cart = find_cart(token=token, user_id=None)
    assert cart.is_open
    assert list(cart.lines.values_list("variant_id", "quantity")) == [(variant.pk, 2)]
    assert cart.pk != order.cart_id
    assert expire_unpaid() == 0
    assert run_audit() == []


@pytest.mark.fault("F007")
def test_a_paid_order_is_settled_instead_of_expired(stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    overdue(order)
    assert expire_unpaid() == 1
    order.refresh_from_db()
    assert order.status == "confirmed"
    assert run_audit() == []


@pytest.mark.fault("F043")
def test_nothing_expires_while_the_outcome_is_unknown(stripe_desk):
    variant = make_variant(on_hand=3)
    order = make_order(variant)
    start_payment(order.pk)
    overdue(order)
    stripe_desk.switch(**{"500": "3"})
    assert expire_unpaid() == 0
    assert stock_of(variant) == (3, 1)
    assert expire_unpaid() == 1


def test_a_payment_whose_answer_was_lost_is_found_and_closed(stripe_desk):
    order = make_order()
    stripe_desk.switch(lose="3")
    with pytest.raises(GatewayDown):
        start_payment(order.pk)
    overdue(order)
    assert expire_unpaid() == 1
    sessions = stripe_desk.call("checkout/sessions", limit="5")["data"]
    assert [s["status"] for s in sessions if s["client_reference_id"] == order.number] == ["expired"]


@pytest.mark.parametrize("failure", ["fail", "fail_late"])
def test_an_order_is_changed_although_stripe_repeats_a_failure(client, stripe_desk, failure):
    order = make_order()
    stripe_desk.switch(lose="3", **{failure: "1"})
    with pytest.raises(GatewayDown):
        start_payment(order.pk)
    assert client.post(f"/orders/{order.public_id}/change/").status_code == 302
    order.refresh_from_db()
    assert (order.status, order.cancel_reason) == ("canceled", "shopper")
    sessions = stripe_desk.call("checkout/sessions", limit="5")["data"]
    expected = ["expired"] if failure == "fail_late" else []
    assert [s["status"] for s in sessions if s["client_reference_id"] == order.number] == expected


def test_an_order_expires_although_stripe_answers_nothing_about_its_payment(stripe_desk):
    variant = make_variant(on_hand=3)
    order = make_order(variant)
    stripe_desk.switch(**{"500": "3"})
    with pytest.raises(GatewayDown):
        start_payment(order.pk)
    overdue(order)
    stripe_desk.switch(**{"500": "100"})
    assert (expire_unpaid(), stock_of(variant)) == (0, (3, 1))
    Payment.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert (expire_unpaid(), stock_of(variant)) == (1, (3, 0))
    assert Payment.objects.get().status == "failed"
    assert run_audit() == []


def test_orders_that_stripe_never_answers_about_do_not_stop_the_others(stripe_desk, monkeypatch):
    """Three silent ones in a row end a sweep, so the sweeps begin elsewhere each time."""
    orders = [make_order() for _ in range(4)]
    for order in orders:
        start_payment(order.pk)
        overdue(order)
    silent = {order.payments.get().session_id for order in orders[:3]}
    expire = gateway.expire_session

    def answer(session_id):
        if session_id in silent:
            raise GatewayDown("expire session")
        return expire(session_id)

    monkeypatch.setattr(gateway, "expire_session", answer)
    assert sum(expire_unpaid() for _ in range(40)) == 1
    assert set(Order.objects.filter(status="placed")) == set(orders[:3])


def test_an_order_without_any_payment_expires_too():
    order = make_order()
    overdue(order)
    assert expire_unpaid() == 1
    assert Order.objects.get().cancel_reason == "expired"


def test_one_bad_order_does_not_stop_the_others(monkeypatch):
    bad, good = make_order(), make_order()
    overdue(bad)
    overdue(good)
    original = lifecycle.cancel
    monkeypatch.setattr(
        lifecycle, "cancel", lambda order, *a, **k: 1 / 0 if order.pk == bad.pk else original(order, *a, **k)
    )
    assert expire_unpaid() == 1
    assert list(Order.objects.filter(status="canceled")) == [good]


@pytest.mark.fault("F047")
def test_a_session_that_stripe_does_not_know_holds_nothing_for_ever(stripe_desk):
    variant = make_variant(on_hand=1)
    order = make_order(variant)
    payment = start_payment(order.pk)
    Payment.objects.filter(pk=payment.pk).update(session_id="cs_gone")
    overdue(order)
    assert expire_unpaid() == 1
    assert (Payment.objects.get().status, stock_of(variant)) == ("failed", (1, 0))


def test_a_payment_begun_while_staff_cancel_is_not_left_open(stripe_desk, monkeypatch):
    order = make_order()
    monkeypatch.setattr(cancellation, "close_payments", lambda order: start_payment(order.pk))
    with pytest.raises(StillProcessing):
        cancel_order(order, user_id=None)
    assert Order.objects.get().status == "placed"


def test_a_refund_in_flight_does_not_stand_in_the_way_of_a_cancel(stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    request_refund(settle(payment.pk), 100, reason="part")
    cancel_order(Order.objects.get(), user_id=None)
    assert carry_out_waiting() == 2
    assert Payment.objects.get().refunded_minor == order.total_minor
    assert run_audit() == []


def test_stripe_away_keeps_the_order_as_it_is(client, stripe_desk):
    order = make_order()
    start_payment(order.pk)
    stripe_desk.switch(**{"500": "3"})
    response = client.post(f"/orders/{order.public_id}/change/")
    assert response.status_code == 503
    assert Order.objects.get().status == "placed"


def test_an_order_whose_payment_the_bank_is_processing_cannot_be_canceled(client, stripe_desk, monkeypatch):
    order = make_order()
    payment = start_payment(order.pk)
    Payment.objects.filter(pk=payment.pk).update(status="processing")
    monkeypatch.setattr("payments.gateway.expire_session", lambda session_id: None)
    with pytest.raises(StillProcessing):
        reopen(order)
    assert client.post(f"/orders/{order.public_id}/change/").headers["Location"] == f"/orders/{order.public_id}/"
    overdue(order)
    assert expire_unpaid() == 0


def test_staff_cancel_an_unpaid_order(stripe_desk):
    order = make_order()
    start_payment(order.pk)
    assert cancel_order(order, user_id=None).status == "canceled"
    assert Mail.objects.get().subject == f"Order {order.number} is canceled"
    with pytest.raises(CancelRefused):
        cancel_order(Order.objects.get(), user_id=None)


def test_staff_cancel_a_paid_order_and_the_books_end_at_nothing(stripe_desk):
    variant = make_variant(on_hand=3)
    order = make_order(variant)
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    cancel_order(Order.objects.get(), user_id=None)
    assert carry_out_waiting() == 1
    assert stock_of(variant) == (3, 0)
    assert run_audit() == []


@pytest.mark.fault("F053")
def test_a_dropped_webhook_is_found_by_asking(stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    assert reconcile_open() == 0  # too fresh: the shopper is still typing
    Payment.objects.update(created_at=timezone.now() - timedelta(seconds=20))
    assert reconcile_open() == 1
    order.refresh_from_db()
    assert order.status == "confirmed"
    assert reconcile_open() == 0


def test_reconciling_waits_for_stripe_to_come_back(stripe_desk):
    payment = start_payment(make_order().pk)
    Payment.objects.update(created_at=timezone.now() - timedelta(seconds=20))
    stripe_desk.switch(**{"500": "3"})
    assert reconcile_open() == 0
    Payment.objects.update(checked_at=timezone.now() - timedelta(seconds=20), session_id="cs_gone")
    assert reconcile_open() == 0
    assert Payment.objects.get(pk=payment.pk).status == "open"


def test_the_payment_stays_open_if_the_order_changed_since_staff_decided_to_cancel_it(stripe_desk):
    order = make_order()
    payment, seen = start_payment(order.pk), version_of(order)
    add_note(order, "She will pay today.", Edit(None))
    with pytest.raises(OrderChanged):
        cancel_order(order, user_id=None, seen=seen)
    assert stripe_desk.call(f"checkout/sessions/{payment.session_id}")["status"] == "open"
    assert Order.objects.get().status == "placed"
