"""Delivery methods, zones, closing days and tax rates."""

from django.contrib import admin

from orders.models import ClosingDay, ShippingMethod, ShippingRate, ShippingZone, TaxRate, TaxRegion


class RateInline(admin.TabularInline):
    model = ShippingRate
    extra = 1


@admin.register(ShippingMethod)
class ShippingMethodAdmin(admin.ModelAdmin):
    list_display = ("name", "code", "kind", "market", "free_from_minor", "days_min", "days_max", "is_active")
    list_filter = ("kind", "market", "is_active")
    inlines = (RateInline,)


@admin.register(ShippingZone)
class ShippingZoneAdmin(admin.ModelAdmin):
    list_display = ("name", "countries", "postcodes")


@admin.register(ClosingDay)
class ClosingDayAdmin(admin.ModelAdmin):
    list_display = ("day", "name")
    date_hierarchy = "day"


@admin.register(TaxRegion)
class TaxRegionAdmin(admin.ModelAdmin):
    list_display = ("code", "name", "country", "postcodes")


@admin.register(TaxRate)
class TaxRateAdmin(admin.ModelAdmin):
    list_display = ("country", "region", "tax_class", "percent", "valid")
    list_filter = ("tax_class", "country")
    ordering = ("country", "region", "tax_class", "valid")
