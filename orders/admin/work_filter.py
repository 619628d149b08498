"""The filter of the order list for orders that need work."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from orders import worklists
from orders.models import Order

# Value in the URL → label and orders.
WORK: dict[str, tuple[str, Callable[[], QuerySet[Order]]]] = {
    "late": ("late to ship", worklists.late_to_ship),
    "today": ("to ship today", worklists.to_ship_today),
    "to-ship": ("to ship", worklists.to_ship),
    "short": ("short of stock", worklists.short_of_stock),
    "unpaid": ("unpaid", worklists.unpaid),
}


class WorkFilter(admin.SimpleListFilter):
    title = "work to do"
    parameter_name = "work"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, label) for value, (label, _) in WORK.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        if self.value() not in WORK:
            return queryset
        return queryset.filter(pk__in=WORK[self.value()][1]().values("pk"))
