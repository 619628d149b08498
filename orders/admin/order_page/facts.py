"""Facts about an order: how it is delivered, and what only machines and lawyers ask for."""

from datetime import datetime

from babel import Locale
from django.utils.html import format_html

from accounts.models import User
from catalog.formats import NOTHING, day, market_name, moment
from orders.admin.order_page.content import Details, details
from orders.delivery.options import day_span
from orders.models import Order


def facts(order: Order, _user: User) -> Details:
    """Return how the order is delivered, and where it was placed."""
    return details(
        ("Delivery", order.shipping_name),
        ("Arrives", arrival_of(order)),
        ("Ship by", day(order.ship_by) if order.ship_by and not order.is_canceled else ""),
        ("Market", market_name(order.market)),
        ("Language", _language(order.language)),
        ("Tax", "" if order.treatment == Order.Treatment.DOMESTIC else order.get_treatment_display()),
    )


def _language(code: str) -> str:
    return Locale.parse("en").languages.get(code.partition("-")[0], code)


def arrival_of(order: Order) -> str:
    """Return when the order arrives or is ready; empty if that is not known, or if the order is canceled."""
    if order.is_canceled or not order.arrives_from or not order.arrives_until:
        return ""
    is_pickup = order.is_pickup
    return f"ready from {day(order.arrives_from)}" if is_pickup else day_span(order.arrives_from, order.arrives_until)


def _moment_of(value: datetime | None) -> str:
    return moment(value) if value else ""


def states(order: Order, _user: User) -> Details:
    """Return the statuses of the order, and when each was reached."""
    return details(
        ("Status", order.get_status_display()),
        ("Shipping", order.get_fulfillment_status_display()),
        ("Placed", moment(order.placed_at)),
        ("Payment due", _moment_of(order.payment_due_at)),
        ("Confirmed", _moment_of(order.confirmed_at)),
        ("Completed", _moment_of(order.completed_at)),
        ("Canceled", _moment_of(order.canceled_at)),
        ("Reason", order.get_cancel_reason_display()),
    )


def terms(order: Order, _user: User) -> Details:
    """Return which terms of sale the customer accepted."""
    link = format_html('<a href="{}">{}</a>', order.terms_url, order.terms_version) if order.terms_url else ""
    return details(("Version", link or order.terms_version), ("Accepted", moment(order.terms_accepted_at)))


def evidence(order: Order, _user: User) -> Details:
    """Return from where the terms were accepted."""
    return details(("IP address", order.terms_accepted_ip or NOTHING))
