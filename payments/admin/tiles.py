"""Tiles of the desk's home page about payments."""

from catalog.admin.tile_registry import Tile, Urgency
from catalog.formats import moment
from payments import worklists

PAYMENTS, EVENTS = "admin:payments_payment_changelist", "admin:payments_stripeevent_changelist"
REQUESTS = "admin:payments_refundrequest_changelist"
REFUNDS = "admin:payments_refund_changelist"
DISPUTES = "admin:payments_dispute_changelist"

TILES = (
    Tile(
        *("payments-to-check", "Payments to look at", Urgency.LATE, "payments.view_payment", PAYMENTS),
        *({"check": "yes"}, worklists.to_check),
        note="They do not fit their order",
    ),
    Tile(
        *("expiring", "Payments about to expire", Urgency.TODAY, "payments.view_payment", PAYMENTS),
        *({"check": "expiring"}, worklists.expiring),
        oldest="capture_before",
        detail=lambda until: f"Charge or release the first by {moment(until)}",
    ),
    Tile(
        *("disputes", "Disputes to answer", Urgency.LATE, "payments.view_dispute", DISPUTES),
        *({"todo": "answer"}, worklists.disputes_to_answer),
        oldest="answer_by",
        detail=lambda due: f"The first by {moment(due)}",
    ),
    Tile(
        *("refunds-to-approve", "Refunds to approve", Urgency.TODAY, "payments.approve_refund", REQUESTS),
        *({"todo": "approve"}, worklists.refunds_to_approve),
        oldest="asked_at",
        detail=lambda asked: f"Oldest from {moment(asked)}",
    ),
    Tile(
        *("failed-refunds", "Refunds that failed", Urgency.LATE, "payments.view_refund", REFUNDS),
        *({"failed": "yes"}, worklists.failed_refunds),
        note="Pay them out again",
    ),
    Tile(
        *("overdue-payments", "Overdue payments", Urgency.LATE, "payments.receive_payment", PAYMENTS),
        *({"check": "overdue"}, worklists.overdue_payments),
        oldest="due_at",
        detail=lambda due: f"The first was due {moment(due)}",
    ),
    Tile(
        *("partly-paid", "Orders paid in part", Urgency.TODAY, "payments.receive_payment", PAYMENTS),
        *({"check": "part"}, worklists.partly_paid),
        note="Wait for the rest, or cancel them",
    ),
    Tile(
        *("refunds-to-send", "Refunds to send", Urgency.TODAY, "payments.receive_payment", REFUNDS),
        *({"failed": "send"}, worklists.refunds_to_send),
        oldest="created_at",
        detail=lambda asked: f"Oldest from {moment(asked)}",
    ),
    Tile(
        *("refunds-to-assign", "Refunds to assign", Urgency.WAITING, "payments.refund_order", REQUESTS),
        *({"todo": "assign"}, worklists.refunds_to_assign),
        note="Made at Stripe, for lines we do not know",
    ),
    Tile(
        *("stuck-events", "Stuck events", Urgency.LATE, "payments.view_stripeevent", EVENTS),
        *({"stuck": "yes"}, worklists.stuck_events),
        oldest="received_at",
        detail=lambda received: f"From Stripe, oldest of {moment(received)}",
    ),
)
