"""What templates need to show payments."""

from django import template

from orders.models import Order
from payments.models import Payment

register = template.Library()


@register.inclusion_tag("includes/payment_summary.html")
def payment_summary(order: Order) -> dict[str, object]:
    """How the order was paid, in the shopper's words."""
    payments = list(order.payments.order_by("pk"))
    captured = next((payment for payment in reversed(payments) if payment.captured_minor), None)
    latest = payments[-1] if payments else None
    return {
        "order": order,
        "captured": captured,
        "latest": latest,
        "is_free": order.total_minor == 0,
        "Status": Payment.Status,
    }
