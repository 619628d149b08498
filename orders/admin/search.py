"""What the desk's search finds among orders, customers and promotions."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import User
from catalog.admin.search import MIN_INDEXED, folded_words
from catalog.desk_search import MAX_HITS, Hit, Source
from catalog.formats import count_of, day, money
from catalog.keyset import Keyset
from orders.admin.order_page.permissions import SEE_CUSTOMER
from orders.models import Order, Promotion
from orders.order_search import matches
from orders.people import Value, latest_orders, values_by_email

TONES = {Order.Status.PLACED: "warn", Order.Status.CONFIRMED: "info", Order.Status.COMPLETED: "ok"}


def find_orders(text: str, user: Any) -> list[Hit]:
    """Orders by what the order list finds them by, newest first. Without the permission, no customer is shown."""
    sees_customers = user.has_perm(SEE_CUSTOMER)
    parts = [Order.objects.filter(condition) for condition in matches(text, sees_customers=sees_customers)]
    orders = Keyset("placed_at", MAX_HITS + 1).page(Order.objects.all(), parts).rows
    return [
        Hit(
            order.number,
            " · ".join(_facts(order, sees_customers=sees_customers)),
            reverse("admin:orders_order_change", args=[order.pk]),
            end=order.get_status_display(),
            tone=TONES.get(Order.Status(order.status), ""),
            is_exact=order.number.casefold() == text.casefold(),
        )
        for order in orders
    ]


def _facts(order: Order, *, sees_customers: bool) -> Iterator[str]:
    if sees_customers:
        yield order.name
    yield money(order.total_minor, order.currency)
    yield day(order.placed_at)


def find_customers(text: str, user: Any) -> list[Hit]:
    """People with an account or an order, by name or e-mail address. Those with an account come first."""
    if not user.has_perm(SEE_CUSTOMER):
        return []
    accounts = User.objects.filter(is_staff=False)
    found = {
        person.email: (
            person.get_full_name() or person.email,
            reverse("admin:orders_customer_account", args=[person.pk]),
        )
        for person in _people(accounts, "date_joined", text)
    }
    for order in _people(latest_orders(), "placed_at", text):
        found.setdefault(order.email, (order.name, reverse("admin:orders_customer_order", args=[order.pk])))
    values = values_by_email(found)
    return [
        Hit(name, f"{email} · {count_of(values.get(email, Value()).orders, 'order')}", url)
        for email, (name, url) in found.items()
    ]


def _people(rows: QuerySet, column: str, text: str) -> Sequence[Any]:
    """Rows by name or address, newest first. Each condition uses an index of its own."""
    parts = [] if "@" in text else [rows.filter(folded_words("name", text))]
    if " " not in text:
        long = len(text) >= MIN_INDEXED
        parts.append(rows.filter(email__folds=text) if long else rows.filter(email__startswith=text.lower()))
    return Keyset(column, MAX_HITS + 1).page(rows, parts).rows


def find_promotions(text: str, user: Any) -> Iterator[Hit]:
    for promotion in Promotion.objects.filter(folded_words("name", text)).only("name", "is_active")[: MAX_HITS + 1]:
        end, tone = ("On", "ok") if promotion.is_active else ("Off", "")
        yield Hit(promotion.name, "", reverse("admin:orders_promotion_change", args=[promotion.pk]), end=end, tone=tone)


SOURCES = (
    Source("orders", "Orders", "orders.view_order", find_orders, "admin:orders_order_changelist"),
    Source("customers", "Customers", "orders.view_customer", find_customers, "admin:orders_customer_changelist"),
    Source("promotions", "Promotions", "orders.view_promotion", find_promotions),
)
