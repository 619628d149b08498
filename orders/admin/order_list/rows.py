"""The rows of the order list: what a row shows of an order, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils import timezone

from accounts.models import User
from catalog.formats import NOTHING, count_of, day, moment, money
from orders.admin.order_page.panels import SEE_CUSTOMER
from orders.admin.states import TEST, Badge, PaymentCell, payment_readers, shipping_badge, usual_payment
from orders.models import Order, OrderLine
from orders.problems import problems
from orders.urgency import Urgency, is_to_ship, urgency_of

MAX_PICTURES = 3


@dataclass(frozen=True)
class Row:
    """What the list shows of one order."""

    order: Order
    urgency: Urgency
    placed: str
    customer: str
    place: str
    pictures: Sequence[Any]
    items: str
    total: str
    payment: PaymentCell
    shipping: Badge
    delivery: str
    promise: str
    badges: Sequence[Badge] = field(default_factory=list)


def rows_of(orders: Sequence[Order], user: User) -> list[Row]:
    """Return a row for each order. The number of queries does not depend on the number of orders."""
    today = timezone.localdate()
    ids = [order.pk for order in orders]
    lines, found = _lines_of(ids), problems.of(ids)
    payments: dict[int, PaymentCell] = {}
    for read in payment_readers:
        payments |= read(orders)
    sees_customer = user.has_perm(SEE_CUSTOMER)
    return [
        Row(
            order=order,
            urgency=urgency_of(order, today),
            placed=moment(order.placed_at),
            customer=order.name if sees_customer else "",
            place=_place(order, sees_customer=sees_customer),
            pictures=[line.image for line in lines[order.pk][:MAX_PICTURES]],
            items=count_of(sum(line.quantity for line in lines[order.pk]), "item"),
            total=money(order.total_minor, order.currency),
            payment=payments.get(order.pk) or usual_payment(order),
            shipping=shipping_badge(order),
            delivery=order.shipping_name or NOTHING,
            promise=_promise(order, today),
            badges=list(_badges(order, lines[order.pk], found.get(order.pk, []))),
        )
        for order in orders
    ]


def _lines_of(order_ids: Iterable[int]) -> dict[int, list[OrderLine]]:
    lines: dict[int, list[OrderLine]] = {order_id: [] for order_id in order_ids}
    columns = ("order_id", "quantity", "shipped_quantity", "canceled_quantity", "image", "is_backordered")
    for line in OrderLine.objects.filter(order__in=lines).only(*columns).order_by("order_id", "position"):
        lines[line.order_id].append(line)
    return lines


def _place(order: Order, *, sees_customer: bool) -> str:
    """`Antwerp, BE`, or only the country for staff who may not see customers."""
    return ", ".join(part for part in (order.city if sees_customer else "", order.country) if part)


def _promise(order: Order, today: date) -> str:
    """What was promised about the arrival, while the order is still to be shipped."""
    if not is_to_ship(order) or not order.arrives_until:
        return ""
    if order.is_pickup:
        return f"Ready by {day(order.arrives_until)}"
    if urgency_of(order, today) == Urgency.TODAY:
        return "Ship today"
    return f"Promised {day(order.arrives_until)}"


def _badges(order: Order, lines: Sequence[OrderLine], found: Sequence[str]) -> Iterable[Badge]:
    if order.is_test:
        yield TEST
    yield from (Badge(label, "bad") for label in found)
    if is_to_ship(order) and any(line.is_backordered and line.open_quantity for line in lines):
        yield Badge("Backordered", "info open")
    if order.gift_message:
        yield Badge("Gift message", "info")
    if order.note:
        yield Badge("Note", "info")
