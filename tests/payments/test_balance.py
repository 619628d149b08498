"""Fees and payouts stand in the books as Stripe takes and makes them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from payments import gateway
from payments.balance import take_over_entry, take_over_listed, take_over_payout
from payments.inbox import process, receive
from payments.models import BalanceTransaction, Journal, Payment, Payout, Posting, RefundRequest, StripeEvent
from payments.sessions import start_payment
from payments.settlement import settle
from shop.operations.audit import run_audit
from tests.factories import make_order
from tests.guards.registry import execute
from tests.stripe_desk import signed

pytestmark = pytest.mark.django_db
AT_ONCE = "4000000000000077"  # this test card's money is available at once


@pytest.fixture
def desk(stripe_desk):
    stripe_desk.start_over()
    yield stripe_desk
    stripe_desk.start_over()


def pay_order(desk, card=AT_ONCE) -> Payment:
    payment = start_payment(make_order().pk)
    desk.pay(payment.session_url, card)
    return payment


def take_over_all() -> list[str]:
    entries = reversed(list(gateway.list_balance(since=timezone.now() - timedelta(days=1))))
    return [str(booked) for entry in entries for booked in take_over_entry(entry)]


def take_over_payouts() -> list[Payout]:
    states = list(gateway.list_payouts(timezone.now() - timedelta(days=1)))
    return [take_over_listed(state) for state in states]


def balances() -> dict[str, int]:
    sums: dict[str, int] = {}
    for posting in Posting.objects.all():
        sums[posting.account] = sums.get(posting.account, 0) + posting.amount_minor
    return {account: minor for account, minor in sums.items() if minor}


def postings_of(kind: str) -> list[tuple[str, int]]:
    return list(Posting.objects.filter(journal__kind=kind).values_list("account", "amount_minor"))


def test_the_fee_of_a_payment_is_booked_once(desk):
    payment = settle(pay_order(desk).pk)
    for _ in range(2):
        assert take_over_all() == []
    (stored,) = BalanceTransaction.objects.all()
    assert (stored.type, stored.amount_minor, stored.fee_minor, stored.payment_id) == ("charge", 2890, 119, payment.pk)
    assert (stored.source, stored.net_minor, stored.currency) == (payment.charge_id, 2771, "EUR")
    assert Journal.objects.filter(kind="fee").values_list("provider_ref", "payment", "order").get() == (
        stored.stripe_id,
        payment.pk,
        payment.order_id,
    )
    assert postings_of("fee") == [("fees", 119), ("stripe", -119)]
    assert run_audit() == []


def test_a_payment_that_no_webhook_announced_is_settled(desk):
    payment = pay_order(desk)
    (told,) = take_over_all()
    payment.refresh_from_db()
    assert told == f"payment {payment.charge_id}: {payment.order.number} was paid, and no webhook said so"
    assert (payment.status, payment.order.status) == ("captured", "confirmed")
    assert balances()["stripe"] == 2890 - 119


def test_a_refund_made_in_the_dashboard_is_booked_as_goodwill_though_its_webhook_was_lost(desk):
    payment = settle(pay_order(desk).pk)
    refund = desk.refund(payment.payment_intent_id, amount=500)
    (told,) = take_over_all()
    number = payment.order.number
    assert told == (f"refund {refund['id']}: it was made in Stripe's dashboard for {number}, and no webhook said so")
    assert RefundRequest.objects.get().goodwill_minor == 500
    assert balances() == {"stripe": 2271, "sales": -2017, "shipping": -412, "tax": -461, "goodwill": 500, "fees": 119}
    assert take_over_all() == []
    assert run_audit() == []


def test_a_refund_that_failed_later_is_booked_back_though_its_webhook_was_lost(desk):
    payment = settle(pay_order(desk).pk)
    refund = desk.refund(payment.payment_intent_id, amount=500)
    take_over_all()
    desk.by_hand(f"refunds/{refund['id']}/fail")
    assert take_over_all() == [f"refund {refund['id']}: it failed at Stripe, and no webhook said so"]
    assert balances()["stripe"] == 2890 - 119
    assert sorted(BalanceTransaction.objects.values_list("type", flat=True)) == ["charge", "refund", "refund_failure"]


def test_a_payout_moves_the_money_to_the_bank_and_equals_its_transactions(desk):
    pay_order(desk)
    take_over_all()
    made = desk.pay_out()
    for _ in range(2):
        (payout,) = take_over_payouts()
    assert (payout.stripe_id, payout.amount_minor, payout.status) == (made["id"], 2771, "pending")
    assert postings_of("payout") == [("bank", 2771), ("stripe", -2771)]
    assert sorted(payout.balance_transactions.values_list("type", "net_minor")) == [("charge", 2771), ("payout", -2771)]
    assert balances() == {"bank": 2771, "sales": -2017, "shipping": -412, "tax": -461, "fees": 119}
    assert run_audit() == []


def test_a_payout_that_the_bank_returns_is_booked_back_and_stays_returned(desk):
    pay_order(desk)
    take_over_all()
    old = gateway.retrieve_payout(desk.pay_out()["id"])
    take_over_payout(old)
    desk.by_hand(f"payouts/{old.payout_id}/fail")
    for state in (gateway.retrieve_payout(old.payout_id), old):
        assert take_over_payout(state).status == "failed"
    assert postings_of("payout_failed") == [("stripe", 2771), ("bank", -2771)]
    assert balances() == {"stripe": 2771, "sales": -2017, "shipping": -412, "tax": -461, "fees": 119}
    assert Payout.objects.get().failure == "The bank account has been closed."


def test_lists_are_read_page_by_page_through_failures(desk, monkeypatch):
    monkeypatch.setattr("payments.gateway.balance.EXPANDED_PAGE_SIZE", 1)
    for _ in range(3):
        desk.paid_intent()
    desk.switch(**{"500": "4"})
    assert len(list(gateway.list_balance(since=timezone.now() - timedelta(days=1)))) == 3


def test_what_no_order_is_known_for_still_costs_its_fee(desk):
    desk.paid_intent()
    assert take_over_all() == []
    assert BalanceTransaction.objects.get().payment is None
    assert balances() == {"fees": 103, "stripe": -103}


def test_webhooks_book_a_payout_on_its_way_and_back(desk):
    settle(pay_order(desk).pk)
    payout = desk.pay_out()
    desk.by_hand(f"payouts/{payout['id']}/fail")
    for event in desk.events_about(payout["id"], "payout.created", "payout.failed"):
        process(receive(*signed(event)).pk)
    assert set(StripeEvent.objects.values_list("status", flat=True)) == {"done"}
    assert Payout.objects.values_list("status", "is_itemized").get() == ("failed", True)
    assert "bank" not in balances()


def findings(code: str) -> list[str]:
    return [f"{finding.key}: {finding.problem}" for finding in run_audit() if finding.invariant.startswith(code)]


@pytest.fixture
def paid_out(desk):
    """A payment whose fee is booked and whose money is on the bank account, all three days ago."""
    first, second = pay_order(desk), pay_order(desk)
    take_over_all()
    desk.pay_out()
    take_over_payouts()
    execute("SET LOCAL session_replication_role = replica")  # as a superuser can
    three_days_ago = timezone.now() - timedelta(days=3)
    Journal.objects.update(created_at=three_days_ago)
    BalanceTransaction.objects.update(created_at=three_days_ago)
    for payment in (first, second):
        Payment.objects.filter(pk=payment.pk).update(captured_at=three_days_ago)
        payment.refresh_from_db()
    BalanceTransaction.objects.filter(payment=first).update(created_at=three_days_ago - timedelta(hours=1))
    assert run_audit() == []
    return second


def test_a_payment_without_a_balance_transaction_is_found_after_two_days(paid_out):
    BalanceTransaction.objects.filter(payment=paid_out).delete()
    (missing,) = findings("M20")
    assert missing.startswith(f"payment {paid_out.pk}: captured 2890 at ")
    assert f"journal {paid_out.journals.get(kind='capture').pk}: capture {paid_out.charge_id}" in findings("M22")[0]
    Payment.objects.filter(pk=paid_out.pk).update(captured_at=timezone.now() - timedelta(hours=47))
    assert findings("M20") == []


def test_a_fee_that_differs_from_the_books_is_found(paid_out):
    transaction = BalanceTransaction.objects.get(payment=paid_out)
    BalanceTransaction.objects.filter(pk=transaction.pk).update(fee_minor=120, net_minor=2770)
    assert findings("M20") == [f"balance transaction {transaction.stripe_id}: fee 120, books 119"]


def test_a_payout_that_is_a_cent_short_is_found(desk):
    settle(pay_order(desk).pk)
    take_over_all()
    payout = desk.pay_out(short_by=1)
    take_over_payouts()
    assert findings("M21") == [f"payout {payout['id']}: amount 2770, its transactions 2771"]


def test_a_payout_that_differs_from_the_books_is_found(paid_out):
    Payout.objects.update(status="failed")
    assert findings("M21") == [f"payout {Payout.objects.get().stripe_id}: is failed over 5542, books say 5542"]


def test_a_journal_that_was_deleted_is_found(paid_out):
    execute(
        f"DELETE FROM payments_posting p USING payments_journal j WHERE j.id = p.journal_id AND j.kind = 'capture' AND j.payment_id = {paid_out.pk}",
        f"DELETE FROM payments_journal WHERE kind = 'capture' AND payment_id = {paid_out.pk}",
    )
    assert findings("M22") == [f"source {paid_out.charge_id}: moved 2890 EUR at Stripe, books say 0"]


def test_a_charge_without_an_order_is_found_after_two_days(desk):
    charge = desk.paid_intent()["latest_charge"]
    take_over_all()
    assert run_audit() == []
    BalanceTransaction.objects.update(created_at=timezone.now() - timedelta(days=3))
    assert findings("M22") == [f"source {charge['id']}: moved 2400 EUR at Stripe, books say 0"]
