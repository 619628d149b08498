"""Variants from options: "Sand, Chalk" by "350 ml, 450 ml" makes four, and what they have in common is filled down."""

from copy import deepcopy
from itertools import product as combinations
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from catalog.admin.desk import needs, page
from catalog.admin.variant_forms import typed_amount
from catalog.documents import NEW_VARIANT, Document, read_documents, variant_key
from catalog.errors import CatalogError
from catalog.importing.apply import Author, apply_changes, default_target
from catalog.importing.plan import plan_changes
from catalog.markets import default_market
from catalog.models import Product

MAX_GENERATED_VARIANTS = 250


class GenerateForm(forms.Form):
    """Up to three options with their values, and what every new variant gets."""

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
    """The values between the commas, each once."""
    return list(dict.fromkeys(" ".join(value.split())[:255] for value in text.split(",") if value.strip()))


def variants_view(model_admin: admin.ModelAdmin, request: HttpRequest, product: Product) -> HttpResponse:
    """The combinations that are missing are made; those that there are stay as they are."""
    needs(request, "catalog.add_variant")
    form = GenerateForm(request.POST or None, initial=_present(product))
    if request.method == "POST" and form.is_valid():
        try:
            made = generate(product, form, request.user.pk)
        except CatalogError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{made} variant{'' if made == 1 else 's'} created.")
            return redirect("admin:catalog_product_change", product.pk)
    context = {"product": product, "form": form, "title": f"Variants of {product}"}
    return page(model_admin, request, "admin/catalog/product/variants.html", context, 422 if form.errors else 200)


def _present(product: Product) -> dict[str, str]:
    """The options and values that the product has."""
    initial = {}
    variants = list(product.variants.filter(is_active=True))
    for n, option in enumerate(product.options.all(), start=1):
        initial[f"option{n}"] = option.name
        initial[f"values{n}"] = ", ".join(dict.fromkeys(getattr(variant, f"option{n}") for variant in variants))
    return initial


def generate(product: Product, form: GenerateForm, user_id: int | None) -> int:
    """Make the missing combinations; returns how many. A single variant without options gives way to them."""
    target = default_target()
    before = read_documents([product.handle], target.market, target.location)[product.handle]
    after = deepcopy(before)
    after["options"] = [name for name, _ in form.options]
    plain = after["variants"].pop(variant_key(("", "", "")), None)
    made = 0
    for number, values in enumerate(combinations(*(values for _, values in form.options)), start=1):
        key = variant_key([*values, "", ""][:3])
        if key not in after["variants"]:
            after["variants"][key] = _new_variant(form.cleaned_data, values, number, plain or NEW_VARIANT)
            made += 1
    plan = plan_changes([(before, after)], target.market)
    apply_changes(plan.changes, target, Author("admin", user_id))
    return made


def _new_variant(said: dict[str, Any], values: tuple[str, ...], number: int, pattern: Document) -> Document:
    facts = {**deepcopy(NEW_VARIANT), "position": number, "price": said["price"], "on_hand": said["on_hand"]}
    facts["grams"] = said["grams"] or pattern["grams"]
    if facts["price"] is None:
        facts["price"] = pattern["price"]
    if said["sku"]:
        facts["sku"] = "-".join([said["sku"].strip(), *("".join(value.split()).upper() for value in values)])[:255]
    return facts
