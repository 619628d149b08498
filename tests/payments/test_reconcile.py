"""Reconciling names every planted difference with its cause and what mends it."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from payments.models import BalanceTransaction, Dispute, Payment, Payout, Posting, Refund, RefundRequest
from payments.reconcile import Difference, reconcile
from payments.refunds import left_to_refund
from payments.sessions import start_payment
from payments.settlement import settle
from payments.tasks import reconcile_stripe
from shop.operations.audit import run_audit
from tests.factories import make_order
from tests.guards.registry import execute
from tests.payments.reconciling import AT_ONCE, age_by_three_days, delete_journals, differences

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(stripe_desk):
    stripe_desk.start_over()
    yield stripe_desk
    stripe_desk.start_over()


@pytest.fixture
def payment(desk) -> Payment:
    payment = start_payment(make_order().pk)
    desk.pay(payment.session_url, AT_ONCE)
    return settle(payment.pk)


def let_time_pass() -> None:
    execute(
        "SET LOCAL session_replication_role = replica",
        "UPDATE payments_journal SET created_at = created_at - interval '1 hour'",
        "SET LOCAL session_replication_role = origin",
    )


def account(name: str) -> int:
    return sum(Posting.objects.filter(account=name).values_list("amount_minor", flat=True))


def test_a_shop_without_differences_ends_with_0(payment, desk, capsys):
    desk.pay_out()
    for said in ("2 balance transactions and 1 payouts", "2 balance transactions and 1 payouts"):
        call_command("reconcile")
        assert capsys.readouterr().out.startswith(said)
    assert (account("stripe"), account("bank"), account("fees")) == (0, 2771, 119)
    assert run_audit() == []


def test_a_refund_whose_webhook_was_lost_is_booked(payment, desk, capsys):
    refund = desk.refund(payment.payment_intent_id, amount=300)
    call_command("reconcile", "--json")
    report = json.loads(capsys.readouterr().out)
    cause = f"it was made in Stripe's dashboard for {payment.order.number}, and no webhook said so"
    assert (report["booked"], report["differences"]) == ([{"key": f"refund {refund['id']}", "cause": cause}], [])
    assert Refund.objects.get().provider_ref == refund["id"]
    assert RefundRequest.objects.get().is_to_assign
    assert run_audit() == []


def test_a_refund_of_ours_whose_answers_were_all_lost_is_booked_on_its_own_row(payment, desk):
    ours = Refund.objects.create(payment=payment, amount_minor=300, currency="EUR")
    made = desk.post("refunds", payment_intent=payment.payment_intent_id, amount=300, **{"metadata[refund]": ours.key})
    report = reconcile(timezone.now() - timedelta(days=2))
    assert report.differences == []
    ours.refresh_from_db()
    assert (ours.provider_ref, ours.status, Refund.objects.count()) == (made["id"], "succeeded", 1)


def test_a_refund_without_a_reason_is_booked_as_goodwill(payment, desk):
    desk.refund(payment.payment_intent_id, amount=300)
    assert differences() == []
    delete_journals("j.kind = 'goodwill'")
    Refund.objects.update(request=None)
    RefundRequest.objects.all().delete()
    assert [finding.invariant[:3] for finding in run_audit()] == ["M13"]
    (booked,) = reconcile(timezone.now() - timedelta(days=2)).booked
    assert booked.cause.startswith("it had no reason in the books")
    assert (RefundRequest.objects.get().goodwill_minor, run_audit()) == (300, [])


@pytest.mark.parametrize("end", ["", "win", "lose"])
def test_a_dispute_whose_webhooks_were_lost_is_booked_with_its_fee(payment, desk, end):
    since = timezone.now() - timedelta(days=2)
    dispute = desk.dispute(payment.payment_intent_id)
    (booked,) = reconcile(since).booked
    assert booked.cause == f"it moved money of {payment.order.number}, and no webhook said so"
    if end:
        desk.decide(dispute["id"], end)
        assert [booked.key for booked in reconcile(since).booked] == [f"dispute {dispute['id']}"]
    assert differences() == []
    lost, held = {"": (0, 2890), "win": (0, 0), "lose": (2890, 0)}[end]
    assert (account("disputes"), account("disputed"), account("fees")) == (lost, held, 119 + 2000)
    age_by_three_days()
    assert [str(finding) for finding in run_audit()] == []


def test_a_refund_that_failed_belongs_to_the_refund_and_not_to_the_charge(payment, desk):
    refund = desk.refund(payment.payment_intent_id, amount=300)
    differences()
    desk.by_hand(f"refunds/{refund['id']}/fail")
    assert differences() == []


def test_a_charge_without_an_order_is_named_until_it_is_set_aside(desk, capsys):
    charge = desk.paid_intent()["latest_charge"]
    (found,) = differences()
    assert found == Difference(
        charge["id"],
        2400,
        "EUR",
        "the charge belongs to no order: it was made outside this shop, or the order was lost",
        f"assign or refund it in Stripe's dashboard; manage.py reconcile --set-aside {charge['id']}",
    )
    with pytest.raises(SystemExit) as ended:
        call_command("reconcile")
    assert ended.value.code == 1
    call_command("reconcile", "--set-aside", charge["id"])
    assert differences() == []
    assert (account("unassigned"), account("stripe"), account("fees")) == (-2400, 2297, 103)


def test_a_payment_of_an_order_cannot_be_set_aside(payment):
    differences()
    with pytest.raises(CommandError, match="belongs to an order"):
        call_command("reconcile", "--set-aside", payment.charge_id)


def test_a_changed_fee_is_named_and_its_correction_booked_once(payment, desk):
    assert differences() == []
    transaction = BalanceTransaction.objects.get()
    desk.edit(transaction.stripe_id, fee=130, net=2760)
    (found,) = differences()
    assert (found.key, found.amount_minor) == (transaction.stripe_id, 11)
    assert found.cause == "the fee at Stripe is 130, and 119 was stored before"
    for _ in range(2):
        call_command("reconcile", "--mend", transaction.stripe_id)
    assert differences() == []
    assert account("fees") == 130
    assert run_audit() == []


def test_a_fee_missing_in_the_books_is_booked_again(payment):
    assert differences() == []
    delete_journals("j.kind = 'fee'")
    assert differences() == []
    assert account("fees") == 119


def test_a_payout_that_is_a_cent_short_is_named(payment, desk):
    differences()
    payout = desk.pay_out(short_by=1)
    (found,) = differences()
    assert (found.key, found.amount_minor) == (payout["id"], -1)
    assert found.cause == "the payout is 2770, and its transactions come to 2771"
    assert found.mend == f"ask Stripe why, naming {payout['id']}"
    assert account("bank") == 2770


def test_a_payout_whose_amount_was_changed_in_our_row_is_named(payment, desk):
    differences()
    desk.pay_out()
    differences()
    Payout.objects.update(amount_minor=2700)
    assert [(found.amount_minor, found.cause) for found in differences()] == [
        (-71, "the payout is 2700, and its transactions come to 2771"),
        (-71, "the payout is pending, and the books say 2771 reached the bank"),
    ]


def test_a_capture_deleted_by_a_superuser_is_named_and_booked_again(payment, capsys):
    assert differences() == []
    delete_journals("j.kind = 'capture'")
    (found,) = differences()
    assert (found.key, found.amount_minor) == (payment.charge_id, 2890)
    assert found.cause == (f"the charge of {payment.order.number} is not in the books, though its row says captured")
    assert found.mend == f"manage.py reconcile --mend {payment.charge_id}"
    call_command("reconcile", "--mend", payment.charge_id)
    assert differences() == []
    assert run_audit() == []
    with pytest.raises(CommandError, match="is in the books already"):
        call_command("reconcile", "--mend", payment.charge_id)


def test_a_refund_deleted_by_a_superuser_is_named_and_booked_again(payment, desk):
    refund = desk.refund(payment.payment_intent_id, amount=300)
    assert differences() == []
    delete_journals("j.kind = 'refund'")
    (found,) = differences()
    assert (found.key, found.amount_minor) == (refund["id"], -300)
    call_command("reconcile", "--mend", refund["id"])
    assert differences() == []


def test_a_refund_that_is_still_pending_is_not_booked_by_hand(payment, desk):
    refund = desk.refund(payment.payment_intent_id, amount=300, status="pending")
    assert differences() == []
    assert Refund.objects.get().status == "pending"
    with pytest.raises(CommandError, match="has not succeeded at Stripe yet"):
        call_command("reconcile", "--mend", refund["id"])
    desk.by_hand(f"refunds/{refund['id']}/succeed")
    assert differences() == []
    payment.refresh_from_db()
    assert (payment.refunded_minor, run_audit()) == (300, [])


@pytest.mark.parametrize("kind", ["dispute", "dispute_lost"])
def test_a_dispute_deleted_by_a_superuser_is_named_and_booked_again(payment, desk, kind):
    dispute = desk.dispute(payment.payment_intent_id)
    assert differences() == []
    desk.decide(dispute["id"], "lose")
    assert differences() == []
    delete_journals(f"j.kind = '{kind}'")
    assert [finding.invariant[:3] for finding in run_audit()][-1] == "M18"
    if kind == "dispute":  # the sweep books it as it books what a lost webhook would have told
        report = reconcile(timezone.now() - timedelta(days=2))
        assert [booked.key for booked in report.booked] == [f"dispute {dispute['id']}"]
    else:
        call_command("reconcile", "--mend", dispute["id"])
    assert (differences(), run_audit()) == ([], [])
    with pytest.raises(CommandError, match="is in the books already"):
        call_command("reconcile", "--mend", dispute["id"])


def test_mending_a_dispute_takes_its_amount_out_of_what_can_be_refunded(payment, desk):
    dispute = desk.dispute(payment.payment_intent_id)
    assert differences() == []
    delete_journals("j.kind = 'dispute'")  # as if only the event about the new dispute had arrived
    Dispute.objects.update(withdrawn_minor=0)
    Payment.objects.update(disputed_minor=0)
    call_command("reconcile", "--mend", dispute["id"])
    payment.refresh_from_db()
    assert (payment.disputed_minor, left_to_refund(payment)) == (payment.captured_minor, 0)
    assert run_audit() == []


def test_a_sale_deleted_by_a_superuser_is_named_by_the_audit_and_booked_again(payment):
    assert differences() == []
    number = payment.order.number
    delete_journals("j.kind = 'sale'")
    named = [str(finding) for finding in run_audit()]
    assert named == [
        f"M7 what shoppers owe follows from orders and payments: order {number}: books say -2890 is owed, "
        "order and payments say 0"
    ]
    call_command("reconcile", "--mend", number)
    assert (differences(), run_audit()) == ([], [])
    with pytest.raises(CommandError, match="is in the books already"):
        call_command("reconcile", "--mend", number)


def test_a_payout_deleted_by_a_superuser_is_named_by_the_audit_and_booked_again(payment, desk):
    differences()
    payout = desk.pay_out()
    assert differences() == []
    delete_journals("j.kind = 'payout'")
    (named,) = [str(finding) for finding in run_audit()]
    assert f"payout {payout['id']}: is pending over 2771, books say 0" in named
    call_command("reconcile", "--mend", payout["id"])
    assert (differences(), run_audit()) == ([], [])


def test_a_page_that_stripe_puts_off_is_asked_for_again(payment, desk, monkeypatch):
    monkeypatch.setattr("payments.gateway.calls.FIRST_PAUSE_SECONDS", 0)
    monkeypatch.setattr("payments.gateway.balance.EXPANDED_PAGE_SIZE", 1)
    desk.refund(payment.payment_intent_id, amount=300)
    desk.switch(**{"429": "5 GET"})
    report = reconcile(timezone.now() - timedelta(days=2))
    assert (report.transactions, report.differences) == (2, [])


def test_a_journal_for_which_stripe_moved_nothing_is_named(payment):
    let_time_pass()
    Payment.objects.filter(pk=payment.pk).update(charge_id="ch_gone", payment_intent_id="pi_gone")
    execute(
        "SET LOCAL session_replication_role = replica",
        "UPDATE payments_journal SET provider_ref = 'ch_gone' WHERE kind = 'capture'",
        "SET LOCAL session_replication_role = origin",
    )
    Payment.objects.filter(pk=payment.pk).update(key="00000000-0000-4000-8000-000000000000")
    assert ("ch_gone", -2890) in [(found.key, found.amount_minor) for found in differences()]


def test_a_movement_older_than_what_was_read_is_looked_up_for_a_younger_journal(payment):
    let_time_pass()
    started = timezone.now() - timedelta(hours=2)
    BalanceTransaction.objects.all().delete()
    report = reconcile(started)
    assert report.differences == []


def test_a_refund_that_is_on_its_way_is_no_difference(payment, desk):
    desk.refund(payment.payment_intent_id, amount=300, status="pending")
    assert differences() == []
    assert Refund.objects.get().status == "pending"


@pytest.mark.parametrize("text", ["2", "0d", "2w", "-1d", ""])
def test_a_span_of_time_that_is_none_is_refused(text):
    with pytest.raises(CommandError, match="is not like 36h or 30d"):
        call_command("reconcile", f"--since={text}")


def test_an_unanswered_question_ends_with_one_sentence(payment, desk):
    desk.switch(**{"500": "all"})
    with pytest.raises(CommandError, match="Stripe did not answer"):
        call_command("reconcile")


@pytest.mark.parametrize("job", ["reconcile-stripe", "reconcile-month"])
def test_the_jobs_book_what_was_missed(desk, capsys, job):
    payment = start_payment(make_order().pk)
    desk.pay(payment.session_url, AT_ONCE)
    call_command("run", job)
    assert capsys.readouterr().out.strip() == "Differences from Stripe: 0"
    payment.refresh_from_db()
    assert (payment.status, account("fees")) == ("captured", 119)


def test_a_job_that_stripe_does_not_answer_ends_without_an_error(desk, caplog):
    desk.switch(**{"500": "all"})
    assert reconcile_stripe() == 0
    assert "not reconciled, because Stripe did not answer" in caplog.text
