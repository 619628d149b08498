"""Template tags for payments."""

from django import template

from orders.models import Order
from payments.models import Payment

register = template.Library()


@register.inclusion_tag("includes/payment_summary.html")
def payment_summary(order: Order) -> dict[str, object]:
    """Render how the order was paid: every tender with its amount."""
    payments = list(order.payments.select_related("gift_card").order_by("pk"))
    return {
        "order": order,
        "captured": [payment for payment in payments if payment.captured_minor],
        "latest": payments[-1] if payments else None,
        "is_free": order.total_minor == 0,
        "Status": Payment.Status,
    }
