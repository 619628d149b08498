"""The e-mails to the shop about authorized payments: those about to expire, and those that ended too early."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from catalog.emails import Priority, write_mail
from catalog.formats import count_of, moment, money
from orders.mail_examples import MailExample, example_order
from orders.models import Order
from payments.models import Payment


def send_lapsed(order: Order, sentence: str, *, to: str) -> None:
    """Tell the shop, once for each order, that the money of a confirmed order is gone."""
    write_mail(
        "authorization_lapsed",
        order.public_id.hex,
        to=to,
        subject=f"Order {order.number} is no longer paid",
        context={"order": order, "sentence": sentence},
        priority=Priority.ORDER,
    )


def send_expiring(payments: Sequence[Payment], rule: str, *, to: str, day: date) -> None:
    """List the authorized payments that expire soon, once a day, with what will happen to them (`rule`)."""
    write_mail(
        "authorizations_expiring",
        day.isoformat(),
        to=to,
        subject=f"{count_of(len(payments), 'payment')} about to expire",
        context={"rows": [_row(payment) for payment in payments], "rule": rule},
        priority=Priority.ORDER,
    )


def _row(payment: Payment) -> str:
    amount = money(payment.authorized_minor, payment.currency)
    return f"{payment.order.number}: {amount}, until {moment(payment.capture_before)}"


def _lapsed() -> tuple[str, dict[str, Any]]:
    order = example_order()
    order.pk = 1
    amount = money(order.total_minor, order.currency)
    return f"Order {order.number} is no longer paid", {
        "order": order,
        "sentence": f"The authorization of {amount} expired",
    }


def _expiring() -> tuple[str, dict[str, Any]]:
    order = example_order()
    until = timezone.now() + timedelta(days=1)
    payment = Payment(order=order, currency=order.currency, authorized_minor=order.total_minor, capture_before=until)
    return "1 payment about to expire", {"rows": [_row(payment)], "rule": "They are charged 12 hours before"}


AUTHORIZATION_EXAMPLES = (
    MailExample(
        *("authorization_lapsed", "Payment expired"),
        *("To the shop, when a bank stops holding the money of an order", _lapsed),
    ),
    MailExample(
        *("authorizations_expiring", "Payments about to expire"),
        *("To the shop, once a day, while authorized payments expire within two days", _expiring),
    ),
)
