"""What the desk's search finds among orders, customers and promotions."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from accounts.models import User
from catalog.admin.search import MIN_INDEXED, folded_words
from catalog.desk_search import MAX_HITS, Hit, Source
from catalog.formats import day, money
from catalog.keyset import Keyset
from orders.models import Order, Promotion
from orders.order_search import matches

SEE_CUSTOMER = "orders.see_customer_order"
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
        )
        for order in orders
    ]


def _facts(order: Order, *, sees_customers: bool) -> Iterator[str]:
    if sees_customers:
        yield order.name
    yield money(order.total_minor, order.currency)
    yield day(order.placed_at)


def find_customers(text: str, user: Any) -> list[Hit]:
    """People with an account, by name or the beginning of their address."""
    if len(text) < MIN_INDEXED:
        return []
    rows = User.objects.filter(is_staff=False)
    parts = [rows.filter(email__folds=text)] if "@" in text or " " not in text else []
    found = {
        person.pk: person
        for part in [*parts, rows.filter(folded_words("name", text))]
        for person in part[: MAX_HITS + 1]
    }
    return [
        Hit(person.name or person.email, person.email, reverse("admin:orders_customer_account", args=[person.pk]))
        for person in found.values()
    ]


def find_promotions(text: str, user: Any) -> Iterator[Hit]:
    for promotion in Promotion.objects.filter(folded_words("name", text)).only("name", "is_active")[: MAX_HITS + 1]:
        end, tone = ("On", "ok") if promotion.is_active else ("Off", "")
        yield Hit(promotion.name, "", reverse("admin:orders_promotion_change", args=[promotion.pk]), end=end, tone=tone)


SOURCES = (
    Source("orders", "Orders", "orders.view_order", find_orders, "admin:orders_order_changelist"),
    Source("customers", "Customers", "orders.view_customer", find_customers, "admin:orders_customer_changelist"),
    Source("promotions", "Promotions", "orders.view_promotion", find_promotions),
)
