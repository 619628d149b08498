"""Money goes back once, and never more than came."""

import pytest

from payments import gateway
from payments.errors import GatewayDown, RefundRefused
from payments.gateway import RefundState, calls
from payments.models import Payment, Refund
from payments.refunds import carry_out, carry_out_waiting, request_refund, take_over_refund
from payments.sessions import start_payment
from payments.settlement import settle
from shop.operations.audit import run_audit
from tests.factories import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment(stripe_desk):
    payment = start_payment(make_order().pk)
    stripe_desk.pay(payment.session_url)
    return settle(payment.pk)


@pytest.mark.fault("F073")
def test_never_more_than_is_left(payment):
    request_refund(payment, payment.captured_minor - 1, reason="part")
    request_refund(payment, 1, reason="rest")
    for amount in (1, 0, -5):
        with pytest.raises(RefundRefused, match="Only €0.00 of this payment"):
            request_refund(payment, amount, reason="more")


def test_a_refund_is_carried_out_once(payment, stripe_desk):
    refund = request_refund(payment, 100, reason="part")
    assert carry_out(refund.pk).status == "succeeded"
    assert carry_out(refund.pk).status == "succeeded"
    payment.refresh_from_db()
    assert payment.refunded_minor == 100
    assert len(stripe_desk.call("refunds", payment_intent=payment.payment_intent_id)["data"]) == 1


@pytest.mark.fault("F069")
def test_a_lost_answer_is_asked_for_again(payment, stripe_desk):
    refund = request_refund(payment, 100, reason="part")
    stripe_desk.switch(lose="3")
    with pytest.raises(GatewayDown):
        carry_out(refund.pk)
    assert Refund.objects.get().attempts == 1
    assert carry_out_waiting() == 0  # not yet its time
    Refund.objects.update(next_try_at=refund.created_at)
    assert carry_out_waiting() == 1
    assert len(stripe_desk.call("refunds", payment_intent=payment.payment_intent_id)["data"]) == 1
    assert Payment.objects.get().refunded_minor == 100


@pytest.mark.parametrize("failure", ["fail", "fail_late"])
def test_a_failure_that_stripe_repeats_for_a_refund_is_asked_around_and_the_money_goes_back_once(
    payment, stripe_desk, failure
):
    refund = request_refund(payment, 100, reason="part")
    stripe_desk.switch(**{failure: "1"})
    with pytest.raises(GatewayDown):
        carry_out(refund.pk)
    assert Refund.objects.get().key_attempt == 1
    assert carry_out(refund.pk).status == "succeeded"
    assert len(stripe_desk.call("refunds", payment_intent=payment.payment_intent_id)["data"]) == 1
    assert Payment.objects.get().refunded_minor == 100


def test_a_refund_that_got_no_answer_keeps_its_key(payment, stripe_desk):
    refund = request_refund(payment, 100, reason="part")
    stripe_desk.switch(**{"409": "3"})
    with pytest.raises(GatewayDown):
        carry_out(refund.pk)
    assert Refund.objects.get().key_attempt == 0


def test_a_refund_that_stripe_refuses_is_recorded_on_the_order(payment):
    refund = request_refund(payment, 100, reason="part")
    Payment.objects.update(payment_intent_id="pi_gone")
    assert carry_out(refund.pk).status == "failed"
    assert payment.order.events.filter(text__startswith="A refund was refused").count() == 1


def test_a_rotated_key_is_no_refusal(payment, settings):
    refund = request_refund(payment, 100, reason="part")
    settings.STRIPE_SECRET_KEY = "rk_other"
    calls.client.cache_clear()
    with pytest.raises(GatewayDown):
        carry_out(refund.pk)
    settings.STRIPE_SECRET_KEY = "sk_test_sandbox"
    calls.client.cache_clear()
    assert carry_out(refund.pk).status == "succeeded"


def test_a_refund_whose_key_stripe_has_forgotten_is_found_instead_of_made_again(payment, stripe_desk, monkeypatch):
    refund = request_refund(payment, payment.captured_minor, reason="all")
    stripe_desk.switch(lose="3")
    with pytest.raises(GatewayDown):
        carry_out(refund.pk)
    monkeypatch.setattr(gateway, "create_refund", lambda *a: pytest.fail("asked for again"))
    assert carry_out(refund.pk).status == "succeeded"
    assert Payment.objects.get().refunded_minor == payment.captured_minor


def test_an_older_answer_does_not_undo_a_failed_refund(payment):
    refund = carry_out(request_refund(payment, 100, reason="part").pk)
    old = gateway.retrieve_refund(refund.provider_ref or "")
    take_over_refund(refund, RefundState(refund.provider_ref or "", "failed", 100, "lost_or_stolen_card"))
    assert take_over_refund(refund, old).status == "failed"
    assert Payment.objects.get().refunded_minor == 0


def test_a_refused_question_does_not_fail_a_refund_that_stripe_knows(payment):
    refund = request_refund(payment, 100, reason="part")
    Refund.objects.update(status="pending", provider_ref="re_gone")
    assert carry_out(refund.pk).status == "pending"


@pytest.mark.fault("F071")
def test_a_refund_that_fails_days_later_is_booked_back(payment):
    refund = carry_out(request_refund(payment, 100, reason="part").pk)
    state = RefundState(refund.provider_ref or "", "failed", 100, "lost_or_stolen_card")
    assert take_over_refund(refund, state).status == "failed"
    payment.refresh_from_db()
    assert payment.refunded_minor == 0
    assert [finding for finding in run_audit() if finding.invariant[:2] in ("M0", "M1", "M5")] == []


def test_a_refund_that_takes_its_time_is_pending(payment):
    refund = request_refund(payment, 100, reason="part")
    assert take_over_refund(refund, RefundState("re_1", "pending", 100, "")).status == "pending"
    assert Payment.objects.get().refunded_minor == 0
    assert gateway.is_live() is False
