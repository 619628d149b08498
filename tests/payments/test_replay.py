"""Stored events can be processed again, and change nothing."""

from datetime import timedelta
from random import Random

import pytest
from django.core.management import call_command
from django.utils import timezone

from payments import event_handlers
from payments.inbox import process, receive
from payments.models import Journal, Payment, StripeEvent
from payments.replay import replay
from payments.sessions import start_payment
from tests.factories import make_order
from tests.stripe_desk import signed

pytestmark = pytest.mark.django_db
AT_ONCE = "4000000000000077"  # this test card's money is available at once


@pytest.fixture
def history(stripe_desk) -> list[StripeEvent]:
    """The events of two payments, a refund made at Stripe, and a payout, all processed."""
    stripe_desk.start_over()
    for _ in range(2):
        payment = start_payment(make_order().pk)
        stripe_desk.pay(payment.session_url, AT_ONCE)
    intent = stripe_desk.call("payment_intents", limit="1")["data"][0]["id"]
    stripe_desk.refund(intent, amount=300)
    stripe_desk.pay_out()
    for event in reversed(stripe_desk.call("events", limit="100")["data"]):
        process(receive(*signed(event)).pk)
    return list(StripeEvent.objects.all())


def test_shuffled_and_tripled_events_change_nothing(history):
    journals = Journal.objects.count()
    replayed = replay(timezone.now() - timedelta(days=2), copies=3, shuffle=Random(5))
    assert (replayed.events, replayed.deliveries, replayed.changes) == (len(history), 3 * len(history), [])
    assert (
        Journal.objects.count() == journals == 2 * 2 + 2 + 1 + 2
    )  # sales and captures; refund, goodwill; payout; fees
    assert set(StripeEvent.objects.values_list("status", flat=True)) == {"done", "ignored"}


def test_a_change_is_printed_and_ends_with_1(history, capsys, monkeypatch):
    monkeypatch.setitem(event_handlers.HANDLERS, "payout.", lambda *_: Payment.objects.update(flag="late") and "done")
    with pytest.raises(SystemExit) as ended:
        call_command("events", "replay", "--since=1d", "--shuffle", "--duplicate=2")
    assert ended.value.code == 1
    changed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("+ payment")]
    assert len(changed) == 2
    assert all("is captured late" in line for line in changed)


def test_the_command_says_what_it_replayed(history, capsys):
    call_command("events", "replay", "--duplicate=3")
    count = len(history)
    assert capsys.readouterr().out.strip() == f"{count} events processed again in {3 * count} deliveries: 0 changes."


def test_events_are_listed_and_failed_ones_queued_again(history, capsys):
    event = history[0]
    StripeEvent.objects.filter(pk=event.pk).update(status="failed", attempts=15, last_error="boom")
    call_command("events", "list", "--status=failed")
    assert capsys.readouterr().out.strip().endswith(f"{event.stripe_id} {event.type} failed, 15 attempts: boom")
    call_command("events", "retry")
    assert capsys.readouterr().out.strip() == "1 events queued again."
    event.refresh_from_db()
    assert (event.status, event.attempts) == ("new", 0)
