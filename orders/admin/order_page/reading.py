"""Read an order with all that its page shows, in a fixed number of queries."""

from django.db.models import Prefetch, prefetch_related_objects

from orders.models import Order, OrderEvent, OrderLine


def read_lines(order: Order) -> None:
    """Read the order's lines with their variants, and its parcels."""
    lines = OrderLine.objects.select_related("variant")
    prefetch_related_objects([order], Prefetch("lines", lines), "fulfillments__lines")


def read_all(order: Order) -> None:
    """Read the order's lines, parcels and events."""
    read_lines(order)
    prefetch_related_objects([order], Prefetch("events", OrderEvent.objects.select_related("user")))
