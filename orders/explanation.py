"""Explain how an order's total was calculated, and check that its receipt gives the same total repriced."""

from datetime import timedelta

from django.utils import timezone

from catalog.money import format_money
from orders.models import Order
from orders.pricing import can_be_derived, derive, explain, totals_of

RECENT = timedelta(days=3)
MAX_REPRICED_ORDERS = 2_000  # orders that one audit prices again


def explain_order(order: Order, *, shows_codes: bool = True) -> list[str]:
    """Return lines of text with every price row, discount and tax of the order, and whether repricing agrees.

    With `shows_codes`, they name the coupon codes.
    """
    if not can_be_derived(order.receipt):
        return ["This order was placed before receipts recorded how a total is calculated."]
    lines = {line.position: line for line in order.lines.all()}
    titles = {
        total.key: f"{lines[position].title} {lines[position].variant_title}".strip()
        for position, total in enumerate(totals_of(order.receipt).lines, start=1)
        if position in lines
    }
    explanation = explain(order.receipt, titles, shows_codes=shows_codes)
    if order.tendered_minor:
        paid, rest = (format_money(minor, order.currency) for minor in (order.tendered_minor, order.due_minor))
        explanation.append(f"Gift cards pay {paid}; the rest is {rest}")
    verdict = "the same" if not wrong_parts(order) else f"NOT the same: {'; '.join(wrong_parts(order))}"
    return [f"Order {order.number}", *explanation, f"Priced again from its receipt: {verdict}."]


def wrong_parts(order: Order) -> list[str]:
    """Return each part in which the order differs from its receipt priced again; empty if they agree."""
    repriced = derive(order.receipt)
    parts = {
        "subtotal": (order.subtotal_minor, repriced.subtotal_minor),
        "discount": (order.discount_minor, repriced.discount_minor),
        "shipping": (order.shipping_minor, repriced.shipping_minor),
        "tax": (order.tax_minor, repriced.tax_minor),
        "total": (order.total_minor, repriced.total_minor),
    }
    wrong = [f"{name} {stored}, derived {derived}" for name, (stored, derived) in parts.items() if stored != derived]
    charged = [(line.quantity, line.total_minor) for line in order.lines.all()]
    derived = [(line.quantity, line.total_minor) for line in repriced.lines]
    return wrong if charged == derived else [*wrong, f"lines {charged}, derived {derived}"]


def wrong_receipts() -> list[tuple[str, str]]:
    """Return the recent orders whose receipt does not give the charged total again, as (key, description)."""
    recent = Order.objects.filter(placed_at__gte=timezone.now() - RECENT).prefetch_related("lines")
    findings = []
    for order in recent.order_by("-pk")[:MAX_REPRICED_ORDERS]:
        wrong = wrong_parts(order) if can_be_derived(order.receipt) else []
        if wrong:
            findings.append((f"order {order.number}", "; ".join(wrong)))
    return findings
