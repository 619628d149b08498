"""Payments by transfer, by invoice and in cash: what confirms an order, what the books say, and what is refused."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from orders.errors import OrderChanged
from orders.models import Order
from payments import ledger
from payments.cancellation import cancel_order, expire_unpaid, reopen
from payments.errors import MoneyRefused, NotPayable, StillProcessing
from payments.models import OfflineMethod, Payment, ReceivedMoney, Refund
from payments.offline import mark_sent, pay_online_instead
from payments.offline_mails import send_reminders
from payments.offline_methods import create_methods
from payments.offline_notes import note_of
from payments.reconciliation import reconcile_open
from payments.refund_plans import RefundChoice
from payments.refund_requests import ask_refund
from payments.refunds import carry_out_waiting
from payments.sessions import start_payment
from payments.settlement import settle
from shop.models import Mail
from shop.operations.audit import run_audit
from tests.factories import (
    make_cart,
    make_gift_card,
    make_location,
    make_offline_method,
    make_order,
    make_shipping,
    make_tax,
    make_user,
    make_variant,
    place,
    stock_of,
    with_codes,
)
from tests.payments.offline_steps import (
    journals_of,
    make_invoice_order,
    make_pickup_order,
    make_transfer_order,
    payment_of,
    receive,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_user(is_superuser=True, is_staff=True)


@pytest.fixture(autouse=True)
def delivery():
    make_location()
    make_shipping()
    make_tax()


def state_of(order: Order) -> tuple[str, str, int]:
    order.refresh_from_db()
    payment = payment_of(order)
    return order.status, payment.status, payment.captured_minor


def mails(kind: str) -> int:
    return Mail.objects.filter(message_id__startswith=f"<{kind}.").count()


def test_a_new_shop_has_every_method_switched_off_and_staff_changes_stay():
    OfflineMethod.objects.all().delete()
    create_methods(using="default")
    OfflineMethod.objects.filter(code="invoice").update(name="On account")
    create_methods(using="default")
    rows = OfflineMethod.objects.values_list("code", "name", "is_on")
    assert list(rows) == [
        ("transfer", "Bank transfer", False),
        ("invoice", "On account", False),
        ("pickup", "Cash at pick-up", False),
    ]


def test_an_order_by_transfer_waits_with_its_stock_and_says_how_to_pay():
    order = make_transfer_order()
    payment = payment_of(order)
    assert (order.status, payment.status, payment.amount_minor) == ("placed", "open", 10000)
    last_day = timezone.localtime(order.placed_at).date() + timedelta(days=7)
    assert timezone.localtime(order.payment_due_at).date() == last_day
    assert payment.due_at == order.payment_due_at
    assert stock_of(order.lines.get().variant) == (10, 1)
    assert (mails("order_received"), mails("order_confirmed")) == (1, 0)
    body = Mail.objects.get(message_id__startswith="<order_received.").body
    assert "IBAN BE68 5390 0754 7034" in body
    assert f"Reference: {order.number}" in body
    assert journals_of(order) == []
    assert run_audit() == []


def test_the_whole_transfer_confirms_the_order_and_stands_on_the_bank_account():
    order = make_transfer_order()
    receive(order, 10000, reference="Peeters 4711")
    assert state_of(order) == ("confirmed", "captured", 10000)
    assert [kind for kind, _ in journals_of(order)] == ["capture", "sale"]
    assert journals_of(order)[0][1] == {"bank": 10000, "receivable": -10000}
    assert ledger.owed_by_shopper(order) == 0
    assert mails("order_confirmed") == 1
    assert run_audit() == []


def test_a_part_of_a_transfer_stops_the_clock_and_the_rest_confirms():
    order = make_transfer_order()
    receive(order, 4000)
    assert state_of(order) == ("placed", "processing", 4000)
    assert order.payment_due_at is None
    assert run_audit() == []
    Payment.objects.update(due_at=timezone.now() - timedelta(days=1))
    assert expire_unpaid() == 0
    with pytest.raises(StillProcessing):
        reopen(order)
    with pytest.raises(NotPayable, match="A part of your payment has arrived"):
        pay_online_instead(order)
    receive(order, 6000)
    assert state_of(order) == ("confirmed", "captured", 10000)
    assert run_audit() == []


@pytest.mark.parametrize(
    ("amount", "days", "sentence"),
    [
        (10001, 0, "Only €100.00 is left to pay. Record that, and send the rest back."),
        (0, 0, "Enter an amount above zero."),
        (-5, 0, "Enter an amount above zero."),
        (100, 1, "This day is in the future."),
    ],
)
def test_impossible_money_is_refused_with_a_sentence(amount, days, sentence):
    order = make_transfer_order()
    with pytest.raises(MoneyRefused) as refused:
        receive(order, amount, received_on=timezone.localdate() + timedelta(days=days))
    assert str(refused.value) == sentence
    assert state_of(order) == ("placed", "open", 0)
    assert not ReceivedMoney.objects.exists()


def test_a_form_that_is_sent_twice_records_its_money_once():
    order = make_transfer_order()
    key = uuid.uuid4()
    assert receive(order, 4000, key=key) == receive(order, 4000, key=key)
    assert state_of(order) == ("placed", "processing", 4000)


def test_a_second_person_is_told_that_the_order_has_changed():
    order = make_transfer_order()
    seen = order.events.latest("pk").pk
    receive(order, 4000, seen=seen)
    with pytest.raises(OrderChanged):
        receive(order, 4000, seen=seen)
    assert state_of(order) == ("placed", "processing", 4000)


def test_received_money_is_never_changed_or_deleted():
    record = receive(make_transfer_order(), 4000)
    for change in (lambda: ReceivedMoney.objects.update(amount_minor=1), record.delete):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_an_unpaid_transfer_expires_and_its_stock_is_free_again():
    order = make_transfer_order()
    variant = order.lines.get().variant
    Order.objects.update(payment_due_at=timezone.now() - timedelta(minutes=1))
    assert expire_unpaid() == 1
    assert state_of(order) == ("canceled", "canceled", 0)
    assert stock_of(variant) == (10, 0)
    assert run_audit() == []


def test_a_transfer_that_arrives_after_the_order_expired_still_pays_it():
    order = make_transfer_order()
    Order.objects.update(payment_due_at=timezone.now() - timedelta(minutes=1))
    expire_unpaid()
    receive(order, 10000)
    assert state_of(order) == ("confirmed", "captured", 10000)
    assert stock_of(order.lines.get().variant) == (10, 1)
    assert run_audit() == []


def test_a_transfer_that_arrives_when_the_stock_is_gone_waits_to_be_sent_back():
    order = make_transfer_order()
    variant = order.lines.get().variant
    Order.objects.update(payment_due_at=timezone.now() - timedelta(minutes=1))
    expire_unpaid()
    make_order(variant, quantity=10)
    receive(order, 10000)
    assert state_of(order) == ("canceled", "captured", 10000)
    refund = Refund.objects.get()
    assert (refund.status, refund.amount_minor, payment_of(order).flag) == ("pending", 10000, "late")
    assert run_audit() == []
    assert (carry_out_waiting(), reconcile_open()) == (0, 0)
    mark_sent(refund, sent_on=timezone.localdate(), account="bank", reference="back")
    assert journals_of(order)[-1] == ("refund", {"bank": -10000, "receivable": 10000})
    assert run_audit() == []


def test_a_part_that_arrives_for_a_closed_order_waits_to_be_sent_back():
    order = make_transfer_order()
    cancel_order(order, user_id=None)
    receive(order, 2500)
    assert state_of(order) == ("canceled", "captured", 2500)
    assert [(refund.status, refund.amount_minor) for refund in Refund.objects.all()] == [("pending", 2500)]
    assert run_audit() == []


def test_a_shopper_pays_online_instead_and_nothing_is_paid_twice(stripe_desk):
    order = make_transfer_order()
    with pytest.raises(NotPayable):
        start_payment(order.pk)
    Order.objects.filter(pk=order.pk).update(placed_at=timezone.now() - timedelta(days=3))
    pay_online_instead(order)
    pay_online_instead(order)
    order.refresh_from_db()
    assert (order.payment_method, payment_of(order).status) == ("stripe", "canceled")
    assert order.payment_due_at < timezone.now() + timedelta(hours=1)
    stripe_desk.pay(start_payment(order.pk).session_url)
    settle(order.payments.get(method="stripe").pk)
    order.refresh_from_db()
    assert order.status == "confirmed"
    # The transfer was on its way all the same.
    receive(order, 10000)
    assert payment_of(order).flag == "duplicate"
    assert [(refund.status, refund.amount_minor) for refund in Refund.objects.all()] == [("pending", 10000)]
    assert run_audit() == []


@pytest.mark.parametrize("changes", [{"MIN_CHARGE_MINOR": {"EUR": 10001}}, {"IS_TEST_MODE": False}])
def test_an_order_that_cannot_be_paid_online_keeps_its_transfer(settings, changes):
    settings.IS_TEST_MODE = True
    order = make_transfer_order()
    assert note_of(order).can_pay_online
    for name, value in changes.items():
        setattr(settings, name, value)
    assert not note_of(order).can_pay_online
    with pytest.raises(NotPayable, match="cannot be paid online"):
        pay_online_instead(order)
    assert state_of(order) == ("placed", "open", 0)


def test_a_transfer_that_arrives_during_an_online_payment_wins_and_the_card_is_refunded(stripe_desk):
    order = make_transfer_order()
    pay_online_instead(order)
    session_url = start_payment(order.pk).session_url
    receive(order, 10000)
    assert state_of(order) == ("confirmed", "captured", 10000)
    stripe_desk.pay(session_url)
    settle(order.payments.get(method="stripe").pk)
    online = order.payments.get(method="stripe")
    assert (online.flag, online.refunds.get().amount_minor) == ("duplicate", 10000)
    assert run_audit() == []


def test_an_invoice_is_agreed_on_and_its_receivable_stays_open():
    order = make_invoice_order()
    assert state_of(order) == ("confirmed", "agreed", 0)
    assert [kind for kind, _ in journals_of(order)] == ["sale"]
    assert ledger.owed_by_shopper(order) == 10000
    body = Mail.objects.get(message_id__startswith="<order_confirmed.").body
    assert "is paid" not in body
    assert "Please pay €100.00 by" in body
    assert run_audit() == []
    receive(order, 4000)
    assert (state_of(order), ledger.owed_by_shopper(order)) == (("confirmed", "agreed", 4000), 6000)
    receive(order, 6000)
    assert (state_of(order), ledger.owed_by_shopper(order)) == (("confirmed", "captured", 10000), 0)
    assert run_audit() == []


def test_cash_at_pick_up_is_agreed_on_and_goes_into_the_till():
    order = make_pickup_order()
    assert state_of(order) == ("confirmed", "agreed", 0)
    receive(order, 10000, account="cash")
    assert journals_of(order)[-1] == ("capture", {"cash": 10000, "receivable": -10000})
    assert run_audit() == []


def test_gift_cards_pay_their_part_at_once_and_the_rest_is_agreed_on():
    make_offline_method("pickup")
    make_shipping(0, "shop", kind="pickup")
    _card, code = make_gift_card(3000)
    order = place(with_codes(make_cart(make_variant(10000)), code), payment_method="pickup", shipping_code="shop")
    assert (payment_of(order).amount_minor, ledger.owed_by_shopper(order)) == (7000, 7000)
    receive(order, 7000, account="cash")
    assert ledger.owed_by_shopper(order) == 0
    assert run_audit() == []


def test_a_refund_before_the_invoice_is_paid_only_lowers_what_is_to_pay(owner):
    order = make_invoice_order()
    request = ask_refund(order, RefundChoice(goodwill_minor=3000), owner)
    assert (request.released_minor, request.refunds.count()) == (3000, 0)
    assert ledger.owed_by_shopper(order) == 7000
    assert mails("order_refunded") == 1
    with pytest.raises(MoneyRefused, match=r"Only €70\.00 is left"):
        receive(order, 10000)
    receive(order, 5000)
    # 20.00 are still to pay, so 10.00 of 30.00 go back.
    request = ask_refund(order, RefundChoice(goodwill_minor=3000), owner)
    assert (request.released_minor, request.refunds.get().amount_minor) == (2000, 1000)
    assert (state_of(order), ledger.owed_by_shopper(order)) == (("confirmed", "captured", 5000), -1000)
    assert run_audit() == []
    mark_sent(request.refunds.get(), sent_on=timezone.localdate(), account="bank")
    assert ledger.owed_by_shopper(order) == 0
    assert run_audit() == []


def test_an_invoice_that_a_refund_takes_back_whole_expects_nothing(owner):
    order = make_invoice_order()
    ask_refund(order, RefundChoice(goodwill_minor=10000), owner)
    assert (state_of(order), ledger.owed_by_shopper(order)) == (("confirmed", "canceled", 0), 0)
    assert run_audit() == []


def test_a_refund_of_a_transfer_waits_until_staff_mark_it_as_sent(owner):
    order = make_transfer_order()
    receive(order, 10000)
    refund = ask_refund(order, RefundChoice(goodwill_minor=2500), owner).refunds.get()
    assert (refund.status, payment_of(order).refunded_minor, mails("order_refunded")) == ("pending", 0, 0)
    assert carry_out_waiting() == 0
    assert run_audit() == []
    for _ in range(2):
        mark_sent(refund, sent_on=timezone.localdate(), account="bank", reference="R1", user_id=owner.pk)
    assert (payment_of(order).refunded_minor, mails("order_refunded")) == (2500, 1)
    refund.refresh_from_db()
    assert (refund.status, refund.sent_reference) == ("succeeded", "R1")
    with pytest.raises(MoneyRefused, match="is not waiting to be sent"):
        mark_sent(refund, sent_on=timezone.localdate() - timedelta(days=1), account="bank")
    assert run_audit() == []


def test_a_partly_paid_order_that_staff_cancel_owes_its_part_back():
    order = make_transfer_order()
    receive(order, 4000)
    cancel_order(order, user_id=None)
    assert state_of(order) == ("canceled", "captured", 4000)
    assert [(refund.status, refund.amount_minor) for refund in Refund.objects.all()] == [("pending", 4000)]
    assert run_audit() == []


@pytest.mark.parametrize("received", [0, 4000])
def test_an_invoice_order_that_staff_cancel_expects_no_money(received):
    order = make_invoice_order()
    if received:
        receive(order, received)
    cancel_order(order, user_id=None)
    assert state_of(order) == ("canceled", "captured" if received else "canceled", received)
    assert ledger.owed_by_shopper(order) == -received
    assert run_audit() == []


def test_a_reminder_is_sent_once_and_never_after_the_money_came():
    make_offline_method("transfer", reminder_days=3)
    order = make_order(make_variant(10000), payment_method="transfer")
    paid = make_order(make_variant(10000), payment_method="transfer")
    receive(paid, 10000)
    assert send_reminders() == 0
    Payment.objects.filter(remind_at__isnull=False).update(remind_at=timezone.now())
    assert (send_reminders(), send_reminders()) == (1, 0)
    body = Mail.objects.get(message_id__startswith="<payment_reminder.").body
    assert order.number in body
    assert "Please transfer €100.00 by" in body
