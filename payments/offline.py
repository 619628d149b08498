"""Offline payments (transfer, invoice, cash): begin them, receive their money, close them, and send refunds."""

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog.formats import money
from orders.editing import check_unchanged
from orders.lifecycle import confirm, lock_order, lock_with_cart, record_event
from orders.models import Order, OrderEvent
from orders.models.order import ONLINE
from payments import ledger
from payments.errors import MoneyRefused, NotPayable, StillProcessing
from payments.models import MoneyAccount, OfflineMethod, Payment, ReceivedMoney, Refund
from payments.offline_mails import send_instructions
from payments.refund_mails import mail_when_done
from payments.sessions import can_be_charged
from payments.settlement import accept_payment, book_confirmed, confirm_or_refund, give_back_late, lock_payment
from payments.statuses import LIVE, move

Status = Payment.Status
RECEIVED: dict[str, str] = {MoneyAccount.BANK: "by bank transfer", MoneyAccount.CASH: "in cash"}


@dataclass(frozen=True)
class NewMoney:
    """Money that staff have received. Recording the same `key` twice records it once."""

    amount_minor: int
    received_on: date
    account: str = MoneyAccount.BANK
    reference: str = ""
    key: uuid.UUID = field(default_factory=uuid.uuid4)


def begin(order: Order, method: OfflineMethod) -> None:
    """Write the payment of an order that is just being placed, in its transaction.

    For a transfer, the order waits and the shopper is told how to pay. An invoice and cash at pick-up are agreed on, so the
    order is confirmed and its sale booked; raise PromotionUsedUp if its promotion was used up meanwhile.
    """
    due_at = end_of_day(order.placed_at + timedelta(days=method.due_days))
    payment = Payment.objects.create(
        order=order,
        method=method.code,
        status=Status.AGREED if method.confirms_at_once else Status.OPEN,
        currency=order.currency,
        amount_minor=order.due_minor,
        due_at=due_at,
        remind_at=due_at - timedelta(days=method.reminder_days) if method.reminder_days else None,
    )
    if method.confirms_at_once:
        confirm(order, text="Order confirmed")
        book_confirmed(order)
        return
    Order.objects.filter(pk=order.pk).update(payment_due_at=due_at)
    order.payment_due_at = due_at
    send_instructions(payment)


def end_of_day(moment: datetime) -> datetime:
    """Return the last second of the shop's day."""
    day = timezone.localtime(moment).date()
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))


def awaited_payment(order: Order) -> Payment | None:
    """Return the payment of the order for which staff can record money: the one awaited, or else a closed one."""
    payments = [payment for payment in order.payments.all() if payment.is_offline]
    awaited = next((payment for payment in payments if payment.is_awaited), None)
    return awaited or next((payment for payment in payments if payment.status == Status.CANCELED), None)


@transaction.atomic
def receive_money(
    payment: Payment, new: NewMoney, *, user_id: int | None = None, seen: int | None = None
) -> ReceivedMoney:
    """Record money for an offline payment and book it. Once it is complete, a waiting order is confirmed.

    Money for a payment that was closed, because its order expired, was canceled or was paid another way, still pays the
    order if it can, and is refunded otherwise. The same key again returns the first record. With `seen`, the newest event
    on the page, raise OrderChanged if the order has changed since. Raise MoneyRefused for more than is left to pay.
    """
    order = lock_with_cart(payment.order_id)
    locked = lock_payment(payment.pk)
    if known := ReceivedMoney.objects.filter(key=new.key).first():
        return known
    check_unchanged(order, seen)
    _check_money(locked, new)
    record = ReceivedMoney.objects.create(
        payment=locked,
        amount_minor=new.amount_minor,
        received_on=new.received_on,
        account=new.account,
        reference=new.reference[:100],
        key=new.key,
        user_id=user_id,
    )
    ledger.book_received(record)
    amount = money(new.amount_minor, locked.currency)
    text = f"{amount} received {RECEIVED[record.account]}"
    record_event(order, OrderEvent.Kind.PAYMENT, text, is_public=True, user_id=user_id)
    Payment.objects.filter(pk=locked.pk).update(captured_minor=locked.captured_minor + new.amount_minor)
    locked.refresh_from_db()
    _take_received(order, locked)
    return record


def _check_money(payment: Payment, new: NewMoney) -> None:
    if not payment.is_awaited and payment.status != Status.CANCELED:
        raise MoneyRefused("This payment is complete. Send the money back, or give store credit for it.")
    if new.amount_minor <= 0:
        raise MoneyRefused("Enter an amount above zero.", "amount")
    if new.amount_minor > payment.left_minor:
        left = money(payment.left_minor, payment.currency)
        raise MoneyRefused(f"Only {left} is left to pay. Record that, and send the rest back.", "amount")
    if new.received_on > timezone.localdate():
        raise MoneyRefused("This day is in the future.", "received_on")


def _take_received(order: Order, payment: Payment) -> None:
    """Move the payment on by what it now holds. Money for a closed payment is final, however much it is."""
    is_complete = payment.left_minor == 0
    if payment.status == Status.CANCELED:
        move(payment, Status.CAPTURED, captured_at=timezone.now())
        payment.refresh_from_db()
        if is_complete:
            confirm_or_refund(order, payment)
        else:
            give_back_late(order, payment)
    elif is_complete:
        move(payment, Status.CAPTURED, captured_at=timezone.now(), remind_at=None)
        payment.refresh_from_db()
        if order.is_unpaid and not accept_payment(order):
            give_back_late(order, payment)
    elif move(payment, Status.PROCESSING):
        # Partly paid: the order no longer has a time limit, and staff decide about it.
        Order.objects.filter(pk=order.pk, status=Order.Status.PLACED).update(payment_due_at=None)


@transaction.atomic
def close_offline(payment_id: int) -> None:
    """Close an offline payment of which nothing was received, so that its order can be canceled or paid another way.

    Raise StillProcessing if some of its money has arrived.
    """
    payment = Payment.objects.get(pk=payment_id)
    order = lock_with_cart(payment.order_id)
    payment = lock_payment(payment_id)
    if payment.status not in LIVE:
        return
    if payment.captured_minor:
        raise StillProcessing(order.number)
    move(payment, Status.CANCELED, remind_at=None)


def credit_unpaid(order: Order, amount_minor: int) -> int:
    """Lower what is still to pay of a locked, confirmed order by up to this amount; return by how much.

    A payment of which nothing is left to pay is complete, or canceled if nothing was received.
    """
    left = amount_minor
    for payment in order.payments.filter(status=Status.AGREED).order_by("pk").select_for_update(of=("self",)):
        part = min(left, payment.left_minor)
        left -= part
        payment.credited_minor += part
        Payment.objects.filter(pk=payment.pk).update(credited_minor=payment.credited_minor)
        if payment.left_minor == 0:
            target = Status.CAPTURED if payment.captured_minor else Status.CANCELED
            move(payment, target, captured_at=timezone.now() if payment.captured_minor else None, remind_at=None)
    return amount_minor - left


def wind_up(order: Order) -> None:
    """End the offline payments of a locked order that staff cancel: nothing more is expected, and what came is kept."""
    for payment in order.payments.order_by("pk").select_for_update(of=("self",)):
        if payment.is_awaited:
            target = Status.CAPTURED if payment.captured_minor else Status.CANCELED
            move(payment, target, remind_at=None, captured_at=timezone.now() if payment.captured_minor else None)


@transaction.atomic
def pay_online_instead(order: Order) -> None:
    """Let a shopper pay online instead of by transfer: close the transfer, so that nothing is paid twice.

    The order has the time of an online payment from now on. Raise NotPayable if money has arrived, it is paid, or Stripe
    cannot charge it.
    """
    locked = lock_with_cart(order.pk)
    if locked.is_unpaid and locked.is_paid_online:
        return
    payment = locked.payments.filter(method=locked.payment_method, status__in=LIVE).first()
    if not locked.is_unpaid or not payment:
        raise NotPayable("This order is not waiting for a payment.")
    if not can_be_charged(locked):
        raise NotPayable("This order cannot be paid online. Please transfer the amount, or contact us.")
    try:
        close_offline(payment.pk)
    except StillProcessing as processing:
        raise NotPayable("A part of your payment has arrived. Please transfer the rest, or contact us.") from processing
    now = timezone.now()
    Payment.objects.filter(pk=payment.pk).update(expires_at=now + settings.PAYMENT_LAST_CHANCE)
    due_at = now + settings.PAYMENT_WINDOW
    Order.objects.filter(pk=locked.pk).update(payment_method=ONLINE, payment_due_at=due_at)
    record_event(locked, OrderEvent.Kind.PAYMENT, "Changed to online payment", is_public=True)


@transaction.atomic
def mark_sent(
    refund: Refund,
    *,
    sent_on: date,
    account: str,
    reference: str = "",
    user_id: int | None = None,
    seen: int | None = None,
) -> Refund:
    """Record that staff have paid out a refund of offline money, book it, and tell the customer. Once.

    Raise MoneyRefused if it is not waiting for that, and OrderChanged if the order has changed since `seen`.
    """
    order = lock_order(refund.payment.order_id)
    payment = lock_payment(refund.payment_id)
    refund = Refund.objects.select_for_update(of=("self",)).select_related("payment__order").get(pk=refund.pk)
    if refund.status == Refund.Status.SUCCEEDED and refund.sent_on == sent_on:
        return refund
    check_unchanged(order, seen)
    if not payment.is_offline or refund.gift_card_id or refund.status != Refund.Status.PENDING:
        raise MoneyRefused("This refund is not waiting to be sent.")
    if sent_on > timezone.localdate():
        raise MoneyRefused("This day is in the future.", "sent_on")
    refund.status, refund.sent_on, refund.sent_reference = Refund.Status.SUCCEEDED, sent_on, reference[:100]
    refund.save(update_fields=["status", "sent_on", "sent_reference"])
    ledger.book_sent(refund, account)
    Payment.objects.filter(pk=payment.pk).update(refunded_minor=payment.refunded_minor + refund.amount_minor)
    text = f"{money(refund.amount_minor, refund.currency)} refunded"
    record_event(order, OrderEvent.Kind.PAYMENT, text, is_public=True, user_id=user_id)
    if refund.request_id:
        mail_when_done(refund.request_id)
    return refund
