"""The parcels of an order: what is in each, how it is tracked, and what is still to be shipped from where."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from accounts.models import User
from catalog.formats import moment
from catalog.models import Reservation
from orders.admin.order_page.permissions import SHIP
from orders.models import Fulfillment, Order, OrderLine


@dataclass(frozen=True)
class Parcel:
    """A shipped parcel in words. `correct_url` leads to the form that corrects its tracking."""

    number: int
    fulfillment: Fulfillment
    shipped: str
    pictures: Sequence[Any]
    contents: str
    correct_url: str


@dataclass(frozen=True)
class Parcels:
    """The content of the panel. `ship_url` is empty if nothing can be shipped now, or not by this user."""

    open_items: Sequence[str]
    ship_url: str
    parcels: Sequence[Parcel]
    empty: str = ""


def parcels(order: Order, user: User) -> Parcels | None:
    """Return the parcels of the order, and what is still to be shipped. None if nothing is ever shipped."""
    shipped = list(order.fulfillments.all())
    open_lines = open_lines_of(order)
    if not shipped and not any(line.needs_shipping and not line.is_gift_card for line in order.lines.all()):
        return None
    can_ship = user.has_perm(SHIP) and can_be_shipped(order)
    places = locations_of(order) if open_lines else {}
    lines = {line.pk: line for line in order.lines.all()}
    return Parcels(
        [_open_item(line, places.get(line.pk, [])) for line in open_lines],
        reverse("admin:orders_order_ship", args=[order.pk]) if can_ship else "",
        [_parcel(order, number, parcel, lines, user) for number, parcel in enumerate(shipped, start=1)],
        "" if shipped or open_lines else "Nothing was shipped.",
    )


def open_lines_of(order: Order) -> list[OrderLine]:
    """Return the lines with units that are still to be shipped."""
    if order.is_canceled:
        return []
    return [line for line in order.lines.all() if line.open_quantity and line.needs_shipping and not line.is_gift_card]


def can_be_shipped(order: Order) -> bool:
    """Return whether a parcel of the order can be shipped now."""
    return order.status == Order.Status.CONFIRMED and bool(open_lines_of(order))


def locations_of(order: Order) -> Mapping[int, Sequence[str]]:
    """Return the names of the locations that hold units for each open line, by line id."""
    places = defaultdict(list)
    reservations = Reservation.objects.filter(reference=order.number).select_related("location")
    for reservation in reservations.order_by("location__priority", "location_id"):
        places[reservation.line].append(f"{reservation.quantity} in {reservation.location}")
    return places


def _open_item(line: OrderLine, places: Sequence[str]) -> str:
    """`2 × Mug (Moss), 1 in Ghent, 1 in Berlin`."""
    return ", ".join([f"{line.open_quantity} × {line.full_title}", *places])


def _parcel(order: Order, number: int, parcel: Fulfillment, lines: Mapping[int, OrderLine], user: User) -> Parcel:
    parts = list(parcel.lines.all())
    url = reverse("admin:orders_order_tracking", args=[order.pk])
    return Parcel(
        number=number,
        fulfillment=parcel,
        shipped=moment(parcel.shipped_at),
        pictures=[lines[part.line_id].image for part in parts],
        contents=", ".join(f"{part.quantity} × {lines[part.line_id].full_title}" for part in parts),
        correct_url=f"{url}?parcel={parcel.pk}" if user.has_perm(SHIP) else "",
    )
