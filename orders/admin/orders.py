"""Orders in the admin: read-only pages, with actions that call the functions of orders."""

import uuid
from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.one_line import one_line
from catalog.formats import day
from catalog.money import format_money
from orders.delivery.options import day_span
from orders.errors import ShipmentRefused
from orders.explanation import explain_order
from orders.forms import ShipForm
from orders.fulfillment import NewFulfillment, ship
from orders.models import Fulfillment, Order, OrderEvent, OrderLine

SEE_CUSTOMER = "orders.see_customer_order"
SEE_EVIDENCE = "orders.see_evidence_order"
PERSONAL = {"name", "email", "phone", "phone_number", "address", "user", "wishes", "billing"}
EVIDENCE = {"terms_accepted_ip"}
MAX_FOUND_BY_SKU = 1_000


def without_hidden(fields: Sequence[Any], hidden: set[str]) -> tuple[Any, ...]:
    """Return the fieldset's fields without the hidden ones, dropping rows that become empty."""
    rows = [
        tuple(name for name in row if name not in hidden) if isinstance(row, tuple) else row
        for row in fields
        if row not in hidden
    ]
    return tuple(row for row in rows if row)


class ReadOnlyInline(admin.TabularInline):
    """A read-only inline, visible to everybody who can see the page."""

    extra = 0
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LineInline(ReadOnlyInline):
    model = OrderLine
    fields = ("title", "variant_title", "sku", "quantity", "shipped_quantity", "unit", "total")
    readonly_fields = ("unit", "total")

    @admin.display(description="Unit price")
    def unit(self, line: OrderLine) -> str:
        return format_money(line.unit_minor, line.order.currency)

    @admin.display(description="Total")
    def total(self, line: OrderLine) -> str:
        return format_money(line.total_minor, line.order.currency)


class FulfillmentInline(ReadOnlyInline):
    model = Fulfillment
    verbose_name_plural = "parcels"
    fields = ("carrier", "tracking_number", "shipped_at")


class EventInline(ReadOnlyInline):
    model = OrderEvent
    verbose_name_plural = "timeline"
    fields = ("created_at", "text", "user", "is_public")


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    list_display = ("number", "placed_at", "customer", "total", "status_badge", "fulfillment_badge")
    list_filter = ("status", "fulfillment_status", "placed_at")
    search_fields = ("number", "email", "name")
    search_help_text = "Search by number, name, e-mail address or exact SKU."
    date_hierarchy = "placed_at"
    list_per_page = 50
    show_full_result_count = False
    inlines: ClassVar[tuple[type[ReadOnlyInline], ...]] = (LineInline, FulfillmentInline, EventInline)
    change_form_template = "admin/orders/order/change_form.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("number", "placed_at"),
                    ("status", "cancel_reason", "fulfillment_status"),
                    "payment_due_at",
                )
            },
        ),
        ("Customer", {"fields": (("name", "email", "phone_number"), "address", "user")}),
        ("Delivery and invoice", {"fields": (("shipping_name", "arrives"), "wishes", "billing")}),
        ("Money", {"fields": (("subtotal", "discount", "shipping"), ("tax", "total", "tendered"))}),
        ("How the total was calculated", {"fields": ("explained",), "classes": ("collapse",)}),
        (
            "Agreed",
            {"fields": (("terms_version", "terms_accepted_at", "terms_accepted_ip"),)},
        ),
    )

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
        """Hide personal data from staff without permission to see it."""
        hidden = set()
        if not request.user.has_perm(SEE_CUSTOMER):
            hidden |= PERSONAL
        if not request.user.has_perm(SEE_EVIDENCE):
            hidden |= EVIDENCE
        sets = [
            (title, {**options, "fields": without_hidden(options["fields"], hidden)})
            for title, options in self.fieldsets
        ]
        return [(title, options) for title, options in sets if options["fields"]]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="customer", ordering="name")
    def customer(self, order: Order) -> str:
        return f"{order.name} ({order.country})"

    @admin.display(description="status", ordering="status")
    def status_badge(self, order: Order) -> str:
        return format_html('<span class="tag tag-{}">{}</span>', order.status, order.get_status_display())

    @admin.display(description="parcels", ordering="fulfillment_status")
    def fulfillment_badge(self, order: Order) -> str:
        label = order.get_fulfillment_status_display()
        return format_html('<span class="tag tag-{}">{}</span>', order.fulfillment_status, label)

    @admin.display(description="phone")
    def phone_number(self, order: Order) -> str:
        return order.shown_phone or "–"

    @admin.display(description="address")
    def address(self, order: Order) -> str:
        return ", ".join([*order.printed_lines, order.country])

    @admin.display(description="arrives")
    def arrives(self, order: Order) -> str:
        if not order.arrives_from or not order.arrives_until:
            return "–"
        return (
            f"ready from {day(order.arrives_from)}"
            if order.is_pickup
            else day_span(order.arrives_from, order.arrives_until)
        )

    @admin.display(description="note and gift message")
    def wishes(self, order: Order) -> str:
        return (
            " · ".join(text for text in (order.note, order.gift_message and f"Card: {order.gift_message}") if text)
            or "–"
        )

    @admin.display(description="invoice to")
    def billing(self, order: Order) -> str:
        address = [*order.billing_lines, order.billing_country] if order.billing_name else ["the delivery address"]
        parts = [order.company, order.vat_id, *address]
        return ", ".join(part for part in parts if part)

    @admin.display(description="paid by gift cards")
    def tendered(self, order: Order) -> str:
        return format_money(order.tendered_minor, order.currency)

    @admin.display(description="calculation")
    def explained(self, order: Order) -> SafeString:
        return format_html('<pre class="receipt">{}</pre>', "\n".join(explain_order(order)))

    @admin.display(description="subtotal")
    def subtotal(self, order: Order) -> str:
        return format_money(order.subtotal_minor, order.currency)

    @admin.display(description="discount")
    def discount(self, order: Order) -> str:
        return format_money(order.discount_minor, order.currency)

    @admin.display(description="delivery")
    def shipping(self, order: Order) -> str:
        return format_money(order.shipping_minor, order.currency)

    @admin.display(description="tax")
    def tax(self, order: Order) -> str:
        rates = ", ".join(f"{tax['percent']} %" for tax in order.taxes) or order.get_treatment_display()
        return f"{format_money(order.tax_minor, order.currency)} ({rates})"

    @admin.display(description="total", ordering="total_minor")
    def total(self, order: Order) -> str:
        return format_money(order.total_minor, order.currency)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return super().get_queryset(request).defer("receipt")

    def get_urls(self) -> list:
        urls = [path("<int:order_id>/ship/", self.admin_site.admin_view(self.ship_view), name="orders_order_ship")]
        return urls + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        order = self.get_object(request, object_id)
        context = {
            "can_ship": order is not None
            and order.status == Order.Status.CONFIRMED
            and any(line.needs_shipping and line.open_quantity for line in order.lines.all())
            and request.user.has_perm("orders.ship_order"),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def order_for(self, request: HttpRequest, order_id: int, permission: str) -> Order:
        """Return the order with this id; answer 403 without the permission and 404 without such an order."""
        if not request.user.has_perm(permission):
            raise PermissionDenied
        order = self.get_object(request, str(order_id))
        if not order:
            raise Http404
        return order

    def ship_view(self, request: HttpRequest, order_id: int) -> HttpResponse:
        """Show the form for a parcel, and ship it."""
        order = self.order_for(request, order_id, "orders.ship_order")
        if request.method == "GET" and order.status != Order.Status.CONFIRMED:
            messages.error(
                request, f"{order.number} is {order.get_status_display().lower()}: there is nothing to ship."
            )
            return redirect(reverse("admin:orders_order_change", args=[order.pk]))
        form = ShipForm(request.POST or None, order=order, initial={"key": uuid.uuid4()})
        if request.method == "POST" and form.is_valid():
            cleaned = form.cleaned_data
            new = NewFulfillment(
                form.quantities(),
                cleaned["carrier"],
                cleaned["tracking_number"],
                cleaned["tracking_url"],
                cleaned["key"],
            )
            try:
                ship(order, new, user_id=request.user.pk)
            except ShipmentRefused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, f"The parcel of {order.number} was shipped. The shopper has been e-mailed.")
                return redirect(reverse("admin:orders_order_change", args=[order.pk]))
        context = {
            **self.admin_site.each_context(request),
            "form": form,
            "order": order,
            "title": f"Ship {order.number}",
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/orders/order/ship.html", context, status=422 if form.errors else 200)
