"""How urgent it is to ship an order."""

from datetime import date
from enum import StrEnum

from orders.models import Order
from orders.models.order import DIGITAL
from orders.worklists import TO_SEND


class Urgency(StrEnum):
    """How urgent it is to ship an order. The values are CSS classes."""

    LATE = "late"
    TODAY = "soon"
    LATER = ""


def is_to_ship(order: Order) -> bool:
    """Whether the order is paid and something of it is still to be sent or picked up."""
    is_open = order.status == Order.Status.CONFIRMED and order.fulfillment_status in TO_SEND
    return is_open and order.shipping_code != DIGITAL


def urgency_of(order: Order, today: date) -> Urgency:
    """How urgent it is to ship this order. An order that promised no day is never late."""
    if not is_to_ship(order) or not order.ship_by or order.ship_by > today:
        return Urgency.LATER
    return Urgency.LATE if order.ship_by < today else Urgency.TODAY
