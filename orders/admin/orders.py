"""Orders in the admin: the list, and the page of one order, which is read-only and has actions."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from accounts.one_line import one_line
from catalog.admin.base import ReadOnly, found_or_404, page
from catalog.money import format_money
from orders.admin.order_page import order_page
from orders.admin.order_page.action_page import action_page
from orders.admin.order_page.history import history_of
from orders.admin.order_page.panels import SEE_CUSTOMER, fulfillment_tag, status_tag
from orders.admin.work_filter import WorkFilter
from orders.models import Order, OrderLine

MAX_FOUND_BY_SKU = 1_000


@admin.register(Order)
class OrderAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("number", "placed_at", "customer", "total", "status_badge", "fulfillment_badge")
    list_filter = (WorkFilter, "status", "fulfillment_status", "placed_at")
    search_fields = ("number", "email", "name")
    search_help_text = "Search by number, name, e-mail address or exact SKU."
    date_hierarchy = "placed_at"
    list_per_page = 50
    show_full_result_count = False
    view_on_site = False  # the URL is a secret; the panel about the customer has it
    change_form_template = "admin/orders/order/change_form.html"

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        if request.user.has_perm(SEE_CUSTOMER):
            return self.list_display
        return tuple("country" if name == "customer" else name for name in self.list_display)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Search by number only for staff who may not see customers, so that a search reveals no names."""
        return self.search_fields if request.user.has_perm(SEE_CUSTOMER) else ("number",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        """Return orders with exactly this SKU if there are any, otherwise search the search fields."""
        search_term = one_line(search_term)
        lines = OrderLine.objects.filter(sku__iexact=search_term.strip()).exclude(sku="").order_by("-order_id")
        order_ids = list(lines.values_list("order_id", flat=True)[:MAX_FOUND_BY_SKU]) if search_term.strip() else []
        if order_ids:
            return queryset.filter(pk__in=order_ids), False
        return super().get_search_results(request, queryset, search_term)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[str | None, dict[str, Any]]]:
        """Name the fields that the panels show to this user. The list can be filtered by these only."""
        return [(None, {"fields": order_page.columns_for(request.user)})]

    @admin.display(description="customer", ordering="name")
    def customer(self, order: Order) -> str:
        return f"{order.name} ({order.country})"

    @admin.display(description="status", ordering="status")
    def status_badge(self, order: Order) -> str:
        return status_tag(order)

    @admin.display(description="parcels", ordering="fulfillment_status")
    def fulfillment_badge(self, order: Order) -> str:
        return fulfillment_tag(order)

    @admin.display(description="total", ordering="total_minor")
    def total(self, order: Order) -> str:
        return format_money(order.total_minor, order.currency)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return super().get_queryset(request).defer("receipt")

    def get_urls(self) -> list[URLPattern]:
        urls = [
            path(
                f"<int:order_id>/{action.name}/",
                self.admin_site.admin_view(partial(action_page, self, action=action)),
                name=f"orders_order_{action.name}",
            )
            for action in order_page.actions.values()
        ]
        return urls + super().get_urls()

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        """Show the order's events and what the admin logged about it, oldest first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        order = found_or_404(self.get_queryset(request), object_id)
        context = {"order": order, "content": history_of(order), "title": f"History of order {order.number}"}
        return page(self, request, "admin/orders/order/history.html", context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Order | None = None, **kwargs: Any
    ) -> HttpResponse:
        """Show the order as panels, with a button for each action that it allows now."""
        if obj:
            prefetch_related_objects([obj], "lines")
            context |= {
                "title": f"Order {obj.number}",
                "subtitle": None,
                "panels": order_page.shown_to(request.user, obj),
                "actions": order_page.actions_for(request.user, obj),
            }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)
