"""Starting a payment: once, also when answers are lost."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from orders.models import Order
from payments import gateway
from payments.cancellation import reopen
from payments.errors import GatewayDown, GatewayRefused, NotPayable
from payments.models import Payment
from payments.sessions import MAX_PAYMENTS_PER_ORDER, PaymentChoice, _open_payment, start_payment
from payments.settlement import settle
from shop.operations.audit import run_audit
from tests.factories import make_order, make_shipping, make_variant
from tests.reading import text_of

pytestmark = pytest.mark.django_db


def test_the_payment_is_written_with_all_its_parameters(stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    session = stripe_desk.call(f"checkout/sessions/{payment.session_id}")
    assert (session["amount_total"], session["currency"], session["customer_email"]) == (
        order.total_minor,
        "eur",
        order.email,
    )
    assert session["metadata"] == {"order": order.number, "payment": str(payment.key)}
    assert session["success_url"] == f"http://testserver/orders/{order.public_id}/return/"
    assert session["cancel_url"] == f"http://testserver/orders/{order.public_id}/back/"
    order.refresh_from_db()
    assert order.payment_due_at - payment.expires_at == timedelta(minutes=5)


def test_paying_again_leads_to_the_same_page(stripe_desk):
    order = make_order()
    assert start_payment(order.pk).session_url == start_payment(order.pk).session_url
    assert Payment.objects.count() == 1


@pytest.mark.fault("F038")
def test_a_lost_answer_is_asked_for_again_and_makes_one_session(stripe_desk):
    order = make_order()
    stripe_desk.switch(lose="3")
    with pytest.raises(GatewayDown):
        start_payment(order.pk)
    assert Payment.objects.get().session_id is None
    payment = start_payment(order.pk)
    sessions = stripe_desk.call("checkout/sessions", limit="100")["data"]
    assert [s["id"] for s in sessions if s["client_reference_id"] == order.number] == [payment.session_id]


@pytest.mark.fault("F041")
def test_a_hiccup_is_waited_out(stripe_desk):
    stripe_desk.switch(**{"500": "1", "429": "1"})
    assert start_payment(make_order().pk).session_url


@pytest.mark.fault("F041")
def test_lasting_trouble_is_reported_and_the_order_is_kept(client, stripe_desk):
    order = make_order()
    stripe_desk.switch(**{"500": "3"})
    response = client.get(f"/orders/{order.public_id}/pay/")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "60")
    assert "is not responding" in text_of(response)
    order.refresh_from_db()
    assert order.status == "placed"
    assert client.get(f"/orders/{order.public_id}/pay/").status_code == 303


def sessions_of(stripe_desk, order):
    """The id and status of each session of the order at Stripe."""
    found = stripe_desk.call("checkout/sessions", limit="100")["data"]
    return [(session["id"], session["status"]) for session in found if session["client_reference_id"] == order.number]


@pytest.mark.parametrize("failure", ["fail", "fail_late"])
def test_a_failure_that_stripe_repeats_for_the_key_does_not_stop_the_next_attempt(client, stripe_desk, failure):
    order = make_order()
    stripe_desk.switch(**{failure: "1"})
    response = client.get(f"/orders/{order.public_id}/pay/")
    payment = order.payments.get()
    assert response.status_code == 303
    assert response.headers["Location"] == payment.session_url
    assert sessions_of(stripe_desk, order) == [(payment.session_id, "open")]


def test_a_failure_that_was_stored_long_ago_gives_way_to_another_key(stripe_desk):
    order = make_order()
    stripe_desk.switch(lose="3", fail="1")
    with pytest.raises(GatewayDown):
        start_payment(order.pk)
    assert order.payments.get().key_attempt == 0
    payment = start_payment(order.pk)
    assert payment.idempotency_key == f"{payment.key}-1"
    assert sessions_of(stripe_desk, order) == [(payment.session_id, "open")]


@pytest.mark.fault("F040")
def test_a_key_that_was_used_with_other_parameters_gives_way_to_another(stripe_desk):
    order = make_order()
    waiting = _open_payment(order.pk, PaymentChoice())
    other = {**waiting.parameters, "client_reference_id": "another", "metadata": {}}
    gateway.create_session(other, waiting.idempotency_key)
    payment = start_payment(order.pk)
    assert payment.key_attempt == 1
    assert sessions_of(stripe_desk, order) == [(payment.session_id, "open")]


def test_a_request_that_is_still_in_progress_keeps_its_key(stripe_desk):
    order = make_order()
    stripe_desk.switch(**{"409": "3"})
    with pytest.raises(GatewayDown):
        start_payment(order.pk)
    assert order.payments.get().key_attempt == 0
    assert start_payment(order.pk).session_url


def test_a_payment_that_stripe_never_answered_is_followed_by_another(stripe_desk):
    order = make_order()
    stripe_desk.switch(**{"500": "3"})
    with pytest.raises(GatewayDown):
        start_payment(order.pk)
    too_soon = timezone.now() + timedelta(minutes=20)
    first = order.payments.get()
    first.parameters["expires_at"] = int(too_soon.timestamp())
    first.created_at = timezone.now() - timedelta(minutes=2)
    first.save()
    second = start_payment(order.pk)
    first.refresh_from_db()
    assert (first.status, second.status, second.pk > first.pk) == ("failed", "open", True)
    assert sessions_of(stripe_desk, order) == [(second.session_id, "open")]


def test_only_the_recorded_session_of_a_payment_can_be_paid(stripe_desk, monkeypatch):
    order = make_order()
    create = gateway.create_session

    def answered_late(parameters, key):
        """Another tab is faster, and asked with another key."""
        late = create(parameters, key)
        monkeypatch.setattr(gateway, "create_session", create)
        Payment.objects.update(key_attempt=7)
        monkeypatch.setattr(gateway, "find_sessions", lambda *_: [])
        start_payment(order.pk)
        return late

    monkeypatch.setattr(gateway, "create_session", answered_late)
    payment = start_payment(order.pk)
    assert sorted(status for _id, status in sessions_of(stripe_desk, order)) == ["expired", "open"]
    assert (payment.session_id, "open") in sessions_of(stripe_desk, order)


def test_an_order_that_is_changed_while_its_payment_begins_leads_to_no_payment_page(stripe_desk, monkeypatch):
    order = make_order()
    create = gateway.create_session

    def answered_late(parameters, key):
        late = create(parameters, key)
        monkeypatch.setattr(gateway, "create_session", create)
        reopen(order)
        return late

    monkeypatch.setattr(gateway, "create_session", answered_late)
    with pytest.raises(NotPayable, match="has changed"):
        start_payment(order.pk)
    order.refresh_from_db()
    assert order.status == "canceled"
    assert [status for _id, status in sessions_of(stripe_desk, order)] == ["expired"]


def test_a_considered_no_is_not_tried_again(stripe_desk, settings):
    order = make_order()
    settings.PAYMENT_SESSION_LIFE = timedelta(minutes=5)
    with pytest.raises(GatewayRefused):
        start_payment(order.pk)
    payment = Payment.objects.get()
    assert (payment.status, payment.session_id) == ("failed", None)
    assert "between 30 minutes and 24 hours" in payment.last_error


@pytest.mark.fault("F049")
def test_one_order_can_be_tried_five_times(stripe_desk, settings):
    order = make_order()
    settings.PAYMENT_SESSION_LIFE = timedelta(minutes=5)
    for _ in range(MAX_PAYMENTS_PER_ORDER):
        with pytest.raises(GatewayRefused):
            start_payment(order.pk)
    with pytest.raises(NotPayable, match="too many attempts"):
        start_payment(order.pk)


def test_no_payment_begins_that_would_end_two_hours_after_placing(stripe_desk):
    order = make_order()
    Order.objects.update(placed_at=timezone.now() - timedelta(minutes=90))
    with pytest.raises(NotPayable, match="time to pay"):
        start_payment(order.pk)


def test_a_session_about_to_end_is_not_handed_out(client, stripe_desk):
    order = make_order()
    start_payment(order.pk)
    with time_machine.travel(timezone.now() + timedelta(minutes=30, seconds=30), tick=False):
        response = client.get(f"/orders/{order.public_id}/pay/")
    assert response.status_code == 409
    assert "being checked" in text_of(response)


def test_an_order_of_nothing_is_paid_without_stripe(client):
    make_shipping(price_minor=0)
    order = make_order(make_variant(0))
    assert order.total_minor == 0
    response = client.get(f"/orders/{order.public_id}/pay/")
    assert response.headers["Location"] == f"/orders/{order.public_id}/"
    order.refresh_from_db()
    payment = order.payments.get()
    assert (order.status, payment.method, payment.status) == ("confirmed", "none", "captured")
    assert settle(payment.pk).status == "captured"
    assert "Nothing to pay" in text_of(client.get(f"/orders/{order.public_id}/"))
    assert run_audit() == []


def test_a_paid_order_is_not_paid_again(client, stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    assert client.get(f"/orders/{order.public_id}/pay/").headers["Location"] == f"/orders/{order.public_id}/"
    with pytest.raises(NotPayable, match="not waiting"):
        start_payment(order.pk)


@pytest.mark.fault("F049")
def test_paying_is_throttled_by_place(client, stripe_desk, monkeypatch):
    order = make_order()
    monkeypatch.setattr("payments.views.orders.PAYING.__class__.take", _limited(3))
    codes = [client.get(f"/orders/{order.public_id}/pay/").status_code for _ in range(4)]
    assert codes == [303, 303, 303, 429]


def _limited(times):
    def take(limit, key):
        from accounts.limits.throttle import TooManyAttempts  # noqa: PLC0415

        if limit.count(key) > times:
            raise TooManyAttempts(limit.seconds_left())

    return take
