"""The page that generates variants from options: "Sand, Chalk" and "350 ml, 450 ml" make four variants."""

from copy import deepcopy
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from catalog.admin.base import page, require_permission
from catalog.admin.products.options_form import OptionsForm, sku_of
from catalog.admin.products.variants import typed_amount
from catalog.errors import CatalogError
from catalog.importing.apply import Author, apply_changes, default_target
from catalog.importing.plan import plan_changes
from catalog.markets import default_market
from catalog.models import Product
from catalog.products.document import NEW_VARIANT, NO_PRICES, Document, new_variant, read_documents, variant_key


class GenerateForm(OptionsForm):
    """Up to three options with their values, and the price, stock and weight of each new variant."""

    option1 = forms.CharField(label="First option", max_length=100, help_text="Glaze")
    values1 = forms.CharField(label="Its values", max_length=2000, help_text="Sand, Chalk, Moss")
    price = forms.CharField(max_length=16, required=False)
    on_hand = forms.IntegerField(label="Stock of each", min_value=0, max_value=10**8, required=False)
    grams = forms.IntegerField(label="Weight of each (g)", min_value=0, max_value=10**8, required=False)
    sku = forms.CharField(label="SKU prefix", max_length=100, required=False, help_text="MUG gives MUG-SAND-350ML")

    field_order = ("option1", "values1", "option2", "values2", "option3", "values3")

    def clean_price(self) -> int | None:
        return typed_amount(self.cleaned_data["price"], default_market().currency)


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
    for number, values in enumerate(form.value_combinations, start=1):
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
        fields["sku"] = sku_of(cleaned["sku"], values)
    return fields
