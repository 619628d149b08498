"""The page that generates variants from options: "Sand, Chalk" and "350 ml, 450 ml" make four variants."""

from copy import deepcopy
from itertools import product as combinations
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from catalog.admin.base import page, require_permission
from catalog.admin.products.variants import typed_amount
from catalog.errors import CatalogError
from catalog.importing.apply import Author, apply_changes, default_target
from catalog.importing.plan import plan_changes
from catalog.markets import default_market
from catalog.models import Product
from catalog.products.document import NEW_VARIANT, NO_PRICES, Document, new_variant, read_documents, variant_key

MAX_GENERATED_VARIANTS = 250


class GenerateForm(forms.Form):
    """Up to three options with their values, and the price, stock and weight of each new variant."""

    option1 = forms.CharField(label="First option", max_length=100, help_text="Glaze")
    values1 = forms.CharField(label="Its values", max_length=2000, help_text="Sand, Chalk, Moss")
    option2 = forms.CharField(label="Second option", max_length=100, required=False)
    values2 = forms.CharField(label="Its values", max_length=2000, required=False)
    option3 = forms.CharField(label="Third option", max_length=100, required=False)
    values3 = forms.CharField(label="Its values", max_length=2000, required=False)
    price = forms.CharField(max_length=16, required=False)
    on_hand = forms.IntegerField(label="Stock of each", min_value=0, max_value=10**8, required=False)
    grams = forms.IntegerField(label="Weight of each (g)", min_value=0, max_value=10**8, required=False)
    sku = forms.CharField(label="SKU prefix", max_length=100, required=False, help_text="MUG gives MUG-SAND-350ML")

    def clean_price(self) -> int | None:
        return typed_amount(self.cleaned_data["price"], default_market().currency)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        count = 1
        for n in (1, 2, 3):
            name, values = cleaned.get(f"option{n}", "").strip(), split(cleaned.get(f"values{n}", ""))
            if bool(name) != bool(values):
                self.add_error(f"values{n}", "An option needs a name and at least one value.")
            count *= max(1, len(values))
        if count > MAX_GENERATED_VARIANTS:
            raise ValidationError(
                f"These options make {count} variants. A product can have at most {MAX_GENERATED_VARIANTS}."
            )
        return cleaned

    @property
    def options(self) -> list[tuple[str, list[str]]]:
        cleaned = self.cleaned_data
        pairs = [(cleaned[f"option{n}"].strip(), split(cleaned[f"values{n}"])) for n in (1, 2, 3)]
        return [(name, values) for name, values in pairs if name]


def split(text: str) -> list[str]:
    """Split the text at commas into distinct values."""
    return list(dict.fromkeys(" ".join(value.split())[:255] for value in text.split(",") if value.strip()))


def variants_view(model_admin: admin.ModelAdmin, request: HttpRequest, product: Product) -> HttpResponse:
    """Show the form and generate the missing variants. Existing variants stay unchanged."""
    require_permission(request, "catalog.add_variant")
    form = GenerateForm(request.POST or None, initial=_existing_options(product))
    if request.method == "POST" and form.is_valid():
        try:
            created = generate(product, form, request.user.pk)
        except CatalogError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{created} variant{'' if created == 1 else 's'} created.")
            return redirect("admin:catalog_product_change", product.pk)
    context = {"product": product, "form": form, "title": f"Variants of {product}"}
    return page(model_admin, request, "admin/catalog/product/variants.html", context, 422 if form.errors else 200)


def _existing_options(product: Product) -> dict[str, str]:
    """The product's options and values, as initial data of the form."""
    initial = {}
    variants = list(product.variants.filter(is_active=True))
    for n, option in enumerate(product.options.all(), start=1):
        initial[f"option{n}"] = option.name
        initial[f"values{n}"] = ", ".join(dict.fromkeys(getattr(variant, f"option{n}") for variant in variants))
    return initial


def generate(product: Product, form: GenerateForm, user_id: int | None) -> int:
    """Create the missing combinations and return their number. They replace a single variant without options."""
    target = default_target()
    before = read_documents([product.handle], target.market, target.location)[product.handle]
    after = deepcopy(before)
    after["options"] = [name for name, _ in form.options]
    optionless = after["variants"].pop(variant_key(("", "", "")), None)
    created = 0
    for number, values in enumerate(combinations(*(values for _, values in form.options)), start=1):
        key = variant_key([*values, "", ""][:3])
        if key not in after["variants"]:
            after["variants"][key] = _new_variant(before, form.cleaned_data, values, optionless or NEW_VARIANT)
            after["variants"][key]["position"] = number
            created += 1
    plan = plan_changes([(before, after)], target.market)
    apply_changes(plan.changes, target, Author("admin", user_id))
    return created


def _new_variant(product: Document, cleaned: dict[str, Any], values: tuple[str, ...], template: Document) -> Document:
    """A new variant of the product with the form's data. Price and weight default to those of the template."""
    fields = {**new_variant(product), "price": cleaned["price"], "on_hand": cleaned["on_hand"]}
    fields["grams"] = cleaned["grams"] or template["grams"]
    if fields["price"] is None:
        fields["price"] = template["price"]
        prices = {code: {**NO_PRICES, "price": in_market["price"]} for code, in_market in template["markets"].items()}
        fields["markets"] = prices
    if cleaned["sku"]:
        suffixes = ["".join(value.split()).upper() for value in values]
        fields["sku"] = "-".join([cleaned["sku"].strip(), *suffixes])[:255]
    return fields
