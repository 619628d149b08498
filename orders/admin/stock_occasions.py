"""Links from stock movements to the orders that caused them."""

from collections.abc import Collection, Mapping

from django.contrib.auth.models import PermissionsMixin
from django.urls import reverse

from catalog.admin.stock.occasions import Occasion, register_orders
from orders.models import Order


@register_orders
def order_occasions(numbers: Collection[str], user: PermissionsMixin) -> Mapping[str, Occasion]:
    """The orders with these numbers, linked for staff who may see orders."""
    if not numbers or not user.has_perm("orders.view_order"):
        return {}
    found = Order.objects.filter(number__in=list(numbers)).values_list("pk", "number")
    return {
        number: Occasion(f"Order {number}", reverse("admin:orders_order_change", args=[pk])) for pk, number in found
    }
