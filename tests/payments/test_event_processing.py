"""What a worker does with stored events of Stripe: settle, try again, set aside and drop."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from payments import gateway
from payments.event_handlers import UNKNOWN_OBJECT_ATTEMPTS
from payments.inbox import (
    MAX_ATTEMPTS,
    drop_bodies,
    old_bodies,
    process,
    process_waiting,
    retry_failed,
)
from payments.models import Journal, Payment, Refund, StripeEvent
from payments.refunds import request_refund
from payments.sessions import start_payment
from payments.settlement import settle
from payments.tasks import process_event
from shop.celery import WakingTask
from shop.operations.audit import run_audit
from tests.factories import make_order
from tests.payments.webhooks import EVENT, post

pytestmark = pytest.mark.django_db


def test_an_event_settles_its_payment(client, stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    for event in stripe_desk.events_of(order.number):
        post(client, event)
    assert process_waiting() == 3
    order.refresh_from_db()
    assert order.status == "confirmed"
    assert set(StripeEvent.objects.values_list("status", flat=True)) == {"done"}


@pytest.mark.fault("F059")
def test_an_event_before_our_own_answer_finds_its_payment_by_its_mark(client, stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    Payment.objects.update(session_id=None, session_url="")
    post(client, stripe_desk.events_of(order.number)[0])
    assert process_waiting() == 1
    order.refresh_from_db()
    assert order.status == "confirmed"


@pytest.mark.parametrize("is_first_paid", [False, True])
def test_a_second_session_that_was_paid_after_all_pays_the_order_once(client, stripe_desk, is_first_paid):
    order = make_order()
    payment = start_payment(order.pk)
    second = gateway.create_session(payment.parameters, f"{payment.key}-1")
    if is_first_paid:
        stripe_desk.pay(payment.session_url)
        settle(payment.pk)
    stripe_desk.pay(second.url)
    for event in stripe_desk.events_of(order.number):
        post(client, event)
    process_waiting()
    order.refresh_from_db()
    flags = dict(order.payments.values_list("session_id", "flag"))
    assert order.status == "confirmed"
    assert flags == {payment.session_id: "", second.session_id: "duplicate" if is_first_paid else ""}
    assert [refund.amount_minor for refund in Refund.objects.all()] == [order.total_minor] * is_first_paid
    assert stripe_desk.call(f"checkout/sessions/{payment.session_id}")["status"] != "open"
    assert run_audit() == []


@pytest.mark.fault("F057")
def test_an_event_that_is_delivered_again_after_three_days_is_processed(client, stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    event = stripe_desk.events_of(order.number)[-1]
    three_days_ago = event["created"] - 3 * 24 * 3600
    assert post(client, {**event, "created": three_days_ago}).status_code == 200
    assert process_waiting() == 1
    order.refresh_from_db()
    assert order.status == "confirmed"


@pytest.mark.fault("F063")
def test_an_event_that_arrives_without_a_broker_is_processed_by_the_next_sweep(
    client, stripe_desk, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(WakingTask, "_broker_is_back_at", 0.0)
    order = make_order()
    stripe_desk.pay(start_payment(order.pk).session_url)
    with django_capture_on_commit_callbacks(execute=True):
        assert post(client, stripe_desk.events_of(order.number)[-1]).status_code == 200
    assert WakingTask._broker_is_back_at > 0  # the broker was asked, and did not answer
    assert process_waiting() == 1
    order.refresh_from_db()
    assert order.status == "confirmed"


@pytest.mark.fault("F064")
def test_an_event_whose_answer_was_lost_after_it_was_stored_is_stored_once(client, stripe_desk, monkeypatch):
    order = make_order()
    stripe_desk.pay(start_payment(order.pk).session_url)
    event = stripe_desk.events_of(order.number)[-1]

    def die(_event_id):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(process_event, "delay_on_commit", die)
        with pytest.raises(SystemExit):
            post(client, event)
    assert StripeEvent.objects.get().status == "new"
    assert post(client, event).status_code == 200
    assert process_waiting() == 1
    assert StripeEvent.objects.get().status == "done"
    assert Journal.objects.filter(order=order, kind="capture").count() == 1


@pytest.mark.fault("F065")
def test_storing_an_event_takes_two_statements_and_no_session(client, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert post(client, EVENT).status_code == 200


@pytest.mark.fault("F060")
def test_a_strangers_event_is_ignored_after_a_while(client):
    post(client, EVENT)
    event = StripeEvent.objects.get()
    for _ in range(UNKNOWN_OBJECT_ATTEMPTS):
        assert event.status == "new"
        StripeEvent.objects.update(next_try_at=timezone.now())
        process(event.pk)
        event.refresh_from_db()
    assert (event.status, event.attempts) == ("ignored", UNKNOWN_OBJECT_ATTEMPTS)
    assert process(event.pk) == "ignored"


@pytest.mark.fault("F067")
def test_what_fails_every_time_is_set_aside_and_can_be_retried(client, stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    poison, good = stripe_desk.events_of(order.number)[:2]
    post(client, poison)
    StripeEvent.objects.update(attempts=MAX_ATTEMPTS - 1)
    stripe_desk.switch(**{"500": "3"})
    assert process(StripeEvent.objects.get().pk) == "failed"
    post(client, good)
    assert process_waiting() == 1
    assert retry_failed() == 1
    assert process_waiting() == 1
    assert set(StripeEvent.objects.values_list("status", flat=True)) == {"done"}


def test_trouble_with_stripe_is_tried_again_later(client, stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    post(client, stripe_desk.events_of(order.number)[0])
    stripe_desk.switch(**{"500": "3"})
    assert process_waiting() == 0
    event = StripeEvent.objects.get()
    assert (event.status, event.attempts) == ("new", 1)
    assert "GatewayDown" in event.last_error
    assert event.next_try_at > timezone.now()
    assert process_waiting() == 0


def test_a_refund_made_at_stripe_reaches_our_books(client, stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    payment = settle(payment.pk)
    refund = request_refund(payment, 100, reason="part")
    call_command("run", "reconcile-payments")
    event = next(e for e in stripe_desk.call("events", type="refund.created")["data"])
    post(client, event)
    Refund.objects.update(status="requested", provider_ref=None)
    post(client, {**event, "id": "evt_other"})
    post(client, {**event, "id": "evt_charge", "type": "charge.refunded", "data": {"object": {"object": "charge"}}})
    post(client, {**event, "id": "evt_strange", "data": {"object": {"object": "refund", "id": "re_none"}}})
    assert process_waiting() == 3
    assert Refund.objects.get().status == "succeeded"
    assert refund.pk == Refund.objects.get().pk


@pytest.mark.fault("F067")
def test_any_error_at_all_sets_an_event_aside_in_the_end(client, stripe_desk, monkeypatch):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    post(client, stripe_desk.events_of(order.number)[0])
    post(client, {**EVENT, "type": "person.updated"})
    monkeypatch.setattr("payments.event_handlers.settle", lambda payment_id: 1 / 0)
    assert process_waiting() == 1
    StripeEvent.objects.filter(status="new").update(attempts=MAX_ATTEMPTS - 1, next_try_at=timezone.now())
    assert process_waiting() == 1
    assert StripeEvent.objects.get(status="failed").last_error.startswith("ZeroDivisionError")


def test_a_refund_made_in_stripes_dashboard_reaches_our_books(client, stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    payment = settle(payment.pk)
    made = gateway.create_refund(payment.payment_intent_id, 300, "dashboard", {})
    event = next(e for e in stripe_desk.call("events", type="refund.created")["data"])
    assert event["data"]["object"]["id"] == made.refund_id
    for name in ("evt_a", "evt_b"):
        post(client, {**event, "id": name})
    process_waiting()
    payment.refresh_from_db()
    assert (payment.refunded_minor, Refund.objects.get().reason) == (300, "made at Stripe")
    assert [finding for finding in run_audit() if finding.invariant[:2] in ("M1", "M5", "M7")] == []


def test_old_bodies_are_dropped_and_their_facts_stay(client):
    post(client, EVENT)
    StripeEvent.objects.update(status="done", received_at=timezone.now() - timedelta(days=91))
    assert drop_bodies(old_bodies(90)) == 1
    assert not old_bodies(90).exists()
    event = StripeEvent.objects.get()
    assert (event.body, event.stripe_id, event.type) == ("", "evt_1", "checkout.session.completed")
