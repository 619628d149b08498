"""Tiles of the desk's home page about orders."""

from catalog.admin.tile_registry import Tile, Urgency
from catalog.formats import day, moment
from orders import worklists

ORDERS = "admin:orders_order_changelist"
VIEW = "orders.view_order"

TILES = (
    Tile(
        *("late-to-ship", "Late to ship", Urgency.LATE, VIEW, ORDERS, {"work": "late"}, worklists.late_to_ship),
        oldest="ship_by",
        detail=lambda due: f"Oldest was due on {day(due)}",
    ),
    Tile(
        *("to-ship-today", "Ship today", Urgency.TODAY, VIEW, ORDERS, {"work": "today"}, worklists.to_ship_today),
        note="So that they arrive as promised",
    ),
    Tile(
        *("short-of-stock", "Short of stock", Urgency.TODAY, VIEW, ORDERS, {"work": "short"}, worklists.short_of_stock),
        note="Sold, but not on hand",
    ),
    Tile(
        *("unpaid", "Unpaid orders", Urgency.WAITING, VIEW, ORDERS, {"work": "unpaid"}, worklists.unpaid),
        oldest="placed_at",
        detail=lambda placed: f"Oldest from {moment(placed)}",
    ),
)
