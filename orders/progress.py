"""The progress of an order as shown to the shopper: a heading, past steps and upcoming steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from babel.dates import format_date, format_datetime
from django.utils import timezone

from orders.delivery.options import day_span
from orders.models import Fulfillment, Order, OrderEvent, OrderLine

Shipped = Order.FulfillmentStatus


class StepState(StrEnum):
    """The state of a step. The style sheet uses these values as class names."""

    DONE = "done"
    NOW = "now"
    TO_COME = ""


@dataclass(frozen=True)
class Step:
    """A step of an order, with the time when it happened or is expected."""

    text: str
    detail: str = ""
    state: StepState = StepState.DONE


@dataclass(frozen=True)
class Progress:
    """The order page's heading, and its titled list of steps."""

    heading: str
    title: str
    steps: list[Step]


def order_progress(order: Order) -> Progress:
    """Return the order's heading and its steps, past ones first.

    Uses the order's events, lines and fulfillments, which `order_for_page` prefetches.
    """
    if order.status == Order.Status.PLACED:
        return Progress(f"Almost there, {order.first_name}", "Waiting for your payment", list(_events(order)))
    if order.status == Order.Status.CANCELED:
        return Progress("This order is canceled", "What happened", list(_events(order)))
    return Progress(_heading(order), _title(order), [*_events(order), *_to_come(order)])


def can_review(order: Order, line: OrderLine) -> bool:
    """Return whether the buyer can review this line: units have been shipped, or it needs no shipping."""
    if order.status not in (Order.Status.CONFIRMED, Order.Status.COMPLETED) or line.is_gift_card:
        return False
    return line.shipped_quantity > 0 or not line.needs_shipping


def _heading(order: Order) -> str:
    if order.fulfillment_status == Shipped.DELIVERED:
        return "Delivered"
    if order.fulfillment_status == Shipped.SHIPPED:
        return "Your order was picked up" if order.is_pickup else "Your order is on its way"
    if order.fulfillment_status == Shipped.PARTIAL:
        return "Part of your order was picked up" if order.is_pickup else "Part of your order is on its way"
    return f"Thank you, {order.first_name}"


def _title(order: Order) -> str:
    is_open = order.fulfillment_status in (Shipped.UNFULFILLED, Shipped.PARTIAL)
    return "What happens next" if is_open and _open_lines(order) else "What happened"


def _events(order: Order) -> Iterator[Step]:
    """Yield a step for each public event. Parcels are numbered if there are several."""
    parcels = list(order.fulfillments.all())
    number = 0
    for event in order.events.all():
        if not event.is_public:
            continue
        text = event.text
        if event.kind == OrderEvent.Kind.SHIPPED:
            number += 1
            is_one_of_several = len(parcels) > 1 or order.fulfillment_status == Shipped.PARTIAL
            text = f"Parcel {number}: {text[:1].lower()}{text[1:]}" if is_one_of_several else text
        yield Step(text, _moment(event.created_at))


def _to_come(order: Order) -> Iterator[Step]:
    """Yield the upcoming steps of an order until it is delivered."""
    open_lines = _open_lines(order)
    if order.fulfillment_status == Shipped.DELIVERED or not (open_lines or order.fulfillments.all()):
        return
    if open_lines:
        units = sum(line.open_quantity for line in open_lines)
        rest = f"{units} item{'' if units == 1 else 's'} still to come" if order.fulfillments.all() else ""
        yield Step("We are getting it ready" if order.is_pickup else "We are packing it", rest, StepState.NOW)
        if order.is_pickup:
            yield Step("Ready for you", _ready(order), StepState.TO_COME)
            return
        yield Step("On its way", "We will e-mail you when it is sent", StepState.TO_COME)
    if order.is_pickup:
        return
    expected = _expected(order)
    yield Step("Arrives", expected, StepState.TO_COME if open_lines else StepState.NOW)


def _open_lines(order: Order) -> list[OrderLine]:
    """Return the lines with units still to be shipped, without gift cards and downloads."""
    return [line for line in order.lines.all() if line.open_quantity and line.needs_shipping and not line.is_gift_card]


def _expected(order: Order) -> str:
    return day_span(order.arrives_from, order.arrives_until) if order.arrives_from and order.arrives_until else ""


def _ready(order: Order) -> str:
    return f"From {format_date(order.arrives_until, 'EEE d MMMM', locale='en')}" if order.arrives_until else ""


def _moment(at: datetime) -> str:
    """Return the local time, like `24 November, 18:02`."""
    return format_datetime(timezone.localtime(at), "d MMMM, HH:mm", locale="en")


@dataclass(frozen=True)
class FulfillmentView:
    """A parcel as the order page shows it."""

    number: int
    of: int
    fulfillment: Fulfillment

    @property
    def title(self) -> str:
        return f"Parcel {self.number} of {self.of}" if self.of > 1 else "Your parcel"


@dataclass(frozen=True)
class LineView:
    """A line as the order page shows it; `review_action` is empty while the buyer cannot review it."""

    line: OrderLine
    review_action: str


def fulfillments_of(order: Order) -> list[FulfillmentView]:
    """Return the shipped parcels, oldest first. Units still to be shipped count as one more parcel."""
    fulfillments = list(order.fulfillments.all())
    count = len(fulfillments) + (1 if _open_lines(order) else 0)
    return [FulfillmentView(number, count, fulfillment) for number, fulfillment in enumerate(fulfillments, start=1)]
