"""The inbox stores only events signed by Stripe, once each, and retries them until they are processed."""

import json
import re
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from payments import gateway
from payments.event_handlers import HANDLERS, UNKNOWN_OBJECT_ATTEMPTS
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
from tests.stripe_desk import signed

pytestmark = pytest.mark.django_db

EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "checkout.session.completed",
    "livemode": False,
    "data": {"object": {"id": "cs_unknown", "object": "checkout.session"}},
}


def post(client, event, *, signature=None, **fields):
    body, made = signed(event, **fields)
    headers = {"Stripe-Signature": made if signature is None else signature}
    return client.post("/payments/webhook/", body, content_type="application/json", headers=headers)


def test_a_signed_event_is_kept_as_it_came(client):
    assert post(client, EVENT).status_code == 200
    event = StripeEvent.objects.get()
    assert (event.stripe_id, event.type, event.account, event.livemode, event.object_id, event.status) == (
        "evt_1",
        "checkout.session.completed",
        "",
        False,
        "cs_unknown",
        "new",
    )
    assert json.loads(event.body) == EVENT


@pytest.mark.fault("F055")
@pytest.mark.parametrize("secret", ["whsec_first", "whsec_second"])
def test_old_and_new_secret_are_both_taken(client, secret):
    assert post(client, EVENT, secret=secret).status_code == 200


@pytest.mark.fault("F055")
@pytest.mark.parametrize(
    "signature",
    [
        "",
        "nonsense",
        "t=,v1=",
        "v1=abc",
        "t=1",
        "t=x,v1=y",
        "t=1,v0=abc",
        "t=99999999999999999999,v1=abc",
        "é",
        "t=1,v1=" + "0" * 5000,
    ],
)
def test_only_our_signatures_are_taken(client, signature):
    assert post(client, EVENT, signature=signature).status_code == 400
    assert post(client, EVENT, secret="whsec_wrong").status_code == 400
    body, made = signed(EVENT)
    other = client.post(
        "/payments/webhook/", body + b" ", content_type="application/json", headers={"Stripe-Signature": made}
    )
    assert other.status_code == 400
    assert StripeEvent.objects.count() == 0


@pytest.mark.fault("F056")
@pytest.mark.parametrize(("age", "status"), [(-301, 400), (-299, 200), (301, 400), (0, 200)])
def test_old_and_future_signatures_are_refused(client, age, status):
    with time_machine.travel(1_800_000_000, tick=False):
        assert post(client, EVENT, at=1_800_000_000 + age).status_code == status


@pytest.mark.fault("F058", "F061")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 411),
        (b"[]", 400),
        (b"null", 400),
        (b"\xff\xfe", 400),
        (b"[" * 10_000, 400),
        (json.dumps({**EVENT, "data": None}).encode(), 200),
        (json.dumps({**EVENT, "data": {}}).encode(), 200),
        (json.dumps({**EVENT, "data": {"object": []}}).encode(), 200),
        (json.dumps({**EVENT, "data": {"object": {}}}).encode(), 200),
        (json.dumps({**EVENT, "data": {"object": {"id": 5, "metadata": {"payment": "\x00"}}}}).encode(), 200),
        (json.dumps({**EVENT, "data": {"object": {"id": "cs_1", "payment_intent": "\ud800"}}}).encode(), 200),
        (json.dumps({**EVENT, "type": "person.updated"}).encode(), 200),
        (json.dumps({**EVENT, "type": "charge.dispute.created"}).encode(), 200),
    ],
)
def test_odd_bodies_do_no_harm(client, body, status):
    assert post(client, body).status_code == status
    assert StripeEvent.objects.count() == (status == 200)
    process_waiting()
    assert StripeEvent.objects.filter(last_error="").exclude(status="failed").count() == (status == 200)


THIN = {"id": "evt_thin", "object": "v2.core.event", "type": "v1.billing.meter.error_report_triggered"}


@pytest.mark.parametrize(
    "event",
    [
        THIN,
        {},
        {**EVENT, "object": None},
        {**EVENT, "id": 5},
        {**EVENT, "id": ""},
        {**EVENT, "id": None},
        {**EVENT, "livemode": True},
    ],
)
def test_events_for_somebody_else_are_answered_and_ignored(client, event):
    """Refused, it would come again for days, and Stripe would switch the endpoint off."""
    answer = post(client, event)
    assert (answer.status_code, answer.content) == (200, b"ignored")
    assert StripeEvent.objects.count() == 0


def test_an_event_of_a_connected_account_changes_nothing_whatever_its_marks_say(client, stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    dispute = {"id": "dp_1", "status": "lost", "metadata": {"payment": str(payment.key)}}
    post(client, {**EVENT, "account": "acct_1", "type": "charge.dispute.created", "data": {"object": dispute}})
    process_waiting()
    assert StripeEvent.objects.get().status == "ignored"
    assert not order.events.filter(text__startswith="Dispute").exists()


@pytest.mark.parametrize("character", ["\x00", "\ud800"])
@pytest.mark.parametrize("place", ["id", "type", "account", "object"])
def test_characters_that_no_text_can_hold_are_refused(client, place, character):
    text = f"evt_{character}"
    changes = {"data": {"object": {"id": text}}} if place == "object" else {place: text}
    answer = post(client, {**EVENT, **changes})
    assert (answer.status_code, StripeEvent.objects.count()) == (400, 0)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.fault("F061")
def test_a_body_beyond_the_limit_is_not_read(client):
    assert post(client, b" " * (256 * 1024 + 1)).status_code == 413
    response = client.generic("POST", "/payments/webhook/", b"", headers={"Content-Length": "x"})
    assert response.status_code == 411


@pytest.mark.fault("F066")
def test_only_post_and_no_session(client):
    assert client.get("/payments/webhook/").status_code == 405
    assert client.put("/payments/webhook/").status_code == 405
    assert post(client, EVENT).cookies == {}


@pytest.mark.fault("F062")
def test_without_a_database_the_answer_is_503(client, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(StripeEvent.objects, "bulk_create", away)
    response = post(client, EVENT)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


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


def test_the_readme_names_every_type_of_event_that_has_a_handler():
    readme = (settings.BASE_DIR / "README.md").read_text()
    named = tuple(re.findall(r"`([a-z_.]+\.)\*`", readme))
    assert {start for start in HANDLERS if not start.startswith(named)} == set()
