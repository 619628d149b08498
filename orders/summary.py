"""The sums of an order as rows, for e-mails."""

from collections.abc import Iterator
from dataclasses import dataclass

from catalog.money import format_money
from orders.models import Order
from orders.models.order import DIGITAL
from orders.pricing import can_be_derived, totals_of

MINUS = "\u2212"


@dataclass(frozen=True)
class SumRow:
    """A row with a name and a formatted amount. `is_total` marks the order's total."""

    name: str
    amount: str
    is_total: bool = False


def sum_rows(order: Order) -> list[SumRow]:
    """Return the rows from the subtotal to the amount paid by gift cards, with a row for each promotion."""
    return list(_rows(order))


def _rows(order: Order) -> Iterator[SumRow]:
    yield SumRow("Subtotal", _money(order, order.subtotal_minor))
    for name, minor in _discounts(order):
        yield SumRow(name, f"{MINUS}{_money(order, minor)}")
    if order.shipping_code != DIGITAL:
        yield SumRow(order.shipping_name, _money(order, order.shipping_minor) if order.shipping_minor else "Free")
    yield from _taxes(order)
    yield SumRow("Total", _money(order, order.total_minor), is_total=True)
    if order.tendered_minor:
        yield SumRow("Paid by gift card", f"{MINUS}{_money(order, order.tendered_minor)}")


def _discounts(order: Order) -> Iterator[tuple[str, int]]:
    """Yield name and amount of each promotion; older orders without a full receipt have one sum."""
    if can_be_derived(order.receipt):
        for discount in totals_of(order.receipt).goods_discounts:
            yield f"{discount.name} ({discount.code})" if discount.code else discount.name, discount.minor
    elif order.discount_minor:
        yield "Discount", order.discount_minor


def _taxes(order: Order) -> Iterator[SumRow]:
    name, included = ("VAT", " included") if order.is_tax_included else ("Tax", "")
    for tax in order.taxes:
        percent = f"{float(tax['percent']):g}"
        yield SumRow(f"{name} {percent} %{included}", _money(order, tax["tax_minor"]))
    if order.treatment != Order.Treatment.DOMESTIC:
        yield SumRow(order.get_treatment_display(), _money(order, 0))


def _money(order: Order, minor: int) -> str:
    return format_money(minor, order.currency, order.language or "en")
