"""Shipping methods, zones, closing days, tax regions and tax rates in the admin."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from psycopg.types.range import TimestamptzRange

from catalog import formats
from catalog.admin.base import page, require_permission
from catalog.admin.columns import MarketFilter, comma_list, market
from catalog.edits.history import difference, record_action
from catalog.formats import count_of
from catalog.inputs import DayField, PercentField
from catalog.markets import all_markets, default_market, market_of
from catalog.money import format_money
from orders.admin.amounts import AmountField, AmountForm, AmountFormSet
from orders.admin.fields import CountriesField, CountryField, SpanField, readable_postcodes, without_market
from orders.delivery.grid import delivery_grid, overlaps
from orders.errors import OrderRefused
from orders.models import ClosingDay, ShippingMethod, ShippingRate, ShippingZone, TaxRate, TaxRegion
from orders.models.order import DIGITAL
from orders.tax import change_rate

ENDS_SOON = timedelta(days=60)  # a tax rate that ends within this time is marked


class MethodForm(AmountForm):
    amounts = ("free_from_minor",)

    class Meta:
        model = ShippingMethod
        fields = "__all__"

    def clean_code(self) -> str:
        code = self.cleaned_data["code"]
        if code == DIGITAL:
            raise forms.ValidationError(
                f"“{DIGITAL}” is reserved for orders that need no delivery. Choose another code."
            )
        return code

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        least, most = cleaned.get("days_min"), cleaned.get("days_max")
        if least is not None and most is not None and most < least:
            self.add_error("days_max", "“At most” cannot be less than “at least”.")
        if cleaned.get("kind") == ShippingMethod.Kind.PICKUP and not cleaned.get("pickup_address"):
            self.add_error("pickup_address", "Enter the pick-up address. Shoppers see it.")
        return cleaned


class RateForm(AmountForm):
    amounts = ("from_minor", "price_minor")

    class Meta:
        model = ShippingRate
        fields = "__all__"


class RateInline(admin.TabularInline):
    model = ShippingRate
    form = RateForm
    formset = AmountFormSet
    extra = 1


@admin.register(ShippingMethod)
class ShippingMethodAdmin(admin.ModelAdmin):
    form = MethodForm
    list_display = ("name", "code", "kind", market(), "free_from", "days_min", "days_max", "is_active")
    list_filter = ("kind", MarketFilter, "is_active")
    prepopulated_fields = {"code": ("name",)}
    inlines = (RateInline,)

    def get_fields(self, request: HttpRequest, obj: ShippingMethod | None = None) -> list[Any]:
        """Put the name first, because the code is made from it."""
        return sorted(super().get_fields(request, obj), key=lambda name: name != "name")

    change_list_template = "admin/orders/delivery_change_list.html"

    @admin.display(description="free from", ordering="free_from_minor")
    def free_from(self, method: ShippingMethod) -> str:
        if method.free_from_minor is None:
            return "–"
        return format_money(method.free_from_minor, market_of(method.market).currency)


class ZoneForm(forms.ModelForm):
    countries = CountriesField(help_text="Two letters or the name of each, with commas: DE, AT.")

    class Meta:
        model = ShippingZone
        fields = ("name", "countries", "postcodes")

    def clean_postcodes(self) -> str:
        return readable_postcodes(self.cleaned_data["postcodes"])


class ZoneList(ChangeList):
    """The list of zones, each compared with all other zones, which are read once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        zones = list(ShippingZone.objects.all())
        for zone in self.result_list:
            zone.overlap_sentence = _overlaps_of(zone, zones)


@admin.register(ShippingZone)
class ShippingZoneAdmin(admin.ModelAdmin):
    form = ZoneForm
    list_display = ("name", comma_list("countries"), "postcodes", "overlaps")
    change_list_template = "admin/orders/delivery_change_list.html"

    @admin.display(description="overlaps")
    def overlaps(self, zone: ShippingZone) -> str:
        return zone.overlap_sentence

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ZoneList

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        if sentence := _overlaps_of(obj, ShippingZone.objects.all()):
            messages.warning(request, f"{sentence}. The delivery grid shows which rate applies where.")
        if sentence := without_market(obj.countries):
            messages.warning(request, sentence)

    def get_urls(self) -> list[URLPattern]:
        urls = [path("grid/", self.admin_site.admin_view(self.grid_view), name="orders_delivery_grid")]
        return urls + super().get_urls()

    def grid_view(self, request: HttpRequest) -> HttpResponse:
        """Show which shipping rate applies in each place, by weight."""
        require_permission(request, "orders.view_shippingzone")
        market = all_markets().get(request.GET.get("market", ""), default_market())
        form = GridForm({"market": market.code, "goods": request.GET.get("goods", "")}, currency=market.currency)
        goods = form.cleaned_data.get("goods") or 0 if form.is_valid() else 0
        grid = delivery_grid(market, goods)
        methods = ShippingMethod.objects.filter(market=market.code).annotate(
            zone_count=Count("rates__zone", distinct=True)
        )
        for method in methods:
            days = f"{method.days_min}–{method.days_max} working days"
            method.facts = f"{count_of(method.zone_count, 'zone')}, {days}"  # type: ignore[attr-defined]
        context = {"form": form, "title": "Delivery", "grid": grid, "gaps": grid.gaps, "methods": methods}
        return page(self, request, "admin/orders/delivery_grid.html", context, 422 if form.errors else 200)


class GridForm(forms.Form):
    """Choose the market of the grid, and the value of the goods."""

    market = forms.ChoiceField()

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["market"].choices = [(market.code, market.name) for market in all_markets().values()]
        self.fields["goods"] = AmountField(currency=currency, label=f"For goods worth ({currency})", required=False)


def _overlaps_of(zone: ShippingZone, zones: Iterable[ShippingZone]) -> str:
    """Return a sentence about each other zone that covers addresses of this one; empty if there is none."""
    others = [other for other in zones if other.pk != zone.pk]
    return "; ".join(overlap.sentence_for(zone.name) for other in others for overlap in overlaps([zone, other]))


class ClosingDayForm(forms.ModelForm):
    country = CountryField(
        required=False,
        help_text="Two letters or the name: a public holiday in that country. Empty: the shop’s own day off, without any "
        "deliveries.",
    )

    class Meta:
        model = ClosingDay
        fields = ("country", "day", "name")


@admin.register(ClosingDay)
class ClosingDayAdmin(admin.ModelAdmin):
    form = ClosingDayForm
    list_display = ("day", "country", "name")
    list_filter = ("country",)
    date_hierarchy = "day"


class RegionForm(forms.ModelForm):
    country = CountryField()

    class Meta:
        model = TaxRegion
        fields = ("name", "code", "country", "postcodes", "is_outside")

    def clean_postcodes(self) -> str:
        return readable_postcodes(self.cleaned_data["postcodes"])


@admin.register(TaxRegion)
class TaxRegionAdmin(admin.ModelAdmin):
    form = RegionForm
    list_display = ("name", "country", "postcodes", "is_outside", "code")
    list_filter = ("is_outside", "country")
    prepopulated_fields = {"code": ("name",)}


class ChangeRateForm(forms.Form):
    """Plan a new percentage from a day on."""

    percent = PercentField()
    begins = DayField(label="From this day")

    def clean_begins(self) -> datetime:
        """Return the start of that day in the shop's time zone. Orders of former days keep their tax."""
        day = self.cleaned_data["begins"]
        if day < timezone.localdate():
            raise forms.ValidationError("This day is over, and its orders keep their tax. Choose today or a later day.")
        return timezone.make_aware(datetime.combine(day, time.min))


class TaxRateForm(forms.ModelForm):
    country = CountryField()
    percent = PercentField()
    valid = SpanField(
        required=True,
        error_messages={
            "required": "Enter when the rate starts.",
            "bound_ordering": "The end must be after the start.",
        },
        help_text="The start and the end. Leave the end empty if there is none.",
    )

    class Meta:
        model = TaxRate
        fields = ("country", "region", "tax_class", "percent", "taxes_delivery", "valid")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.instance.valid if self.instance.pk else None
        if stored and stored.lower is None:
            # This rate has no start, and may stay so.
            self.fields["valid"].required = False

    def clean_valid(self) -> TimestamptzRange:
        return self.cleaned_data["valid"] or TimestamptzRange(None, None)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        country, region = cleaned.get("country"), cleaned.get("region")
        if country and region and not TaxRegion.objects.filter(code=region, country=country).exists():
            self.add_error("region", f"There is no tax region “{region}” in {country}.")
        if not self.errors and (other := self._rate_at_the_same_time(cleaned)):
            self.add_error("valid", f"{other} already applies at that time. End that rate first.")
        return cleaned

    def _rate_at_the_same_time(self, cleaned: dict[str, Any]) -> TaxRate | None:
        same = {name: cleaned[name] for name in ("country", "region", "tax_class")}
        return TaxRate.objects.filter(**same, valid__overlap=cleaned["valid"]).exclude(pk=self.instance.pk).first()


@admin.register(TaxRate)
class TaxRateAdmin(admin.ModelAdmin):
    form = TaxRateForm
    list_display = ("country_name", "region", "tax_class", "rate", "from_when", "until_when", "state")
    list_filter = ("tax_class", "country")
    ordering = ("country", "region", "tax_class", "valid")
    change_form_template = "admin/orders/taxrate/change_form.html"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        if sentence := without_market([obj.country]):
            messages.warning(request, sentence)

    @admin.display(description="country", ordering="country")
    def country_name(self, rate: TaxRate) -> str:
        return default_market().locale.territories.get(rate.country, rate.country)

    @admin.display(description="rate", ordering="percent")
    def rate(self, rate: TaxRate) -> str:
        return f"{rate.percent.normalize():f} %"

    @admin.display(description="state")
    def state(self, rate: TaxRate) -> SafeString:
        """Whether the rate applies now, soon no more, later or no more."""
        now = timezone.now()
        begins, ends = rate.valid.lower, rate.valid.upper
        if begins and begins > now:
            return format_html('<span class="badge {}">{}</span>', "info open", "Planned")
        if ends and ends <= now:
            return format_html('<span class="badge">{}</span>', "Ended")
        if ends and ends <= now + ENDS_SOON:
            return format_html('<span class="badge {}">{}</span>', "warn", "Ends soon")
        return format_html('<span class="badge {}">{}</span>', "ok", "Now")

    @admin.display(description="from", ordering="valid")
    def from_when(self, rate: TaxRate) -> str:
        return _moment(rate.valid.lower)

    @admin.display(description="until")
    def until_when(self, rate: TaxRate) -> str:
        return _moment(rate.valid.upper)

    def get_urls(self) -> list[URLPattern]:
        urls = [path("<int:pk>/new/", self.admin_site.admin_view(self.new_view), name="orders_taxrate_new")]
        return urls + super().get_urls()

    def new_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Plan a new rate from a day on; the old rate ends then and is kept."""
        require_permission(request, "orders.change_taxrate")
        rate = get_object_or_404(TaxRate, pk=pk)
        form = ChangeRateForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                new = change_rate(rate, form.cleaned_data["percent"], form.cleaned_data["begins"])
            except OrderRefused as refused:
                form.add_error("begins", str(refused))
            else:
                rows = [difference("Percent", rate.percent, new.percent)]
                record_action(request, rate, f"Planned a new rate from {_moment(new.valid.lower)}.", rows)
                messages.success(request, f"{new} applies from {_moment(new.valid.lower)}.")
                return redirect("admin:orders_taxrate_changelist")
        context = {"form": form, "title": f"{rate}: plan a new rate", "button": "Plan the rate"}
        return page(self, request, "admin/catalog/plain_form.html", context, 422 if form.errors else 200)


def _moment(moment: datetime | None) -> str:
    return formats.moment(moment)
