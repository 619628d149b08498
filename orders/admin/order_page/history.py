"""The history of an order: its events, and what the admin logged about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType

from accounts.models import User
from catalog.formats import NOTHING, moment
from orders.admin.order_page.content import Column, Table, table
from orders.admin.order_page.permissions import SEE_CUSTOMER
from orders.admin.order_page.timeline import HIDDEN_NOTE, reads_notes, shown_change
from orders.models import Order, OrderEvent


@dataclass(frozen=True)
class HistoryEntry:
    """Something that happened to an order. `user` is None for the system and the customer."""

    at: datetime
    source: str
    text: str
    user: User | None


COLUMNS = (
    Column("Time", lambda entry: moment(entry.at)),
    Column("What happened", lambda entry: entry.text),
    Column("By", lambda entry: entry.user or NOTHING),
    Column("Recorded as", lambda entry: entry.source),
)


def history_of(order: Order, reader: User) -> Table:
    """Return the events and the admin's log entries of the order as a table, oldest first.

    Only readers who may see customers see the values before and after a change.
    """
    entries = sorted([*_events(order, reader), *_log_entries(order)], key=lambda entry: entry.at)
    return table(COLUMNS, entries, empty="Nothing has happened yet.")


def _events(order: Order, reader: User) -> Iterator[HistoryEntry]:
    sees_changes, sees_notes = reader.has_perm(SEE_CUSTOMER), reads_notes(reader)
    for event in order.events.select_related("user"):
        changes = "; ".join(shown_change(change) for change in event.changes) if sees_changes else ""
        said = HIDDEN_NOTE if event.kind == OrderEvent.Kind.NOTE and not sees_notes else event.text
        text = f"{said} ({changes})" if changes else said
        yield HistoryEntry(event.created_at, event.get_kind_display(), text, event.user)


def _log_entries(order: Order) -> Iterator[HistoryEntry]:
    content_type = ContentType.objects.get_for_model(Order)
    logged = LogEntry.objects.filter(content_type=content_type, object_id=str(order.pk)).select_related("user")
    for entry in logged.order_by("pk"):
        text = entry.get_change_message() or entry.get_action_flag_display()
        yield HistoryEntry(entry.action_time, "Admin log", text, entry.user)
