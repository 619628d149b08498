"""How the total of an order came about, and the proof that it comes about again."""

from datetime import timedelta

from django.utils import timezone

from catalog.money import format_money
from orders.models import Order
from orders.pricing import can_be_derived, derive, explain, totals_of

RECENT = timedelta(days=3)
MAX_REPRICED_ORDERS = 2_000  # orders that one audit prices again


def explain_order(order: Order) -> list[str]:
    """Every price row, discount, tax row and rounding step, in lines of text."""
    if not can_be_derived(order.receipt):
        return ["This order was placed before receipts recorded how a total is calculated."]
    lines = {line.position: line for line in order.lines.all()}
    titles = {
        total.key: f"{lines[position].title} {lines[position].variant_title}".strip()
        for position, total in enumerate(totals_of(order.receipt).lines, start=1)
        if position in lines
    }
    told = explain(order.receipt, titles)
    if order.tendered_minor:
        paid, rest = (format_money(minor, order.currency) for minor in (order.tendered_minor, order.due_minor))
        told.append(f"Gift cards pay {paid}; the rest is {rest}")
    verdict = "the same" if not wrong_parts(order) else f"NOT the same: {'; '.join(wrong_parts(order))}"
    return [f"Order {order.number}", *told, f"Priced again from its receipt: {verdict}."]


def wrong_parts(order: Order) -> list[str]:
    """What the order says and its receipt, priced again, does not; empty is the proof."""
    again = derive(order.receipt)
    parts = {
        "subtotal": (order.subtotal_minor, again.subtotal_minor),
        "discount": (order.discount_minor, again.discount_minor),
        "shipping": (order.shipping_minor, again.shipping_minor),
        "tax": (order.tax_minor, again.tax_minor),
        "total": (order.total_minor, again.total_minor),
    }
    wrong = [f"{name} {said}, derived {found}" for name, (said, found) in parts.items() if said != found]
    charged = [(line.quantity, line.total_minor) for line in order.lines.all()]
    derived = [(line.quantity, line.total_minor) for line in again.lines]
    return wrong if charged == derived else [*wrong, f"lines {charged}, derived {derived}"]


def wrong_receipts() -> list[tuple[str, str]]:
    """The orders of the last days whose receipt does not derive what was charged, as (key, what is wrong)."""
    recent = Order.objects.filter(placed_at__gte=timezone.now() - RECENT).prefetch_related("lines")
    found = []
    for order in recent.order_by("-pk")[:MAX_REPRICED_ORDERS]:
        wrong = wrong_parts(order) if can_be_derived(order.receipt) else []
        if wrong:
            found.append((f"order {order.number}", "; ".join(wrong)))
    return found
