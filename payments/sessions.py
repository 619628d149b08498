"""Start a payment, or go on with the one that is open."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from orders.emails import store_name
from orders.lifecycle import lock_order
from orders.models import Order
from payments import gateway
from payments.crash_points import crash_point
from payments.errors import GatewayRefused, NotPayable
from payments.models import Payment

log = logging.getLogger(__name__)
MOST_TRIES = 5  # payments of one order
LEAST_LEFT = timedelta(minutes=1)  # a session with less to live is not worth sending anybody to


def start_payment(order_id: int) -> Payment:
    """A payment of the order that can be paid now: its `session_url` leads to Stripe's page.

    The row with its key and all parameters is committed before Stripe is asked; a lost answer is asked for again
    with the same key. Raises NotPayable, GatewayDown or GatewayRefused.
    """
    payment = _open_payment(order_id)
    if payment.method == Payment.Method.NONE or payment.session_url:
        return payment
    return ensure_session(payment)


@transaction.atomic
def _open_payment(order_id: int) -> Payment:
    """The order's open payment, or a new one; at most one is open, kept so by a unique index."""
    order = lock_order(order_id)
    if not order.is_unpaid:
        raise NotPayable("This order is not waiting for a payment.")
    now = timezone.now()
    live = order.payments.filter(status__in=[Payment.Status.OPEN, Payment.Status.PROCESSING]).first()
    if live:
        is_usable = live.status == Payment.Status.OPEN and (not live.expires_at or live.expires_at > now + LEAST_LEFT)
        if not is_usable:
            raise NotPayable("Your payment is being checked. Please look at this page again in a minute.")
        return live
    if order.payments.filter(flag=Payment.Flag.MISMATCH).exists():
        raise NotPayable("Your payment is being looked into. Please contact us before you pay again.")
    if order.payments.count() >= MOST_TRIES:
        raise NotPayable("There were too many attempts to pay this order. Please contact us.")
    if order.due_minor == 0:
        return Payment.objects.create(order=order, method=Payment.Method.NONE, currency=order.currency, amount_minor=0)
    return _new_payment(order)


def _new_payment(order: Order) -> Payment:
    now = timezone.now()
    expires_at = now + settings.PAYMENT_SESSION_LIFE
    due_at = expires_at + (settings.PAYMENT_WINDOW - settings.PAYMENT_SESSION_LIFE)
    if due_at > order.placed_at + settings.PAYMENT_LAST_CHANCE:
        raise NotPayable("The time to pay this order is over. Please order again.")
    payment = Payment(order=order, currency=order.currency, amount_minor=order.due_minor, expires_at=expires_at)
    payment.parameters = _parameters(order, payment)
    payment.save()
    Order.objects.filter(pk=order.pk).update(payment_due_at=due_at)
    return payment


def _parameters(order: Order, payment: Payment) -> dict[str, object]:
    assert payment.expires_at  # noqa: S101
    back = settings.SHOP_URL + reverse("payments:return", args=[order.public_id])
    cancel = settings.SHOP_URL + reverse("payments:back", args=[order.public_id])
    return gateway.session_parameters(
        name=f"{store_name()} {order.number}",
        email=order.email,
        amount_minor=order.due_minor,
        currency=order.currency,
        expires_at=int(payment.expires_at.timestamp()),
        urls=(back, cancel),
        marks={"order": order.number, "payment": str(payment.key)},
    )


def ensure_session(payment: Payment) -> Payment:
    """The payment has its session at Stripe: made now, or, where the answer was lost, the one that was made then."""
    crash_point("pay.before_create")
    try:
        state = gateway.create_session(payment.parameters, str(payment.key))
    except GatewayRefused as refused:
        _give_up(payment, refused)
        raise
    crash_point("pay.after_create")
    Payment.objects.filter(pk=payment.pk, session_id=None).update(session_id=state.session_id, session_url=state.url)
    payment.refresh_from_db()
    return payment


def _give_up(payment: Payment, refused: GatewayRefused) -> None:
    """Stripe made nothing, so nothing is open."""
    log.error("Stripe refused a session for payment %s: %s", payment.pk, refused)
    Payment.objects.filter(pk=payment.pk, session_id=None, status=Payment.Status.OPEN).update(
        status=Payment.Status.FAILED, last_error=str(refused)[:300]
    )
