"""Reconciling, webhooks and staff handle the same money at the same moment, and book it once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from payments import gateway
from payments.disputes import answer, take_over_dispute
from payments.errors import PaymentError
from payments.inbox import process, receive
from payments.models import Dispute, Journal, Payment, Payout, Refund, RefundRequest, StripeEvent
from payments.reconcile import reconcile
from payments.refund_plans import RefundChoice
from payments.refund_requests import ask_refund
from payments.refunds import carry_out_waiting, note_foreign_refund
from payments.sessions import start_payment
from payments.settlement import settle
from shop.operations.audit import run_audit
from tests.factories import make_order, make_user
from tests.stripe_desk import signed

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = "4000000000000077"  # this test card's money is available at once


@pytest.fixture
def desk(stripe_desk):
    stripe_desk.start_over()
    yield stripe_desk
    stripe_desk.start_over()


@pytest.fixture
def payment(desk) -> Payment:
    """A payment of 28.90 that was made, of which nobody has heard yet."""
    payment = start_payment(make_order().pk)
    desk.pay(payment.session_url, AT_ONCE)
    return payment


def read_all():
    return reconcile(timezone.now() - timedelta(days=1))


def received(event: dict) -> StripeEvent:
    return receive(*signed(event))


def errors_in(results: list) -> list[Exception]:
    return [result for result in results if isinstance(result, Exception)]


def journals(*kinds: str) -> list[str]:
    return list(Journal.objects.filter(kind__in=kinds).order_by("kind").values_list("kind", flat=True))


def assert_even() -> None:
    """Nothing is left to book, nothing differs, and the books agree with everything else."""
    report = read_all()
    assert (report.booked, report.differences, run_audit()) == ([], [], [])


def test_a_payment_that_a_return_page_and_two_sweeps_find_together_is_booked_once(at_once, payment):
    assert errors_in(at_once(lambda: settle(payment.pk), read_all, read_all)) == []
    assert journals("sale", "capture", "fee") == ["capture", "fee", "sale"]
    assert_even()


def test_a_refund_of_the_dashboard_that_a_webhook_and_two_sweeps_find_together_is_booked_once(at_once, payment, desk):
    settle(payment.pk)
    desk.refund(Payment.objects.get().payment_intent_id, amount=300)
    event = received(desk.events_about(Payment.objects.get().payment_intent_id, "refund.created")[0])
    assert errors_in(at_once(lambda: process(event.pk), read_all, read_all)) == []
    assert (Refund.objects.count(), RefundRequest.objects.count()) == (1, 1)
    assert journals("refund", "goodwill") == ["goodwill", "refund"]
    assert_even()


def test_a_refund_of_the_dashboard_that_four_hear_of_together_is_recorded_once(at_once, payment, desk):
    settled = settle(payment.pk)
    state = gateway.retrieve_refund(desk.refund(settled.payment_intent_id, amount=300)["id"])
    assert errors_in(at_once(*(lambda: note_foreign_refund(settled, state).pk for _ in range(4)))) == []
    assert (Refund.objects.count(), Payment.objects.get().refunded_minor) == (1, 300)
    assert run_audit() == []


def test_a_refund_by_staff_that_a_worker_and_two_sweeps_carry_on_together_is_paid_once(at_once, payment, desk):
    order = settle(payment.pk).order
    ask_refund(order, RefundChoice(goodwill_minor=500), make_user(is_superuser=True))
    results = at_once(carry_out_waiting, read_all, carry_out_waiting, read_all)
    assert [error for error in errors_in(results) if not isinstance(error, PaymentError)] == []
    carry_out_waiting()
    assert len(desk.call("refunds")["data"]) == Refund.objects.count() == 1
    assert journals("refund", "goodwill", "reversal") == ["refund", "reversal"]
    assert_even()


def test_a_payout_that_a_webhook_and_two_sweeps_find_together_is_booked_once(at_once, payment, desk):
    settle(payment.pk)
    made = desk.pay_out()
    event = received(desk.events_about(made["id"])[0])
    assert errors_in(at_once(lambda: process(event.pk), read_all, read_all)) == []
    assert journals("payout") == ["payout"]
    assert Payout.objects.get().balance_transactions.count() == 2
    assert_even()


@pytest.fixture
def dispute(payment, desk) -> str:
    """The ID of a dispute of the whole payment, of which nobody has heard yet."""
    settle(payment.pk)
    return desk.dispute(Payment.objects.get().payment_intent_id)["id"]


@pytest.mark.fault("F074")
def test_a_dispute_that_a_webhook_and_two_sweeps_find_together_takes_the_money_once(at_once, payment, dispute):
    hear = [lambda: take_over_dispute(Payment.objects.get(), gateway.retrieve_dispute(dispute)) for _ in range(2)]
    assert errors_in(at_once(*hear, read_all, read_all)) == []
    assert journals("dispute") == ["dispute"]
    assert Payment.objects.get().disputed_minor == Dispute.objects.get().withdrawn_minor == 2890
    assert payment.order.events.filter(text__startswith="Dispute of").count() == 1
    assert_even()


@pytest.mark.fault("F074")
def test_staff_who_answer_a_dispute_while_webhooks_arrive_send_one_answer(at_once, payment, dispute, desk):
    row = take_over_dispute(Payment.objects.get(), gateway.retrieve_dispute(dispute))
    staff = [make_user(), make_user()]
    answers = [
        lambda user=user: answer(row, {"uncategorized_text": user.email}, user_id=user.pk).status for user in staff
    ]
    hear = lambda: take_over_dispute(Payment.objects.get(), gateway.retrieve_dispute(dispute))  # noqa: E731
    results = at_once(*answers, hear, hear)
    assert [error for error in errors_in(results) if not isinstance(error, PaymentError)] == []
    assert "under_review" in results
    sent = desk.call(f"disputes/{dispute}")
    assert sent["evidence_details"]["submission_count"] == 1
    assert sent["evidence"]["uncategorized_text"] in [user.email for user in staff]
    read_all()
    row.refresh_from_db()
    assert (row.status, row.answered_by in staff) == ("under_review", True)
    assert_even()


@pytest.mark.fault("F074")
def test_an_answer_to_a_dispute_that_is_lost_at_the_same_moment_leaves_it_lost(at_once, payment, dispute, desk):
    row = take_over_dispute(Payment.objects.get(), gateway.retrieve_dispute(dispute))
    user = make_user()
    before = gateway.retrieve_dispute(dispute)
    desk.decide(dispute, "lose")
    lost = gateway.retrieve_dispute(dispute)
    news = [lambda state=state: take_over_dispute(Payment.objects.get(), state) for state in (lost, before, lost)]
    results = at_once(lambda: answer(row, {"uncategorized_text": "Late"}, user_id=user.pk), *news, read_all)
    assert [error for error in errors_in(results) if not isinstance(error, PaymentError)] == []
    assert Dispute.objects.get().status == "lost"
    assert journals("dispute", "dispute_lost") == ["dispute", "dispute_lost"]
    assert_even()
