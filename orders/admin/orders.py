"""Orders in the admin: the list, and the page of one order, which is read-only and has actions."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from catalog.admin.base import ReadOnly, found_or_404, page
from orders.admin.order_list import OrderChangeList
from orders.admin.order_list.pages import list_urls
from orders.admin.order_page import order_page
from orders.admin.order_page.action_page import action_page
from orders.admin.order_page.heading import heading_of
from orders.admin.order_page.history import history_of
from orders.admin.order_page.reading import read_all
from orders.admin.order_page.registry import action_bar, layout
from orders.models import Order


@admin.register(Order)
class OrderAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("number", "placed_at", "country", "status", "fulfillment_status")
    search_fields = ("number",)  # the list searches by orders/order_search.py
    show_full_result_count = False
    view_on_site = False  # the URL is a secret; the panel about the customer has it
    change_form_template = "admin/orders/order/change_form.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[OrderChangeList]:
        return OrderChangeList

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[str | None, dict[str, Any]]]:
        """Name the fields that the panels show to this user. The list can be filtered by these only."""
        return [(None, {"fields": order_page.columns_for(request.user)})]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        """The orders of the list are read without their receipts, which are large."""
        orders = super().get_queryset(request)
        is_list = request.resolver_match and request.resolver_match.url_name == "orders_order_changelist"
        return orders.defer("receipt") if is_list else orders

    def get_urls(self) -> list[URLPattern]:
        urls = [
            path(
                f"<int:order_id>/{action.name}/",
                self.admin_site.admin_view(partial(action_page, self, action=action)),
                name=f"orders_order_{action.name}",
            )
            for action in order_page.actions.values()
        ]
        return [*list_urls(self), *urls, *super().get_urls()]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        """Show the order's events and what the admin logged about it, oldest first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        order = found_or_404(self.get_queryset(request), object_id)
        context = {
            "order": order,
            "content": history_of(order, request.user),
            "title": f"History of order {order.number}",
        }
        return page(self, request, "admin/orders/order/history.html", context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Order | None = None, **kwargs: Any
    ) -> HttpResponse:
        """Show the order as panels, with a button for each action that it allows now."""
        if obj:
            read_all(obj)
            panels = order_page.shown_to(request.user, obj)
            context |= {
                "title": f"Order {obj.number}",
                "subtitle": None,
                "heading": heading_of(obj),
                "panels": panels,
                "layout": layout(panels),
                "bar": action_bar(order_page.actions_for(request.user, obj)),
            }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)
