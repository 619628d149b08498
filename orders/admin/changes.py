"""What staff did with orders, as a source of the history of the whole shop."""

from typing import Any

from django.db.models import QuerySet

from catalog.edits.log import Line, Place, Source, Wanted, name_of
from orders.admin.order_page.permissions import SEE_CUSTOMER
from orders.admin.order_page.timeline import HIDDEN_NOTE, reads_notes
from orders.models import Order, OrderEvent


def staff_events(wanted: Wanted) -> QuerySet:
    """The events of orders by people, which an index of their own lists."""
    rows = OrderEvent.objects.filter(user__isnull=False).select_related("order")
    if wanted.subject:
        rows = rows.filter(order__number__folds=wanted.subject)
    return rows.filter(order=wanted.object_id) if wanted.object_id else rows


def event_line(event: Any, place: Place, wanted: Wanted) -> Line:
    """The event as an entry. Readers who may not see customers see no values and no notes, as on the order's page."""
    sees_customer = wanted.reader is not None and wanted.reader.has_perm(SEE_CUSTOMER)
    sees_notes = wanted.reader is not None and reads_notes(wanted.reader)
    is_hidden = event.kind == OrderEvent.Kind.NOTE and not sees_notes
    rows = [[change["label"], change["before"], change["after"]] for change in event.changes] if sees_customer else []
    return Line(
        place,
        name_of(event.user),
        "Order",
        event.order.number,
        Order,
        str(event.order_id),
        [{"sentence": HIDDEN_NOTE if is_hidden else event.text, "rows": rows}],
    )


ORDER_EVENTS = Source("O", Order, "created_at", staff_events, event_line)
