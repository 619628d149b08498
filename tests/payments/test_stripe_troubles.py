"""Stripe hangs, trickles, answers nonsense or forgets: pages stay quick, and nothing is locked meanwhile."""

import pytest
import stripe
from django.db import connection
from django.test import Client

from orders.models import Order
from payments import gateway
from payments.cancellation import cancel_order, expire_unpaid
from payments.errors import GatewayDown
from payments.gateway import calls
from payments.inbox import process_waiting
from payments.models import Payment
from payments.refunds import carry_out_waiting
from payments.sessions import start_payment
from payments.settlement import settle
from shop.operations.audit import run_audit
from tests.factories import make_order, make_variant, stock_of
from tests.reading import text_of
from tests.stripe_desk import signed


@pytest.fixture
def impatient(monkeypatch):
    """Tries of a fraction of a second instead of seconds."""
    monkeypatch.setattr(calls, "TRY_SECONDS", (0.5, 0.2))
    monkeypatch.setattr(calls, "FIRST_PAUSE_SECONDS", 0)
    calls.client.cache_clear()


@pytest.mark.fault("F042")
@pytest.mark.django_db
@pytest.mark.parametrize("trouble", ["hang", "trickle", "html"])
def test_a_stripe_that_does_not_answer_properly_costs_a_page_and_keeps_the_order(
    client, stripe_desk, impatient, trouble
):
    order = make_order()
    stripe_desk.switch(**{trouble: "all"})
    response = client.get(f"/orders/{order.public_id}/pay/")
    assert response.status_code == 503
    assert "You were not charged" in text_of(response)
    stripe_desk.all_is_well()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    assert settle(payment.pk).status == "captured"
    assert run_audit() == []


@pytest.mark.fault("F042")
@pytest.mark.django_db
def test_an_answer_that_trickles_ends_with_the_time_of_its_tries(stripe_desk, impatient):
    stripe_desk.switch(trickle="all")
    with pytest.raises(GatewayDown):
        gateway.find_refund("pi_unknown", "key")


@pytest.mark.fault("F042")
@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_stripe_inside_a_transaction(client, stripe_desk, monkeypatch):
    """A transaction that is open meanwhile holds its locks and its connection as long as Stripe likes."""
    asked_inside = []
    request = stripe.RequestsClient.request_stream

    def watched(self, method, url, *arguments):
        asked_inside.extend([url] * connection.in_atomic_block)
        return request(self, method, url, *arguments)

    monkeypatch.setattr(stripe.RequestsClient, "request_stream", watched)
    paid, overdue, changed = make_order(), make_order(), make_order()
    for order in (paid, overdue, changed):
        assert client.get(f"/orders/{order.public_id}/pay/").status_code == 303
    stripe_desk.pay(paid.payments.get().session_url)
    client.get(f"/orders/{paid.public_id}/return/")
    for event in stripe_desk.events_of(paid.number):
        body, signature = signed(event)
        Client().post("/payments/webhook/", body, "application/json", headers={"Stripe-Signature": signature})
    process_waiting()
    Order.objects.filter(pk=overdue.pk).update(payment_due_at=overdue.placed_at)
    expire_unpaid()
    client.post(f"/orders/{changed.public_id}/change/")
    cancel_order(Order.objects.get(pk=paid.pk), user_id=None)
    carry_out_waiting()
    assert dict(Order.objects.values_list("number", "status")) == dict.fromkeys(
        (paid.number, overdue.number, changed.number), "canceled"
    )
    assert asked_inside == []


@pytest.mark.fault("F047")
@pytest.mark.django_db
def test_a_payment_that_was_canceled_in_the_dashboard_lets_its_order_run_out_of_time(stripe_desk):
    variant = make_variant(on_hand=1)
    order = make_order(variant)
    payment = start_payment(order.pk)
    stripe_desk.post(f"checkout/sessions/{payment.session_id}/expire")
    assert settle(payment.pk).status == "canceled"
    Order.objects.update(payment_due_at=order.placed_at)
    assert expire_unpaid() == 1
    assert (Order.objects.get().cancel_reason, stock_of(variant)) == ("expired", (1, 0))
    assert run_audit() == []


@pytest.mark.fault("F047")
@pytest.mark.django_db
def test_a_session_that_was_deleted_at_stripe_leaves_the_order_as_it_is(stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.delete(payment.session_id)
    assert Client().get(f"/orders/{order.public_id}/return/").status_code == 200
    order.refresh_from_db()
    assert (order.status, Payment.objects.get().status) == ("placed", "open")
