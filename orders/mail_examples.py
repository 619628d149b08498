"""An example order, and the e-mails about it, for previews. Nothing is stored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from catalog.markets import default_market
from catalog.money import format_money
from orders.models import Fulfillment, GiftCard, Order, OrderLine
from orders.summary import sum_rows

LINES = (
    {"title": "Stoneware mug", "variant_title": "Moss, 350 ml", "quantity": 2, "unit_minor": 2400},
    {"title": "Oak board", "variant_title": "Large", "quantity": 1, "unit_minor": 5900},
)
SHIPPING_MINOR = 490
PERCENT = 19
CODE = "ABCD-EFGH-JKMN-PQRS"


@dataclass(frozen=True)
class MailExample:
    """An e-mail: the name of its template, when it is sent, and the subject and context of an example."""

    kind: str
    title: str
    occasion: str
    example: Callable[[], tuple[str, Mapping[str, Any]]]


def example_order() -> Order:
    """An order that was never placed, with its lines."""
    market, now = default_market(), timezone.now()
    subtotal = sum(line["quantity"] * line["unit_minor"] for line in LINES)  # type: ignore[operator]
    total = subtotal + SHIPPING_MINOR
    tax = round(total * PERCENT / (100 + PERCENT))
    order = Order(
        pk=0,
        number="HS-EXAMPLE1",
        status=Order.Status.CONFIRMED,
        market=market.code,
        language=market.language,
        currency=market.currency,
        name="Anna Peeters",
        email="anna@example.com",
        line1="Kraanlei 12",
        postcode="9000",
        city="Gent",
        country="BE",
        shipping_code="standard",
        shipping_name="Standard delivery",
        subtotal_minor=subtotal,
        shipping_minor=SHIPPING_MINOR,
        total_minor=total,
        tax_minor=tax,
        taxes=[{"percent": f"{PERCENT}", "base_minor": total - tax, "tax_minor": tax}],
        is_tax_included=True,
        arrives_from=date.today() + timedelta(days=3),  # noqa: DTZ011  (an example)
        arrives_until=date.today() + timedelta(days=4),  # noqa: DTZ011  (as above)
        terms_version="2026-01-01.1",
        placed_at=now,
    )
    lines = [
        OrderLine(order=order, position=position, subtotal_minor=line["quantity"] * line["unit_minor"], **line)  # type: ignore[operator, arg-type]
        for position, line in enumerate(LINES)
    ]
    order._prefetched_objects_cache = {"lines": lines}  # type: ignore[attr-defined]
    return order


def _confirmed() -> tuple[str, dict[str, Any]]:
    order = example_order()
    lines = order._prefetched_objects_cache["lines"]  # type: ignore[attr-defined]
    arrives = "Arrives Mon 30 November – Tue 1 December"
    context = {"order": order, "lines": lines, "rows": sum_rows(order), "arrives": arrives, "standing": "paid"}
    return f"Order {order.number}: Stoneware mug and 1 more", context


def _shipped() -> tuple[str, dict[str, Any]]:
    order = example_order()
    parcel = Fulfillment(
        order=order, carrier="DHL", tracking_number="00340434161094", tracking_url="https://dhl.example/"
    )
    parts = [{"quantity": line["quantity"], "title": line["title"]} for line in LINES]
    return f"On its way: order {order.number}", {"order": order, "fulfillment": parcel, "parts": parts}


def _canceled() -> tuple[str, dict[str, Any]]:
    order = example_order()
    return f"Order {order.number} is canceled", {"order": order, "refunded_minor": order.total_minor}


def _refunded() -> tuple[str, dict[str, Any]]:
    order = example_order()
    heading = f"Your refund of {format_money(1800, order.currency)}"
    context = {
        "order": order,
        "heading": heading,
        "refunded_minor": 1800,
        "reason": "Arrived damaged",
        "has_card": True,
    }
    context |= {"to": f"{format_money(1800, order.currency)} to Visa ending in 4242", "lines": ["1 × Stoneware mug"]}
    return f"Order {order.number}: your refund", context


def _late() -> tuple[str, dict[str, Any]]:
    order = example_order()
    context = {"order": order, "refunded_minor": order.total_minor}
    return f"Order {order.number}: your payment will be refunded", context


def _gift_line(order: Order) -> OrderLine:
    return OrderLine(
        order=order,
        title="Gift card",
        recipient_name="Lukas",
        recipient_email="lukas@example.com",
        gift_text="For your new kitchen.",
    )


def _cards() -> list[dict[str, Any]]:
    return [{"code": CODE, "card": GiftCard(initial_minor=5000, currency=default_market().currency)}]


def _gift_cards() -> tuple[str, dict[str, Any]]:
    order = example_order()
    return f"Order {order.number}: your gift card", {"order": order, "cards": _cards()}


def _gift() -> tuple[str, dict[str, Any]]:
    order = example_order()
    context = {"order": order, "cards": _cards(), "line": _gift_line(order), "sender": order.name}
    return f"{order.name} has sent you a gift card", context


def _gift_sent() -> tuple[str, dict[str, Any]]:
    order = example_order()
    return f"Order {order.number}: your gift card was sent", {"order": order, "line": _gift_line(order)}


EXAMPLES = (
    MailExample("order_confirmed", "Order confirmation", "When an order is paid, with the terms attached", _confirmed),
    MailExample("order_shipped", "Parcel sent", "When a parcel is marked as sent", _shipped),
    MailExample("order_canceled", "Order canceled", "When an order is canceled after it was paid", _canceled),
    MailExample("order_refunded", "Refund", "When the money of a refund has gone back", _refunded),
    MailExample("late_refund", "Payment too late", "When a payment arrives for an order that was closed", _late),
    MailExample("gift_cards", "Gift cards", "When gift cards were bought for oneself", _gift_cards),
    MailExample("gift", "Gift", "To the recipient of a gift card", _gift),
    MailExample("order_gift_sent", "Gift was sent", "To the buyer of a gift card, without its code", _gift_sent),
)
