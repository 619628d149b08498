"""The admin of single variants and of pictures, for the fields that the product's page does not show."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.admin.base import ReadOnly, staff_author
from catalog.admin.products.variants import BarcodeForm
from catalog.models import Product, ProductImage, Variant
from catalog.products.saving import recorded_change


class VariantPageForm(BarcodeForm):
    """The form of a variant, whose option values are named like the options of its product."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        options = [option.name for option in self.instance.product.options.all()]
        for number, name in enumerate(("option1", "option2", "option3")):
            if name in self.fields and number < len(options):
                self.fields[name].label = options[number]
            elif name in self.fields and not getattr(self.instance, name):
                self.fields[name].widget = forms.HiddenInput()


@admin.register(Variant)
class VariantAdmin(admin.ModelAdmin):
    """The fields of a variant that are not in the table on the product's page."""

    form = VariantPageForm
    has_own_history = True  # catalog.products.saving writes it
    list_display = ("__str__", "sku", "barcode", "is_active")
    list_select_related = ("product",)
    list_filter = ("is_active",)
    search_fields = ("sku", "barcode__startswith")
    ordering = ("-id",)
    readonly_fields = ("product",)
    fieldsets = (
        (None, {"fields": ("product", ("option1", "option2", "option3"), ("sku", "barcode"))}),
        ("Selling", {"fields": ("is_active", "position", "is_tracked", "low_stock_at", "most_per_order")}),
        ("Tax and kind", {"fields": ("is_taxable", "tax_class", "is_gift_card")}),
        ("Parcel", {"fields": ("needs_shipping", "grams", ("length_mm", "width_mm", "height_mm"))}),
        ("Customs", {"fields": (("hs_code", "origin"),)}),
        ("Unit price", {"fields": (("content", "content_unit"), ("base", "base_unit"))}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        return super().get_queryset(request).exclude(product__status=Product.Status.WITHDRAWN)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lock_row(self, object_id: str) -> None:
        """Lock the variant's product, which is always locked before its variants."""
        rows = Product.objects.select_for_update(no_key=True, of=("self",)).filter(variants=object_id)
        list(rows.order_by("pk").values_list("pk"))

    def save_model(self, request: HttpRequest, obj: Variant, form: Any, change: bool) -> None:  # noqa: FBT001
        with recorded_change(obj.product, staff_author(request)):
            super().save_model(request, obj, form, change)


@admin.register(ProductImage)
class ProductImageAdmin(ReadOnly, admin.ModelAdmin):
    """A list of all pictures. They are edited on their product's page, also which variants show them first."""

    search_fields = ("alt", "product__title")
    ordering = ("-pk",)
    list_display = ("__str__", "product")
    list_select_related = ("product",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False
