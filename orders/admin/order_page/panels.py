"""The panels of orders: what was ordered, by whom, for how much, and what happened since."""

from datetime import datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.formats import NOTHING, day, moment, money
from orders.admin.order_page.content import DETAILS, TABLE, Column, Details, Table, details, table
from orders.admin.order_page.registry import Panel
from orders.delivery.options import day_span
from orders.explanation import explain_order
from orders.models import Order

SEE_CUSTOMER = "orders.see_customer_order"
SEE_EVIDENCE = "orders.see_evidence_order"


def status_tag(order: Order) -> SafeString:
    return format_html('<span class="tag tag-{}">{}</span>', order.status, order.get_status_display())


def fulfillment_tag(order: Order) -> SafeString:
    label = order.get_fulfillment_status_display()
    return format_html('<span class="tag tag-{}">{}</span>', order.fulfillment_status, label)


def _moment_of(value: datetime | None) -> str:
    return moment(value) if value else ""


def _summary(order: Order) -> Details:
    return details(
        ("Placed", moment(order.placed_at)),
        ("Status", status_tag(order)),
        ("Parcels", fulfillment_tag(order)),
        ("Payment due", _moment_of(order.payment_due_at)),
        ("Confirmed", _moment_of(order.confirmed_at)),
        ("Completed", _moment_of(order.completed_at)),
        ("Canceled", _moment_of(order.canceled_at)),
        ("Reason", order.get_cancel_reason_display()),
    )


SUMMARY_COLUMNS = (
    *("number", "placed_at", "status", "cancel_reason", "fulfillment_status", "payment_due_at"),
    *("confirmed_at", "completed_at", "canceled_at"),
)

LINE_COLUMNS = (
    Column("Item", lambda line: line.full_title),
    Column("SKU", lambda line: line.sku or NOTHING),
    Column("Quantity", lambda line: line.quantity, is_number=True),
    Column("Shipped", lambda line: line.shipped_quantity, is_number=True),
    Column("Unit price", lambda line: money(line.unit_minor, line.order.currency), is_number=True),
    Column("Total", lambda line: money(line.total_minor, line.order.currency), is_number=True),
)


def _lines(order: Order) -> Table:
    return table(LINE_COLUMNS, order.lines.all(), empty="This order has no items.")


def _customer(order: Order) -> Details:
    return details(
        ("Name", order.name),
        ("E-mail", order.email),
        ("Phone", order.shown_phone),
        ("Address", ", ".join([*order.printed_lines, order.country])),
        ("Invoice to", _billing(order)),
        ("Account", order.user or "Ordered without an account"),
        ("Note", order.note),
        ("Gift message", order.gift_message),
        ("Order page", format_html('<a href="{}">View it as the customer does</a>', order.get_absolute_url())),
    )


def _billing(order: Order) -> str:
    address = [*order.billing_lines, order.billing_country] if order.billing_name else ["the delivery address"]
    return ", ".join(part for part in (order.company, order.vat_id, *address) if part)


def _delivery(order: Order) -> Details:
    arrival = ""
    if order.arrives_from and order.arrives_until:
        is_pickup = order.is_pickup
        arrival = (
            f"ready from {day(order.arrives_from)}" if is_pickup else day_span(order.arrives_from, order.arrives_until)
        )
    return details(("Method", order.shipping_name), ("Arrives", arrival))


def _amounts(order: Order) -> Details:
    rates = ", ".join(f"{tax['percent']} %" for tax in order.taxes) or order.get_treatment_display()
    return details(
        ("Subtotal", money(order.subtotal_minor, order.currency)),
        ("Discount", money(order.discount_minor, order.currency)),
        ("Delivery", money(order.shipping_minor, order.currency)),
        ("Tax", f"{money(order.tax_minor, order.currency)} ({rates})"),
        ("Total", money(order.total_minor, order.currency)),
        ("Paid by gift cards", money(order.tendered_minor, order.currency)),
    )


def _calculation(order: Order) -> str:
    return "\n".join(explain_order(order))


PARCEL_COLUMNS = (
    Column("Carrier", lambda parcel: parcel.carrier or NOTHING),
    Column("Tracking number", lambda parcel: parcel.tracking_number or NOTHING),
    Column("Shipped", lambda parcel: moment(parcel.shipped_at)),
)


def _parcels(order: Order) -> Table:
    return table(PARCEL_COLUMNS, order.fulfillments.all(), empty="Nothing has been shipped yet.")


EVENT_COLUMNS = (
    Column("Time", lambda event: moment(event.created_at)),
    Column("What happened", lambda event: event.text),
    Column("By", lambda event: event.user or NOTHING),
    Column("The customer sees it", lambda event: "Yes" if event.is_public else "No"),
)


def _timeline(order: Order) -> Table:
    return table(EVENT_COLUMNS, order.events.select_related("user"), empty="Nothing has happened yet.")


def _terms(order: Order) -> Details:
    link = format_html('<a href="{}">{}</a>', order.terms_url, order.terms_version) if order.terms_url else ""
    return details(("Version", link or order.terms_version), ("Accepted", moment(order.terms_accepted_at)))


def _evidence(order: Order) -> Details:
    return details(("IP address", order.terms_accepted_ip or NOTHING))


PANELS = (
    Panel(
        "summary",
        "Summary",
        DETAILS,
        10,
        _summary,
        columns=SUMMARY_COLUMNS,
        is_wide=True,
    ),
    Panel("lines", "Items", TABLE, 20, _lines, is_wide=True),
    Panel("customer", "Customer", DETAILS, 30, _customer, permission=SEE_CUSTOMER, columns=("name", "email", "user")),
    Panel("delivery", "Delivery", DETAILS, 40, _delivery, columns=("shipping_name",)),
    Panel("amounts", "Amounts", DETAILS, 50, _amounts),
    Panel(
        "calculation",
        "How the total was calculated",
        "admin/orders/order/panels/calculation.html",
        60,
        _calculation,
        is_wide=True,
        is_collapsed=True,
    ),
    Panel("parcels", "Parcels", TABLE, 80, _parcels, is_wide=True),
    Panel("timeline", "Timeline", TABLE, 90, _timeline, is_wide=True),
    Panel("terms", "Terms", DETAILS, 100, _terms, columns=("terms_version", "terms_accepted_at")),
    Panel("evidence", "Evidence", DETAILS, 110, _evidence, permission=SEE_EVIDENCE, columns=("terms_accepted_ip",)),
)
