"""Delivery methods and tax rates."""

from django.contrib import admin

from orders.models import ShippingMethod, TaxRate


@admin.register(ShippingMethod)
class ShippingMethodAdmin(admin.ModelAdmin):
    list_display = (
        "name",
        "code",
        "market",
        "price_minor",
        "free_from_minor",
        "days_min",
        "days_max",
        "is_active",
    )


@admin.register(TaxRate)
class TaxRateAdmin(admin.ModelAdmin):
    list_display = ("country", "percent", "valid")
    ordering = ("country", "valid")
