"""The variants in the product form, with their prices and stock."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest

from catalog.admin.products.options_form import sku_of
from catalog.formats import listed
from catalog.gtin import is_gtin, looks_like_gtin
from catalog.inventory import Target, default_location, set_levels
from catalog.markets import default_market
from catalog.models import Product, Stock, Variant
from catalog.money import AmountRefused, to_major, to_minor
from catalog.prices import CurrentPrice, prices_at, set_prices

OPTION_FIELDS = {"option1", "option2", "option3"}
MAX_SAME_SKU = 500  # variants that are compared
MAX_INLINE_VARIANTS = 50  # products with more variants have a separate page for them


def typed_amount(text: str, currency: str) -> int | None:
    """Convert a typed amount to minor units; None for an empty text. Raises ValidationError if it is invalid."""
    if not text.strip():
        return None
    try:
        return to_minor(text, currency)
    except AmountRefused as refused:
        raise ValidationError(str(refused)) from refused


def repeated_skus(product: Product) -> list[str]:
    """A sentence for each SKU of the product that several variants have, because searching it finds all of them."""
    skus = set(product.variants.filter(is_active=True).exclude(sku="").values_list("sku", flat=True))
    variants = Variant.objects.filter(sku__in=skus, is_active=True).exclude(product__status=Product.Status.WITHDRAWN)
    names: dict[str, list[str]] = {}
    for variant in variants.select_related("product").order_by("pk")[:MAX_SAME_SKU]:
        names.setdefault(variant.sku, []).append(str(variant))
    return [f"The SKU {sku} is used more than once: {listed(same)}." for sku, same in names.items() if len(same) > 1]


class BarcodeForm(forms.ModelForm):
    """A form with a barcode, whose check digit must be right."""

    def clean_barcode(self) -> str:
        barcode = self.cleaned_data["barcode"].strip()
        if looks_like_gtin(barcode) and not is_gtin(barcode):
            raise ValidationError("The check digit of this barcode is wrong. Please check the barcode.")
        return barcode


class VariantForm(forms.ModelForm):
    """A row of the product's page: a variant with its current price, sale price and stock.

    The option values of a variant are changed on its own page; only those of a new variant are typed in its row.
    """

    price = forms.CharField(
        max_length=16,
        required=False,
        widget=forms.TextInput(attrs={"size": 8, "inputmode": "decimal", "data-fill": "price"}),
    )
    sale_price = forms.CharField(
        max_length=16,
        required=False,
        widget=forms.TextInput(attrs={"size": 8, "inputmode": "decimal", "data-fill": "sale"}),
    )
    on_hand = forms.IntegerField(
        min_value=0,
        max_value=10**8,
        required=False,
        widget=forms.NumberInput(attrs={"size": 6, "data-fill": "stock"}),
    )

    class Meta:
        model = Variant
        fields = ("option1", "option2", "option3", "sku", "grams", "is_active")
        widgets = {  # noqa: RUF012  (as Django reads it)
            "grams": forms.NumberInput(attrs={"size": 6, "data-fill": "weight"}),
            "is_active": forms.CheckboxInput(attrs={"class": "switch"}),
        }

    def __init__(self, *args: Any, current: "CurrentValues | None" = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name in OPTION_FIELDS & set(self.fields):
                del self.fields[name]
        price = current.prices.get(self.instance.pk) if current else None
        stock = current.stock.get(self.instance.pk) if current else None
        if price:
            self.initial["price"] = str(to_major(price.regular_minor, price.currency))
            if price.is_on_sale:
                self.initial["sale_price"] = str(to_major(price.amount_minor, price.currency))
        self.initial["on_hand"] = stock.on_hand if stock else None

    def clean_price(self) -> int | None:
        return typed_amount(self.cleaned_data["price"], default_market().currency)

    def clean_sale_price(self) -> int | None:
        return typed_amount(self.cleaned_data["sale_price"], default_market().currency)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        price, sale = cleaned.get("price"), cleaned.get("sale_price")
        if sale is not None and (price is None or sale >= price):
            self.add_error("sale_price", "The sale price must be below the price.")
        return cleaned


class CurrentValues:
    """Prices and stock of all variants of a form, read once."""

    def __init__(self, variant_ids: list[int]) -> None:
        self.prices: dict[int, CurrentPrice] = prices_at(variant_ids, default_market())
        rows = Stock.objects.filter(variant_id__in=variant_ids, location=default_location())
        self.stock = {stock.variant_id: stock for stock in rows}


class VariantFormSet(BaseInlineFormSet):
    """Saves variants, and then their prices and stock through catalog.prices and catalog.inventory."""

    user_id: int | None = None
    value_combinations: Sequence[tuple[str, ...]] = ()  # of a new product: each becomes a variant like the only row
    _current: CurrentValues | None = None

    @property
    def current(self) -> CurrentValues:
        if self._current is None:
            self._current = CurrentValues([variant.pk for variant in self.get_queryset()])
        return self._current

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "current": self.current}

    def save(self, commit: bool = True) -> list[Variant]:  # noqa: FBT001, FBT002  (Django's signature)
        if self.value_combinations:
            return self._save_combinations()
        saved = super().save(commit)
        if commit:
            self._write_prices()
            self._write_stock()
        return saved

    def _save_combinations(self) -> list[Variant]:
        """Make a variant of each combination of option values, with the price, stock and weight of the only row."""
        typed = next((form.cleaned_data for form in self.forms if form.has_changed()), {})
        variants = []
        for position, values in enumerate(self.value_combinations, start=1):
            option_values = dict(zip(("option1", "option2", "option3"), values, strict=False))
            fields = {"grams": typed.get("grams") or 0, "is_active": typed.get("is_active", True)}
            sku = sku_of(typed.get("sku") or "", values)
            variants.append(Variant(product=self.instance, position=position, sku=sku, **option_values, **fields))
        Variant.objects.bulk_create(variants)
        if typed.get("price") is not None:
            set_prices({v.pk: (typed["price"], typed.get("sale_price"), None) for v in variants}, default_market())
        if typed.get("on_hand") is not None:
            levels = {variant.pk: Target(typed["on_hand"], 0) for variant in variants}
            set_levels(levels, default_location(), reason="edited in the admin", user_id=self.user_id)
        self.new_objects, self.changed_objects, self.deleted_objects = variants, [], []
        return variants

    def _write_prices(self) -> None:
        new_prices = {
            form.instance.pk: self._price_of(form)
            for form in self._remaining_forms()
            if {"price", "sale_price"} & set(form.changed_data)
        }
        set_prices(new_prices, default_market())

    def _price_of(self, form: Any) -> tuple[int | None, int | None, datetime | None]:
        """The prices for set_prices(). Unchanged fields keep the current price, and a running sale keeps its end."""
        current = self.current.prices.get(form.instance.pk)
        current_sale = current.amount_minor if current and current.is_on_sale else None
        regular, sale = form.cleaned_data["price"], form.cleaned_data["sale_price"]
        if "price" not in form.changed_data:
            regular = current.regular_minor if current else None
        if "sale_price" not in form.changed_data:
            sale = current_sale
        return regular, sale, current.ends_at if current and current_sale is not None else None

    def _write_stock(self) -> None:
        targets = {
            form.instance.pk: self._level_of(form)
            for form in self._remaining_forms()
            if "on_hand" in form.changed_data and form.cleaned_data.get("on_hand") is not None
        }
        set_levels(targets, default_location(), reason="edited in the admin", user_id=self.user_id)

    def _level_of(self, form: Any) -> Target:
        stock = self.current.stock.get(form.instance.pk)
        typed = form.cleaned_data["on_hand"]
        return Target(typed, stock.backorder_limit, stock.on_hand) if stock else Target(typed, 0)

    def _remaining_forms(self) -> list[Any]:
        return [form for form in self.forms if form.instance.pk and form not in self.deleted_forms]


class VariantInline(admin.TabularInline):
    model = Variant
    form = VariantForm
    formset = VariantFormSet
    extra = 0
    fields = ("sku", "price", "sale_price", "grams", "on_hand", "is_active")
    max_num = 1000
    template = "admin/catalog/product/variant_inline.html"
    verbose_name = "variant"
    can_delete = False  # orders and stock movements refer to variants, so staff deactivate them instead

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        """Those that are no longer sold come last, such as the only variant of a product before it got options."""
        return super().get_queryset(request).order_by("-is_active", "position", "pk")

    def get_extra(self, request: HttpRequest, obj: Product | None = None, **kwargs: Any) -> int:
        """One row for a new product, because most have one variant to begin with."""
        return 0 if obj else 1

    def get_max_num(self, request: HttpRequest, obj: Product | None = None, **kwargs: Any) -> int | None:
        """The only row of a new product is like each variant that its options make."""
        return self.max_num if obj else 1

    def get_formset(self, request: HttpRequest, obj: Product | None = None, **kwargs: Any) -> Any:
        """Name the option fields like the product's options, and hide those that it does not use."""
        shown = flatten_fieldsets(self.get_fieldsets(request, obj))
        formset = super().get_formset(request, obj, **{"fields": [*shown, *sorted(OPTION_FIELDS)], **kwargs})
        names = dict(enumerate((option.name for option in obj.options.all()), start=1)) if obj else {}
        for number in (1, 2, 3):
            field = formset.form.base_fields.get(f"option{number}")
            if not field or not names:
                continue
            field.label = names.get(number, field.label)
            is_used = number in names or obj.variants.exclude(**{f"option{number}": ""}).exists()  # type: ignore[union-attr]
            if not is_used:
                field.widget = forms.HiddenInput()
        return formset
