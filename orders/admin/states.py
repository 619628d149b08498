"""The states of an order as badges, for the list of orders and the page of one order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from orders.models import Order
from orders.models.order import DIGITAL


@dataclass(frozen=True)
class Badge:
    """A state in words, with its colour (ok, warn, bad, info) and the shape of its dot (open, half)."""

    text: str
    look: str = ""


@dataclass(frozen=True)
class PaymentCell:
    """How an order was paid: its state, and what it was paid with."""

    badge: Badge
    method: str = ""


UNPAID = PaymentCell(Badge("Unpaid", "warn open"))
PROCESSING = PaymentCell(Badge("Processing", "info half"))
PAID = PaymentCell(Badge("Paid", "ok"))
NOT_PAID = PaymentCell(Badge("Not paid"))
SHIPPING = {
    Order.FulfillmentStatus.UNFULFILLED: Badge("To ship", "warn open"),
    Order.FulfillmentStatus.PARTIAL: Badge("Partly shipped", "info half"),
    Order.FulfillmentStatus.SHIPPED: Badge("Shipped", "ok"),
    Order.FulfillmentStatus.DELIVERED: Badge("Delivered", "ok"),
}

TEST = Badge("Test order", "warn")

PaymentReader = Callable[[Sequence[Order]], Mapping[int, PaymentCell]]
payment_readers: list[PaymentReader] = []  # payments adds its own, which knows of refunds


def usual_payment(order: Order) -> PaymentCell:
    """How the order was paid, as far as the order itself says."""
    if order.is_unpaid:
        return PROCESSING if order.is_payment_processing else UNPAID
    return PAID if order.confirmed_at else NOT_PAID


def shipping_badge(order: Order) -> Badge:
    """What is shipped of the order, or why nothing is."""
    if order.is_canceled:
        return Badge("Canceled")
    if order.shipping_code == DIGITAL:
        return Badge("Nothing to ship")
    if order.is_unpaid:
        return Badge("Waiting for payment")
    return SHIPPING[Order.FulfillmentStatus(order.fulfillment_status)]
