"""The timeline of an order: everything that happened to it, in words, newest first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse

from accounts.models import User
from orders.admin.order_page.notes import NoteForm, note_refusal
from orders.admin.order_page.permissions import NOTE, SEE_CUSTOMER
from orders.admin.order_page.registry import TimelineEntry, order_page
from orders.models import Order, OrderEvent

MAX_ENTRIES = 200
Kind = OrderEvent.Kind
LOOKS = {
    Kind.PLACED: "ok",
    Kind.CONFIRMED: "ok",
    Kind.SHIPPED: "ok",
    Kind.COMPLETED: "ok",
    Kind.CANCELED: "warn",
}
HIDDEN_NOTE = "Notes are for staff who see customers."


@dataclass(frozen=True)
class Timeline:
    """The content of the panel. `form` is None for staff who may not add notes."""

    entries: Sequence[TimelineEntry]
    form: NoteForm | None
    note_url: str
    history_url: str


def timeline(order: Order, user: User) -> Timeline:
    """Return what happened to the order. Each app adds what it knows."""
    entries = [entry for source in order_page.timeline_sources for entry in source(order, user)]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    can_note = user.has_perm(NOTE) and not note_refusal(order)
    return Timeline(
        entries[:MAX_ENTRIES],
        NoteForm(order=order, user=user) if can_note else None,
        reverse("admin:orders_order_note", args=[order.pk]),
        reverse("admin:orders_order_history", args=[order.pk]),
    )


def event_entries(order: Order, user: User) -> Iterator[TimelineEntry]:
    """Yield the events of the order. Only staff who may see customers see what was changed."""
    sees_customer = user.has_perm(SEE_CUSTOMER)
    parcel = 0
    for event in sorted(order.events.all(), key=lambda event: event.pk):
        parcel += event.kind == Kind.SHIPPED
        is_note = event.kind == Kind.NOTE
        said = (event.text or "This note was removed.") if reads_notes(user) else HIDDEN_NOTE
        yield TimelineEntry(
            at=event.created_at,
            text="Note" if is_note else _text(event, parcel),
            who=who_of(event),
            said=said if is_note else "",
            changes=[shown_change(change) for change in event.changes] if sees_customer else [],
            look=LOOKS.get(Kind(event.kind), ""),
        )


def reads_notes(user: User) -> bool:
    """Whether this user may read notes, which are about customers: staff who write notes or see customers."""
    return user.has_perm(NOTE) or user.has_perm(SEE_CUSTOMER)


def who_of(event: OrderEvent) -> str:
    """Return who did it: a member of staff, or the customer; empty for the shop itself."""
    if event.user:
        return event.user.get_full_name()
    return "the customer" if event.kind == Kind.PLACED else ""


def _text(event: OrderEvent, parcel: int) -> str:
    if event.kind == Kind.SHIPPED:
        return f"Parcel {parcel}: {event.text[:1].lower()}{event.text[1:]}"
    return event.text


def shown_change(change: Mapping[str, str]) -> str:
    """`Street: Kraanlei 12 → Kraanlei 21`."""
    before = f"{change['before']} → " if change["before"] else ""
    return f"{change['label']}: {before}{change['after']}"
