"""Orders that are given up: close the payment at Stripe first, then let the stock go."""

import logging
import uuid

from django.db import transaction
from django.utils import timezone

from orders import lifecycle
from orders.emails import send_canceled
from orders.models import Cart, Order
from payments import gateway, ledger
from payments.errors import CancelRefused, GatewayDown, GatewayRefused, StillProcessing
from payments.models import Payment
from payments.refunds import request_refund
from payments.sessions import ensure_session
from payments.settlement import take_over

log = logging.getLogger(__name__)


def close_payments(order: Order) -> None:
    """Nobody can pay this order any more; what was paid already is settled.

    Raises StillProcessing while a bank is at it, and GatewayDown while the outcome is unknown.
    """
    live = order.payments.filter(status__in=[Payment.Status.OPEN, Payment.Status.PROCESSING])
    for payment in live.filter(method=Payment.Method.STRIPE):
        if not payment.session_id:
            # The answer was lost: ask for the same session again, so that there is something to close.
            try:
                payment = ensure_session(payment)  # noqa: PLW2901
            except GatewayRefused:
                continue  # Stripe made nothing
        assert payment.session_id  # noqa: S101
        gateway.expire_session(payment.session_id)
        settled = take_over(payment, gateway.retrieve_session(payment.session_id))
        if settled.is_live:
            raise StillProcessing(order.number)
    live.filter(method=Payment.Method.NONE).update(status=Payment.Status.CANCELED)


@transaction.atomic
def _cancel_if_unpaid(order_id: int, reason: str, user_id: int | None = None) -> tuple[Order, Cart | None]:
    order = lifecycle.lock_with_cart(order_id)
    has_live = order.payments.filter(status__in=[Payment.Status.OPEN, Payment.Status.PROCESSING]).exists()
    if not order.is_unpaid or has_live:
        return order, None
    return order, lifecycle.cancel(order, reason, user_id=user_id)


def reopen(order: Order) -> tuple[Order, Cart | None]:
    """Give an unpaid order up and bring its cart back; an order that was paid meanwhile stays as it is."""
    if not order.is_unpaid:
        return order, None
    close_payments(order)
    return _cancel_if_unpaid(order.pk, Order.CancelReason.SHOPPER)


def expire_unpaid(limit: int = 100) -> int:
    """Every order whose time to pay is over is canceled, or settled where Stripe says it was paid; returns how many.

    While Stripe's answer is unknown the stock stays held, and the next run tries again.
    """
    due = Order.objects.filter(status=Order.Status.PLACED, payment_due_at__lte=timezone.now())
    done = 0
    for order in due.order_by("payment_due_at")[:limit]:
        try:
            close_payments(order)
        except (GatewayDown, GatewayRefused, StillProcessing) as error:
            log.warning("Order %s cannot expire yet: %r", order.number, error)
            continue
        expired, _cart = _cancel_if_unpaid(order.pk, Order.CancelReason.EXPIRED)
        done += expired.status != Order.Status.PLACED
    return done


def cancel_order(order: Order, *, user_id: int | None) -> Order:
    """Staff cancel: stock is free, whatever was paid goes back, the shopper has mail.

    Raises CancelRefused for an order of which something has been shipped, GatewayDown and StillProcessing.
    """
    if order.is_unpaid:
        close_payments(order)
    return _cancel_by_staff(order.pk, user_id)


@transaction.atomic
def _cancel_by_staff(order_id: int, user_id: int | None) -> Order:
    order = lifecycle.lock_with_cart(order_id)
    if order.fulfillment_status != Order.FulfillmentStatus.UNFULFILLED:
        raise CancelRefused("A part of this order has been shipped: take it back as a return instead.")
    if order.status not in (Order.Status.PLACED, Order.Status.CONFIRMED):
        raise CancelRefused(f"This order is {order.get_status_display().lower()} and cannot be canceled.")
    was_confirmed = order.status == Order.Status.CONFIRMED
    lifecycle.cancel(order, Order.CancelReason.STAFF, user_id=user_id)
    refunded = 0
    if was_confirmed:
        ledger.book_cancel(order)
        for payment in order.payments.filter(status=Payment.Status.CAPTURED):
            left = payment.captured_minor - payment.refunded_minor
            if left:
                request_refund(payment, left, reason="canceled by staff", user_id=user_id)
                refunded += left
    send_canceled(order, refunded_minor=refunded)
    return order


def order_by_secret(public_id: uuid.UUID) -> Order | None:
    return Order.objects.filter(public_id=public_id).first()
