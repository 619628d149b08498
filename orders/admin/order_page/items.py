"""The items of an order: what was ordered, what it cost, and how much of it has been shipped."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from accounts.models import User
from catalog.formats import count_of, money
from orders.admin.states import Badge
from orders.models import Order, OrderLine


@dataclass(frozen=True)
class Item:
    """An order line in words. `url` leads to the product in the admin, `before` is the price before discounts."""

    line: OrderLine
    url: str
    badge: Badge
    shipped: str
    quantity_and_price: str
    before: str
    total: str


@dataclass(frozen=True)
class Items:
    """The content of the panel."""

    summary: str
    items: Sequence[Item]


def items(order: Order, user: User) -> Items:
    """Return the lines of the order. Their variants are read together with them."""
    may_see_products = user.has_perm("catalog.view_product")
    lines = list(order.lines.all())
    return Items(_summary(lines), [_item(order, line, is_linked=may_see_products) for line in lines])


def _summary(lines: Sequence[OrderLine]) -> str:
    grams = sum(line.grams * line.quantity for line in lines)
    units = count_of(sum(line.quantity for line in lines), "item")
    return f"{units} · {shown_weight(grams)}" if grams else units


def shown_weight(grams: int) -> str:
    """`750 g`, or `3.9 kg`."""
    return f"{grams} g" if grams < 1000 else f"{grams / 1000:.1f} kg"


def _item(order: Order, line: OrderLine, *, is_linked: bool) -> Item:
    is_reduced = bool(line.discount_minor)
    return Item(
        line=line,
        url=product_url(line) if is_linked else "",
        badge=line_badge(order, line),
        shipped=_shipped(line),
        quantity_and_price=f"{line.quantity} × {money(line.unit_minor, order.currency)}",
        before=money(line.subtotal_minor, order.currency) if is_reduced else "",
        total=money(line.subtotal_minor - line.discount_minor, order.currency),
    )


def product_url(line: OrderLine) -> str:
    """Return the product's page in the admin; empty if its variant was deleted."""
    return reverse("admin:catalog_product_change", args=[line.variant.product_id]) if line.variant else ""


def line_badge(order: Order, line: OrderLine) -> Badge:
    """Return how far the line has been shipped."""
    if order.is_canceled:
        return Badge("Canceled")
    if line.is_gift_card:
        return Badge("Refunded") if line.refunded_quantity == line.quantity else Badge("By e-mail")
    if line.refunded_quantity == line.quantity:
        return Badge("Refunded")
    if not line.needs_shipping:
        return Badge("Nothing to ship")
    if not line.open_quantity:
        return Badge("Shipped", "ok")
    if line.shipped_quantity:
        return Badge("Partly shipped", "info half")
    return Badge("Waiting for payment") if order.is_unpaid else Badge("To ship", "warn open")


def _shipped(line: OrderLine) -> str:
    """`2 of 3 shipped, 1 refunded`."""
    is_sent = line.needs_shipping and not line.is_gift_card
    shipped = f"{line.shipped_quantity} of {line.quantity} shipped" if is_sent else ""
    refunded = f"{line.refunded_quantity} refunded" if line.refunded_quantity else ""
    return ", ".join(part for part in (shipped, refunded) if part)
