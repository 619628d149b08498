"""Choose for one order when its card is charged, while it is not paid."""

from django.db import transaction

from catalog.models import Capture
from orders.editing import check_unchanged
from orders.lifecycle import Change, lock_order, record_event
from orders.models import Order, OrderEvent
from payments.cancellation import close_payments
from payments.errors import CaptureRefused
from payments.statuses import LIVE


def choice_refusal(order: Order) -> str:
    """Return why nobody can change when the order is charged; empty if staff can."""
    if not order.is_unpaid or not order.due_minor:
        return f"{order.number} does not wait for a payment."
    if any(line.is_gift_card or not line.needs_shipping for line in order.lines.all()):
        return f"A part of {order.number} is delivered with its confirmation, so it is charged when it is placed."
    return ""


def change_capture(order: Order, capture: str, *, user_id: int | None, seen: int | None = None) -> Order:
    """Change when the card is charged. The order's open payment is closed first, because Stripe decides by its session.

    With `seen`, the newest event on the page, raise OrderChanged if the order has changed since. Raise CaptureRefused if
    the order no longer waits for a payment, StillProcessing while a bank processes one, and GatewayDown or
    GatewayRefused if Stripe does not close it.
    """
    check_unchanged(order, seen)
    if refusal := choice_refusal(order):
        raise CaptureRefused(refusal)
    if capture != order.capture:
        close_payments(order)
    return _change(order.pk, capture, user_id)


@transaction.atomic
def _change(order_id: int, capture: str, user_id: int | None) -> Order:
    order = lock_order(order_id)
    if refusal := choice_refusal(order):
        raise CaptureRefused(refusal)
    before, after = order.get_capture_display(), Capture(capture).label
    if before == after:
        return order
    if order.payments.filter(status__in=LIVE).exists():
        raise CaptureRefused("The customer has just started to pay. Try again.")
    Order.objects.filter(pk=order.pk).update(capture=capture)
    changes = [Change("Charge the card", before, after)]
    text = "Changed when the card is charged"
    record_event(order, OrderEvent.Kind.EDITED, text, changes=changes, user_id=user_id)
    order.refresh_from_db()
    return order
