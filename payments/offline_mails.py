"""The e-mails about payments by transfer and invoice: how to pay, and reminders."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from orders.emails import send_about
from orders.lifecycle import lock_order, record_event
from orders.mail_examples import MailExample, example_order
from orders.models import Order, OrderEvent
from orders.resending import OrderMail, add_mails
from orders.summary import sum_rows
from payments.models import Payment
from payments.offline_notes import OfflineNote, note_about
from payments.sweep import for_each


def send_instructions(payment: Payment, *, again: str = "") -> None:
    """Tell the buyer how to transfer the money: amount, day, account and reference. Once, and for each `again`."""
    order = payment.order
    note = note_about(order, payment)
    lines = list(order.lines.all())
    context = {"lines": lines, "rows": sum_rows(order), "note": note}
    subject = f"Order {order.number}: please transfer {note.amount}"
    send_about(order, "order_received", order.public_id.hex, subject, context, again=again)


@add_mails
def instructions_mail(order: Order) -> Iterable[OrderMail]:
    """The e-mail that says how to pay, while the order waits for a transfer."""
    payments = order.payments.filter(method=Payment.Method.TRANSFER) if order.is_unpaid else ()
    for payment in payments:
        if payment.is_awaited:
            yield OrderMail("instructions", "How to pay", partial(_send_again, payment))


def _send_again(payment: Payment, again: str) -> None:
    send_instructions(payment, again=again)


def send_reminders() -> int:
    """Remind the customers of payments whose reminder is due; return how many."""
    due = Payment.objects.filter(remind_at__lte=timezone.now()).order_by("remind_at")
    return for_each(list(due.values_list("pk", flat=True)[:500]), _remind)


@transaction.atomic
def _remind(payment_id: int) -> bool:
    """Send the reminder of a payment once, unless it was paid or closed meanwhile."""
    order = lock_order(Payment.objects.values_list("order_id", flat=True).get(pk=payment_id))
    payment = Payment.objects.select_for_update(of=("self",)).select_related("order").get(pk=payment_id)
    if payment.remind_at is None or payment.remind_at > timezone.now():
        return False
    Payment.objects.filter(pk=payment.pk).update(remind_at=None)
    if not payment.is_awaited:
        return False
    note = note_about(order, payment)
    subject = f"Order {order.number}: {note.amount} is due on {note.due_day}"
    send_about(order, "payment_reminder", order.public_id.hex, subject, {"note": note})
    record_event(order, OrderEvent.Kind.MAIL, "Payment reminder sent")
    return True


def _example_note(order: Order) -> OfflineNote:
    payment = Payment(
        order=order,
        method=Payment.Method.TRANSFER,
        amount_minor=order.total_minor,
        currency=order.currency,
        due_at=timezone.now() + timedelta(days=14),
    )
    return note_about(order, payment)


def _received() -> tuple[str, dict[str, Any]]:
    order = example_order()
    note = _example_note(order)
    lines = order._prefetched_objects_cache["lines"]  # type: ignore[attr-defined]
    context = {"order": order, "lines": lines, "rows": sum_rows(order), "note": note}
    return f"Order {order.number}: please transfer {note.amount}", context


def _reminder() -> tuple[str, dict[str, Any]]:
    order = example_order()
    note = _example_note(order)
    return f"Order {order.number}: {note.amount} is due on {note.due_day}", {"order": order, "note": note}


OFFLINE_EXAMPLES = (
    MailExample("order_received", "How to transfer", "When an order to be paid by transfer is placed", _received),
    MailExample("payment_reminder", "Payment reminder", "Some days before a transfer or invoice is due", _reminder),
)
