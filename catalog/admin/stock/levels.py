"""The admin of stock levels and their movements."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from catalog.admin.base import CappedPaginator, ReadOnly, found_or_404, guarded, page, require_permission
from catalog.admin.stock.movements import movement_rows, with_names
from catalog.admin.stock.quantities import MAY_CHANGE_STOCK
from catalog.admin.stock.receiving import receive_view
from catalog.errors import StockRefused
from catalog.inputs import DayInput
from catalog.inventory import adjust, receive, set_backorders
from catalog.inventory.availability import available_of
from catalog.models import Product, Stock, StockMovement

MAY_CHANGE_BACKORDERS = "catalog.change_backorder_stock"


class LowFilter(admin.SimpleListFilter):
    title = "level"
    parameter_name = "low"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "low"), ("short", "fewer than promised")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Stock]) -> QuerySet[Stock]:
        if self.value() == "short":
            return queryset.filter(shortfall__gt=0)
        return queryset.filter(pk__in=low_rows().values("pk")) if self.value() == "yes" else queryset


def listed_rows() -> QuerySet[Stock]:
    """All rows except empty ones of withdrawn products."""
    return Stock.objects.exclude(variant__product__status=Product.Status.WITHDRAWN, on_hand=0, reserved=0)


def low_rows() -> QuerySet[Stock]:
    """Rows of variants for sale at or below their low-stock level."""
    return listed_rows().filter(on_hand__lte=F("reserved") + F("variant__low_stock_at"), variant__is_active=True)


class StockForm(forms.Form):
    """Receives or corrects the stock of one row, with a reason."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    what = forms.ChoiceField(choices=[("receive", "Received"), ("adjust", "Correction, + or −")])
    quantity = forms.IntegerField(min_value=-(10**8), max_value=10**8)
    reason = forms.CharField(
        max_length=200, required=False, help_text="Required for a correction: broken, found, counted"
    )

    def clean_quantity(self) -> int:
        quantity = self.cleaned_data["quantity"]
        if not quantity:
            raise forms.ValidationError("Enter a number other than 0.")
        return quantity


class BackorderForm(forms.Form):
    limit = forms.IntegerField(label="Backorder limit", min_value=0, max_value=10**6)
    date = forms.DateField(label="Backorders can be sent from", required=False, widget=DayInput)


@admin.register(Stock)
class StockAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "variant",
        "sku",
        "location",
        "on_hand",
        "reserved",
        "available_units",
        "backorder_limit",
        "shortfall",
    )
    list_filter = (LowFilter, "location")
    list_select_related = ("variant__product", "location")
    search_fields = ("variant__sku", "variant__product__title")
    paginator = CappedPaginator
    show_full_result_count = False
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Stock]:
        """All rows except empty ones of withdrawn products."""
        rows = super().get_queryset(request)
        return rows.exclude(variant__product__status=Product.Status.WITHDRAWN, on_hand=0, reserved=0)

    @admin.display(description="SKU")
    def sku(self, stock: Stock) -> str:
        return stock.variant.sku

    @admin.display(description="available")
    def available_units(self, stock: Stock) -> int:
        return available_of(stock)

    def get_urls(self) -> list:
        receiving = path("receive/", guarded(self, self.receive), name="catalog_stock_receive")
        return [receiving, *super().get_urls()]

    def receive(self, request: HttpRequest) -> HttpResponse:
        return receive_view(self, request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """The page of one stock row: its numbers, its last movements, and the forms to change it."""
        require_permission(request, "catalog.view_stock")
        stock = found_or_404(Stock.objects.select_related("variant__product", "location"), object_id)
        is_backorder = "limit" in request.POST
        form = StockForm(
            request.POST if request.method == "POST" and not is_backorder else None, initial={"key": uuid.uuid4()}
        )
        initial = {"limit": stock.backorder_limit, "date": stock.backorder_date}
        backorder = BackorderForm(request.POST if is_backorder else None, initial=initial)
        if request.method == "POST":
            require_permission(request, MAY_CHANGE_BACKORDERS if is_backorder else MAY_CHANGE_STOCK)
            if self._change(request, stock, backorder if is_backorder else form):
                return redirect("admin:catalog_stock_change", stock.pk)
        movements = StockMovement.objects.filter(variant=stock.variant, location=stock.location)
        context = {
            "stock": stock,
            "available": available_of(stock),
            "form": form,
            "backorder": backorder,
            "may_change": request.user.has_perm(MAY_CHANGE_STOCK),
            "may_oversell": request.user.has_perm(MAY_CHANGE_BACKORDERS),
            "movements": movement_rows(list(with_names(movements).order_by("-created_at", "-pk")[:50]), request.user),
            "title": f"{stock.variant} at {stock.location}",
        }
        status = 422 if form.errors or backorder.errors else 200
        return page(self, request, "admin/catalog/stock/change.html", context, status)

    def _change(self, request: HttpRequest, stock: Stock, form: forms.Form) -> bool:
        if not form.is_valid():
            return False
        cleaned = form.cleaned_data
        key = str(cleaned.get("key") or "")
        options = {"reason": cleaned.get("reason", ""), "key": key, "user_id": request.user.pk}
        try:
            if "limit" in cleaned:
                set_backorders(stock, limit=cleaned["limit"], date=cleaned["date"])
            elif cleaned["what"] == "receive":
                receive(stock.variant_id, stock.location, cleaned["quantity"], **options)
            else:
                adjust(stock.variant_id, stock.location, cleaned["quantity"], **options)
        except StockRefused as refused:
            form.add_error(None, str(refused))
            return False
        messages.success(request, "The stock was changed.")
        return True
