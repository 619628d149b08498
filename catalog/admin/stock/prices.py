"""The list of all prices, with the periods in which they apply."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.admin.base import ReadOnly
from catalog.admin.columns import MarketFilter, amount, market, span
from catalog.admin.stock.variants import found_variants
from catalog.models import Price, Product, Variant


@admin.register(Price)
class PriceAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("variant", market(), "kind", amount("amount_minor"), span("valid", "holds"))
    fields = list_display
    readonly_fields = list_display
    list_filter = (MarketFilter, "kind")
    list_select_related = ("variant__product",)
    search_fields = ("variant__sku", "variant__product__title")
    ordering = ("-id",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Price], search_term: str
    ) -> tuple[QuerySet[Price], bool]:
        """Find variants like the other pages about stock, and show their prices."""
        text = search_term.strip()
        return (queryset.filter(variant__in=found_variants(text)) if text else queryset), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Price]:
        """Leave out the few products that are withdrawn, without joining all others."""
        withdrawn = Variant.objects.filter(product__status=Product.Status.WITHDRAWN)
        return super().get_queryset(request).exclude(variant__in=withdrawn)
