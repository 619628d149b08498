"""Cancel orders: close their payments at Stripe first, then release the stock."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from orders import lifecycle
from orders.editing import check_unchanged
from orders.emails import send_canceled
from orders.errors import GiftCardRefused
from orders.models import Cart, Order
from payments import gateway, ledger
from payments.authorizations import clear_lapsed, released_of
from payments.capturing import release
from payments.errors import CancelRefused, CaptureRefused, GatewayRefused, StillProcessing
from payments.models import Payment, Refund
from payments.models.payment import OFFLINE
from payments.modes import is_of_our_mode
from payments.offline import close_offline, wind_up
from payments.refund_requests import decline_waiting
from payments.refunds import left_to_refund, request_refund
from payments.sessions import close_unanswered, start_payment
from payments.settlement import settle, take_over
from payments.statuses import LIVE, give_up, move
from payments.sweep import for_each

log = logging.getLogger(__name__)
BY_STAFF = "canceled by staff"  # the reason of the refunds of a canceled order


def close_payments(order: Order) -> None:
    """Close the order's payments at Stripe, so that nobody can pay it any more, and settle what was already paid.

    Raise StillProcessing while a bank is processing a payment, and GatewayDown while the outcome is unknown.
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


def close_transfers(order: Order) -> None:
    """Close the order's transfers, so that staff expect no money. Raise StillProcessing if one has arrived in part."""
    for payment_id in order.payments.filter(status__in=LIVE, method__in=OFFLINE).values_list("pk", flat=True):
        close_offline(payment_id)


def _close(payment: Payment) -> Payment:
    if not is_of_our_mode(payment):
        return _closed_in_other_mode(payment)
    if not payment.session_id:
        payment = close_unanswered(payment)
    session_id = payment.session_id
    if not session_id:
        return payment
    gateway.expire_session(session_id)
    return take_over(payment, gateway.retrieve_session(session_id))


def _closed_in_other_mode(payment: Payment) -> Payment:
    """Give up a payment of test mode, which brings no money. One of live mode stays open until its key is back."""
    if not payment.livemode:
        give_up(payment, "it was started with a test key, which has been replaced")
        payment.refresh_from_db()
    return payment


@transaction.atomic
def _cancel_if_unpaid(order_id: int, reason: str, *, due_before: datetime | None = None) -> tuple[Order, Cart | None]:
    """Cancel the order if it is unpaid and has no live payment; return it, and the cart with its lines if canceled.

    With `due_before`, cancel it only if its payment was due by then.
    """
    order = lifecycle.lock_with_cart(order_id)
    is_due = due_before is None or (order.payment_due_at is not None and order.payment_due_at <= due_before)
    if not order.is_unpaid or not is_due or order.payments.filter(status__in=LIVE).exists():
        return order, None
    return order, lifecycle.cancel(order, reason)


def reopen(order: Order) -> tuple[Order, Cart | None]:
    """Cancel an unpaid order and bring its cart back; return both. An order that was paid meanwhile stays unchanged."""
    if not order.is_unpaid:
        return order, None
    close_payments(order)
    close_transfers(order)
    return _cancel_if_unpaid(order.pk, Order.CancelReason.SHOPPER)


def expire_unpaid() -> int:
    """Cancel every order whose payment is overdue, or settle it if Stripe says that it was paid; return how many.

    If Stripe does not answer, the stock stays reserved and the next run tries again.
    """
    overdue = Order.objects.filter(status=Order.Status.PLACED, payment_due_at__lte=timezone.now())
    # In random order, so that a few orders that Stripe never answers about do not block the others.
    return for_each(list(overdue.order_by("?").values_list("pk", flat=True)), _expire)


def _expire(order_id: int) -> bool:
    now = timezone.now()
    # The shopper may have started a new payment since the list was made.
    order = Order.objects.filter(pk=order_id, status=Order.Status.PLACED, payment_due_at__lte=now).first()
    if not order:
        return False
    if order.due_minor == 0:
        # Gift cards paid for it when it was placed; only the confirming request was lost.
        settle(start_payment(order_id).pk)
        return True
    try:
        close_payments(order)
        close_transfers(order)
    except StillProcessing:
        log.warning("Order %s is overdue, but a bank is still processing its payment", order.number)
        return False
    expired, _cart = _cancel_if_unpaid(order_id, Order.CancelReason.EXPIRED, due_before=now)
    return expired.status != Order.Status.PLACED


def cancel_order(order: Order, *, user_id: int | None, seen: int | None = None) -> Order:
    """Cancel an order for staff: release its stock, refund what was paid, and e-mail the shopper.

    With `seen`, the newest event on the page, raise OrderChanged if the order has changed since. Raise CancelRefused if
    part of the order has been shipped or its status does not allow it, StillProcessing while a payment is being
    processed, and GatewayDown or GatewayRefused if Stripe cannot close a payment.
    """
    check_unchanged(order, seen)  # before the payment is closed at Stripe, and again when the order is locked
    if order.is_unpaid:
        close_payments(order)
    if _release_held(order, user_id):
        seen = None  # the release is the newest event
    return _cancel_by_staff(order.pk, user_id, seen)


def _release_held(order: Order, user_id: int | None) -> bool:
    """Release authorized payments before the order is canceled; return whether there were any.

    What Stripe charged meanwhile is refunded with the cancellation.
    """
    held = order.payments.filter(status=Payment.Status.AUTHORIZED)
    if not held.exists() or _refusal(Order.objects.get(pk=order.pk)):
        return False
    try:
        release(order, user_id=user_id, reason=BY_STAFF)
    except CaptureRefused as refused:
        if held.exists():
            raise CancelRefused(str(refused)) from refused
    return True


def _refusal(order: Order) -> str:
    """Return why the order cannot be canceled, or an empty text."""
    if order.fulfillment_status != Order.FulfillmentStatus.UNFULFILLED:
        return "Part of this order has been shipped, so it cannot be canceled."
    if order.status not in (Order.Status.PLACED, Order.Status.CONFIRMED):
        return f"This order is {order.get_status_display().lower()} and cannot be canceled."
    return ""


@transaction.atomic
def _cancel_by_staff(order_id: int, user_id: int | None, seen: int | None) -> Order:
    order = lifecycle.lock_with_cart(order_id)
    check_unchanged(order, seen)
    if refusal := _refusal(order):
        raise CancelRefused(refusal)
    wind_up(order)
    if order.payments.filter(status__in=[*LIVE, Payment.Status.AUTHORIZED]).exists():
        raise StillProcessing(order.number)  # the shopper has just started a payment, or it was authorized
    was_confirmed = order.status == Order.Status.CONFIRMED
    decline_waiting(order, user_id)
    try:
        lifecycle.cancel_keeping_stock(order, Order.CancelReason.STAFF, user_id=user_id)
    except GiftCardRefused as refused:
        raise CancelRefused(str(refused)) from refused
    refunded, given_back = 0, order.tendered_minor if not was_confirmed else 0
    if was_confirmed:
        ledger.book_cancel(order)
        clear_lapsed(order)
    for payment in order.payments.filter(status=Payment.Status.CAPTURED):
        left = left_to_refund(payment)
        if left:
            failed = payment.refunds.filter(status=Refund.Status.FAILED, replaced_by=None)
            failed.update(replaced_by=request_refund(payment, left, reason=BY_STAFF, user_id=user_id))
            if payment.method == Payment.Method.GIFT_CARD:
                given_back += left
            else:
                refunded += left
    send_canceled(order, refunded_minor=refunded, gift_minor=given_back, released_minor=released_of(order))
    lifecycle.release_stock(order)
    return order
