"""Ship orders. The only writer of Order.fulfillment_status."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from catalog import inventory
from catalog.errors import StockRefused
from catalog.formats import NOTHING
from catalog.web_urls import url_refusal
from orders.editing import Edit, check_unchanged, lock_for
from orders.emails import send_shipped
from orders.errors import EditRefused, ShipmentRefused
from orders.lifecycle import Change, complete, lock_order, record_event
from orders.models import Fulfillment, FulfillmentLine, Order, OrderEvent, OrderLine

# Why an order is not shipped now, as a sentence, or an empty text. Apps that know add themselves in AppConfig.ready.
HOLDS: list[Callable[[Order], str]] = []


def hold_of(order: Order, *, besides: Callable[[Order], str] | None = None) -> str:
    """Return why the order is not shipped although it is confirmed, such as a disputed payment; empty if it may be.

    `besides` is a reason that does not count.
    """
    return next(filter(None, (hold(order) for hold in HOLDS if hold is not besides)), "")


@dataclass(frozen=True)
class NewFulfillment:
    """A parcel to ship: its quantities by order line id and its carrier. Shipping the same `key` twice ships it once."""

    quantities: Mapping[int, int]
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    key: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass(frozen=True)
class Tracking:
    """Who carries a parcel, and how to track it."""

    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""


LABELS = {"carrier": "Carrier", "tracking_number": "Tracking number", "tracking_url": "Tracking URL"}


@transaction.atomic
def ship(order: Order, new: NewFulfillment, *, user_id: int | None = None, seen: int | None = None) -> Fulfillment:
    """Ship the parcel: take its units from stock, update lines and order, and e-mail the shopper.

    Shipping the same key again returns the first fulfillment. Raise ShipmentRefused, and change nothing, if the order
    cannot be shipped, a quantity exceeds what is open or the tracking URL is none of a web page. With `seen`, the newest
    event on the page, raise OrderChanged if the order has changed since.
    """
    order = lock_order(order.pk)
    if sent := Fulfillment.objects.filter(key=new.key, order=order).first():
        return sent
    check_unchanged(order, seen)
    if hold := hold_of(order):
        raise ShipmentRefused(hold)
    lines, quantities = check_parcel(order, new)
    fulfillment = Fulfillment.objects.create(
        order=order,
        key=new.key,
        carrier=new.carrier,
        tracking_number=new.tracking_number,
        tracking_url=new.tracking_url,
        shipped_at=timezone.now(),
    )
    FulfillmentLine.objects.bulk_create(
        FulfillmentLine(fulfillment=fulfillment, line_id=line, quantity=quantity)
        for line, quantity in quantities.items()
    )
    for line, quantity in quantities.items():
        OrderLine.objects.filter(pk=line).update(shipped_quantity=F("shipped_quantity") + quantity)
    _update_status(order)
    record_event(
        order,
        OrderEvent.Kind.SHIPPED,
        f"Handed to {new.carrier or 'the carrier'}",
        is_public=True,
        user_id=user_id,
    )
    send_shipped(fulfillment)
    _take_from_stock(
        order, {line: quantity for line, quantity in quantities.items() if lines[line].is_stocked}, user_id
    )
    return fulfillment


@transaction.atomic
def correct_tracking(fulfillment: Fulfillment, new: Tracking, edit: Edit) -> None:
    """Correct the carrier and tracking of a shipped parcel, and record them before and after.

    Raise EditRefused if nothing differs or the URL is none of a web page, and OrderChanged if the order has changed since
    its page was opened.
    """
    order = lock_for(fulfillment.order, edit)
    if not order:
        return
    stored = Fulfillment.objects.get(pk=fulfillment.pk, order=order)
    values = asdict(new)
    changes = [
        Change(LABELS[name], getattr(stored, name) or NOTHING, value or NOTHING)
        for name, value in values.items()
        if value != getattr(stored, name)
    ]
    if not changes:
        raise EditRefused("Nothing was changed.")
    if new.tracking_url and (sentence := url_refusal(new.tracking_url)):
        raise EditRefused(sentence, "tracking_url")
    Fulfillment.objects.filter(pk=stored.pk).update(**values)
    number = order.fulfillments.filter(pk__lte=stored.pk).count()
    text = f"Tracking of parcel {number} corrected"
    record_event(order, OrderEvent.Kind.EDITED, text, changes=changes, user_id=edit.user_id, key=edit.key)


def check_parcel(order: Order, new: NewFulfillment) -> tuple[dict[int, OrderLine], dict[int, int]]:
    """Return the lines of the order and the quantities in the parcel.

    Raise ShipmentRefused if it cannot be shipped, whatever holds the order back besides.
    """
    lines = {line.pk: line for line in order.lines.all()}
    quantities = {line: quantity for line, quantity in new.quantities.items() if quantity}
    if order.status != Order.Status.CONFIRMED:
        raise ShipmentRefused(f"Order {order.number} is {order.get_status_display().lower()} and cannot be shipped.")
    if not quantities:
        raise ShipmentRefused("Enter how many units of each line are in the parcel.")
    for line, quantity in quantities.items():
        if line not in lines or quantity < 0:
            raise ShipmentRefused("That line is not part of this order.")
        if quantity > lines[line].open_quantity:
            raise ShipmentRefused(f"Only {lines[line].open_quantity} of {lines[line].title} are still to be shipped.")
    if new.tracking_url and (sentence := url_refusal(new.tracking_url)):
        raise ShipmentRefused(sentence)
    return lines, quantities


def _update_status(order: Order) -> None:
    if not complete_if_sent(order):
        Order.objects.filter(pk=order.pk).update(fulfillment_status=Order.FulfillmentStatus.PARTIAL)


def complete_if_sent(order: Order) -> bool:
    """Complete a confirmed order of which nothing is left to send; return whether that is so.

    Gift cards and downloads are not sent: they were e-mailed when the order was confirmed.
    """
    is_open = Q(shipped_quantity__lt=F("quantity") - F("canceled_quantity"))
    if order.lines.filter(is_open, is_gift_card=False, needs_shipping=True).exists():
        return False
    if order.fulfillments.exists():
        Order.objects.filter(pk=order.pk).update(fulfillment_status=Order.FulfillmentStatus.SHIPPED)
    if order.status == Order.Status.CONFIRMED:
        complete(order)
    return True


def _take_from_stock(order: Order, quantities: Mapping[int, int], user_id: int | None) -> None:
    try:
        inventory.ship(order.number, quantities, user_id=user_id)
    except StockRefused as refused:
        raise ShipmentRefused(str(refused)) from refused
