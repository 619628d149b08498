"""Orders that are given up: close the payment at Stripe first, then let the stock go."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from orders import lifecycle
from orders.emails import send_canceled
from orders.errors import GiftCardRefused
from orders.models import Cart, Order
from payments import gateway, ledger
from payments.errors import CancelRefused, GatewayRefused, StillProcessing
from payments.models import Payment
from payments.refunds import left_to_refund, request_refund
from payments.sessions import close_unanswered, start_payment
from payments.settlement import settle, take_over
from payments.statuses import LIVE, give_up, move
from payments.sweeps import for_each

log = logging.getLogger(__name__)


def close_payments(order: Order) -> None:
    """Nobody can pay this order any more; what was paid already is settled.

    Raises StillProcessing while a bank is at it, and GatewayDown while the outcome is unknown.
    """
    live = order.payments.filter(status__in=LIVE)
    for payment in live.filter(method=Payment.Method.STRIPE):
        try:
            if _close(payment).is_live:
                raise StillProcessing(order.number)
        except GatewayRefused as refused:
            give_up(payment, refused)
    for payment in live.filter(method=Payment.Method.NONE):
        move(payment, Payment.Status.CANCELED)


def _close(payment: Payment) -> Payment:
    if not payment.session_id:
        payment = close_unanswered(payment)
    session_id = payment.session_id
    if not session_id:
        return payment
    gateway.expire_session(session_id)
    return take_over(payment, gateway.retrieve_session(session_id))


@transaction.atomic
def _cancel_if_unpaid(order_id: int, reason: str, *, due_before: datetime | None = None) -> tuple[Order, Cart | None]:
    """Cancel an order that nobody has paid or is about to pay; otherwise return it as it is."""
    order = lifecycle.lock_with_cart(order_id)
    is_due = due_before is None or (order.payment_due_at is not None and order.payment_due_at <= due_before)
    if not order.is_unpaid or not is_due or order.payments.filter(status__in=LIVE).exists():
        return order, None
    return order, lifecycle.cancel(order, reason)


def reopen(order: Order) -> tuple[Order, Cart | None]:
    """Give an unpaid order up and bring its cart back; an order that was paid meanwhile stays as it is."""
    if not order.is_unpaid:
        return order, None
    close_payments(order)
    return _cancel_if_unpaid(order.pk, Order.CancelReason.SHOPPER)


def expire_unpaid() -> int:
    """Every order whose time to pay is over is canceled, or settled where Stripe says it was paid; returns how many.

    While Stripe's answer is unknown the stock stays held, and the next run tries again.
    """
    due = Order.objects.filter(status=Order.Status.PLACED, payment_due_at__lte=timezone.now())
    # In another order each time: a few orders that Stripe never answers about must not stop those behind them.
    return for_each(list(due.order_by("?").values_list("pk", flat=True)), _expire)


def _expire(order_id: int) -> bool:
    now = timezone.now()
    # The shopper may have begun a new payment since the list was made.
    order = Order.objects.filter(pk=order_id, status=Order.Status.PLACED, payment_due_at__lte=now).first()
    if not order:
        return False
    if order.due_minor == 0:
        # It was paid when it was placed; only the page that says so was lost.
        settle(start_payment(order_id).pk)
        return True
    try:
        close_payments(order)
    except StillProcessing:
        log.warning("Order %s is past its time, but a bank is working on its payment", order.number)
        return False
    expired, _cart = _cancel_if_unpaid(order_id, Order.CancelReason.EXPIRED, due_before=now)
    return expired.status != Order.Status.PLACED


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
        raise CancelRefused("Part of this order has been shipped. Book a return instead of canceling it.")
    if order.status not in (Order.Status.PLACED, Order.Status.CONFIRMED):
        raise CancelRefused(f"This order is {order.get_status_display().lower()} and cannot be canceled.")
    if order.payments.filter(status__in=LIVE).exists():
        raise StillProcessing(order.number)  # the shopper has begun a payment this very moment
    was_confirmed = order.status == Order.Status.CONFIRMED
    try:
        lifecycle.cancel_but_stock(order, Order.CancelReason.STAFF, user_id=user_id)
    except GiftCardRefused as refused:
        raise CancelRefused(str(refused)) from refused
    refunded = 0
    if was_confirmed:
        ledger.book_cancel(order)
        for payment in order.payments.filter(status=Payment.Status.CAPTURED):
            left = left_to_refund(payment)
            if left:
                request_refund(payment, left, reason="canceled by staff", user_id=user_id)
                refunded += left
    send_canceled(order, refunded_minor=refunded)
    lifecycle.free_stock(order)
    return order
