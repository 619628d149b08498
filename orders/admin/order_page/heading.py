"""The head of the order page: badges, and one line of facts."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone

from orders.admin.order_page.facts import arrival_of
from orders.admin.states import TEST, Badge, payment_readers, shipping_badge, usual_payment
from orders.models import Order
from orders.problems import problems
from orders.urgency import Urgency, is_to_ship, urgency_of


@dataclass(frozen=True)
class Heading:
    """What stands beside and below the order's number."""

    badges: list[Badge]
    urgency: Urgency
    facts: list[str]


def heading_of(order: Order) -> Heading:
    """Return the states of the order, what is wrong with it, and how it is delivered."""
    return Heading(list(_badges(order)), urgency_of(order, timezone.localdate()), list(_facts(order)))


def _badges(order: Order) -> Iterator[Badge]:
    payments = {}
    for read in payment_readers:
        payments |= read([order])
    if order.is_test:
        yield TEST
    yield (payments.get(order.pk) or usual_payment(order)).badge
    yield shipping_badge(order)
    yield from (Badge(label, "bad") for label in problems.of([order.pk]).get(order.pk, []))


def _facts(order: Order) -> Iterator[str]:
    if order.is_canceled:
        yield f"Canceled: {order.get_cancel_reason_display().lower()}"
    arrival = arrival_of(order) if is_to_ship(order) else ""
    yield f"{order.shipping_name}, promised {arrival}" if arrival else order.shipping_name
