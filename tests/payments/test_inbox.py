"""The inbox stores only events signed by Stripe, once each, and retries them until they are processed."""

import json
import re

import pytest
import time_machine
from django.conf import settings
from django.db import OperationalError

from payments.event_handlers import HANDLERS
from payments.inbox import (
    process_waiting,
)
from payments.models import StripeEvent
from payments.sessions import start_payment
from tests.factories import make_order
from tests.payments.webhooks import EVENT, post
from tests.stripe_desk import signed

pytestmark = pytest.mark.django_db


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


def test_the_readme_names_every_type_of_event_that_has_a_handler():
    readme = (settings.BASE_DIR / "README.md").read_text()
    named = tuple(re.findall(r"`([a-z_.]+\.)\*`", readme))
    assert {start for start in HANDLERS if not start.startswith(named)} == set()
