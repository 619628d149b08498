"""Export orders as a CSV file, line by line."""

import csv
import io
from collections.abc import Iterable, Iterator

from django.db.models import QuerySet

from catalog.formats import moment
from catalog.importing.table import guarded
from catalog.money import to_major
from orders.models import Order

BATCH = 500
COLUMNS = (
    *("Number", "Placed", "Status", "Shipping", "Market", "Country", "Currency", "Subtotal", "Discount", "Delivery"),
    *("Tax", "Total", "Paid by gift cards", "Delivery method", "Items", "SKUs", "Test order"),
)
CUSTOMER_COLUMNS = ("Name", "E-mail", "Phone", "Address", "Postcode", "Town or city")


def export_lines(orders: QuerySet[Order], *, sees_customers: bool) -> Iterator[str]:
    """Yield the file, oldest orders first. Customers are left out for staff who may not see them."""
    yield _line([*COLUMNS, *(CUSTOMER_COLUMNS if sees_customers else ())])
    last = 0
    orders = orders.defer("receipt").prefetch_related("lines").order_by("pk")
    while batch := list(orders.filter(pk__gt=last)[:BATCH]):
        for order in batch:
            yield _line([*_cells(order), *(_customer(order) if sees_customers else ())])
        last = batch[-1].pk


def _cells(order: Order) -> Iterator[str]:
    lines = list(order.lines.all())
    yield from (order.number, moment(order.placed_at), order.get_status_display())
    yield from (order.get_fulfillment_status_display(), order.market, order.country, order.currency)
    for minor in (
        *(order.subtotal_minor, order.discount_minor, order.shipping_minor),
        *(order.tax_minor, order.total_minor, order.tendered_minor),
    ):
        yield str(to_major(minor, order.currency))
    yield order.shipping_name
    yield str(sum(line.quantity for line in lines))
    yield ", ".join(f"{line.quantity} × {line.sku or line.title}" for line in lines)
    yield "yes" if order.is_test else ""


def _customer(order: Order) -> Iterator[str]:
    yield from (order.name, order.email, order.shown_phone)
    yield from (", ".join(part for part in (order.line1, order.line2) if part), order.postcode, order.city)


def _line(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(guarded(cell) for cell in cells)
    return buffer.getvalue()
