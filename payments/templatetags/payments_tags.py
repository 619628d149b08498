"""Template tags for payments."""

from django import template

from orders.models import Order
from payments.charging import note
from payments.models import Payment
from payments.offline_notes import OfflineNote, note_of

register = template.Library()


@register.inclusion_tag("includes/payment_summary.html")
def payment_summary(order: Order) -> dict[str, object]:
    """Render how the order was paid: every tender with its amount, or why it is not paid."""
    payments = list(order.payments.select_related("gift_card").order_by("pk"))
    offline, held = note_of(order), note(order)
    return {
        "captured": [payment for payment in payments if payment.captured_minor],
        "note": offline,
        "charge_note": held,
        "sentence": "" if offline or held else _without_payment(order, payments[-1] if payments else None),
    }


@register.simple_tag
def offline_note(order: Order) -> OfflineNote | None:
    """Return what is still to pay by transfer, by invoice or in cash; None if nothing is."""
    return note_of(order)


def _without_payment(order: Order, latest: Payment | None) -> str:
    """Return what the order page says where nothing was paid; `latest` is the last attempt."""
    if not order.total_minor and order.status == Order.Status.CONFIRMED:
        return "Nothing to pay"
    if latest and latest.status == Payment.Status.PROCESSING:
        return "Your bank is processing the payment."
    if latest and latest.last_error and order.is_unpaid:
        return f"Not paid yet. Last attempt: {latest.last_error}"
    return "Not paid yet." if order.is_unpaid else "Not paid."
