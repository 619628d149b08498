"""Tiles of the desk's home page about payments."""

from catalog.admin.tile_registry import Tile, Urgency
from catalog.formats import moment
from payments import worklists

PAYMENTS, EVENTS = "admin:payments_payment_changelist", "admin:payments_stripeevent_changelist"

TILES = (
    Tile(
        *("payments-to-check", "Payments to look at", Urgency.LATE, "payments.view_payment", PAYMENTS),
        *({"check": "yes"}, worklists.to_check),
        note="They do not fit their order",
    ),
    Tile(
        *("stuck-events", "Stuck events", Urgency.LATE, "payments.view_stripeevent", EVENTS),
        *({"stuck": "yes"}, worklists.stuck_events),
        oldest="received_at",
        detail=lambda received: f"From Stripe, oldest of {moment(received)}",
    ),
)
