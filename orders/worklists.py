"""The orders that need work, as the order list and the desk's tiles show them."""

from datetime import date

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from catalog.models import Reservation, Stock
from orders.models import Order
from orders.models.order import DIGITAL

TO_SEND = [Order.FulfillmentStatus.UNFULFILLED, Order.FulfillmentStatus.PARTIAL]


def to_ship() -> QuerySet[Order]:
    """Paid orders of which something is still to be sent or picked up."""
    orders = Order.objects.filter(status=Order.Status.CONFIRMED, fulfillment_status__in=TO_SEND)
    return orders.exclude(shipping_code=DIGITAL)


def late_to_ship(today: date | None = None) -> QuerySet[Order]:
    """Orders that should have left before today, so that what was promised held."""
    return to_ship().filter(ship_by__lt=today or timezone.localdate())


def to_ship_today(today: date | None = None) -> QuerySet[Order]:
    """Orders that leave today, so that what was promised holds."""
    return to_ship().filter(ship_by=today or timezone.localdate())


def short_of_stock() -> QuerySet[Order]:
    """Paid orders with reserved units that are not on hand: backordered, or missing since a correction."""
    missing = Stock.objects.filter(
        variant=OuterRef("variant"), location=OuterRef("location"), reserved__gt=F("on_hand")
    )
    short = Reservation.objects.filter(Exists(missing))
    return Order.objects.filter(status=Order.Status.CONFIRMED, number__in=short.values("reference"))


def unpaid() -> QuerySet[Order]:
    """Orders that wait for their payment."""
    return Order.objects.filter(status=Order.Status.PLACED)
