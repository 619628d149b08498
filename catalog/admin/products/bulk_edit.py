"""The bulk edit page: a form for all chosen products, and a grid for single prices and stock. It creates a plan."""

import json
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from catalog.admin.base import page, require_permission
from catalog.admin.products.variants import typed_amount
from catalog.formats import count_of, moment, signed
from catalog.importing.apply import default_target
from catalog.importing.plan import plan_changes
from catalog.importing.runs import keep_plan
from catalog.importing.shopify import Problem
from catalog.inputs import MomentInput, PercentField
from catalog.markets import default_market
from catalog.models import Product, Run
from catalog.money import to_major
from catalog.products.bulk_edit import Edit, Rounding, Sale, count_sales_changed, count_with_sale_then, edited
from catalog.products.document import Document, read_documents

MAX_PRODUCTS = 1_000
MAX_VARIANTS_PER_PAGE = 100


class BulkForm(forms.Form):
    """The changes to make to every chosen product. Empty fields change nothing."""

    ids = forms.CharField(widget=forms.HiddenInput, max_length=20_000)
    percent = PercentField(
        label="Change prices by (%)",
        required=False,
        min_value=-90,
        max_value=1000,
        decimal_places=2,
        help_text="10 raises prices by 10 %, -10 lowers them. Running sale prices change by the same percentage.",
    )
    rounding = forms.ChoiceField(required=False, choices=[(r.value, r.label) for r in Rounding])
    leaves_sales = forms.BooleanField(
        label="Leave sale prices as they are",
        required=False,
        help_text="A sale price that is not below the new price ends.",
    )
    on_hand = forms.IntegerField(label="Set the stock to", required=False, min_value=0, max_value=10**8)
    add_tag = forms.CharField(label="Add the tag", required=False, max_length=100)
    remove_tag = forms.CharField(label="Remove the tag", required=False, max_length=100)
    status = forms.ChoiceField(
        label="Set the status",
        required=False,
        choices=[("", "as it is"), ("active", "Active"), ("draft", "Draft"), ("archived", "Archived")],
    )
    sale_percent = PercentField(
        label="Sale: off the price (%)", required=False, min_value=1, max_value=90, decimal_places=2
    )
    sale_begins = forms.DateTimeField(label="Sale begins", required=False, widget=MomentInput)
    sale_ends = forms.DateTimeField(label="Sale ends", required=False, widget=MomentInput)

    def clean_ids(self) -> list[int]:
        return product_ids(self.cleaned_data["ids"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        begins, ends = cleaned.get("sale_begins"), cleaned.get("sale_ends")
        if cleaned.get("sale_percent") and not begins:
            self.add_error("sale_begins", "Enter when the sale begins.")
        if begins and ends and ends <= begins:
            self.add_error("sale_ends", "The end of the sale must be after its start.")
        return cleaned

    def edit(self) -> Edit:
        cleaned = self.cleaned_data
        has_sale = cleaned["sale_percent"] and cleaned["sale_begins"]
        return Edit(
            percent=cleaned["percent"],
            rounding=Rounding(cleaned["rounding"] or Rounding.CENT),
            leaves_sales=cleaned["leaves_sales"],
            on_hand=cleaned["on_hand"],
            add_tag=cleaned["add_tag"].strip(),
            remove_tag=cleaned["remove_tag"].strip(),
            status=cleaned["status"],
            sale=Sale(cleaned["sale_percent"], cleaned["sale_begins"], cleaned["sale_ends"]) if has_sale else None,
        )


def product_ids(text: str) -> list[int]:
    """The product ids in a comma-separated text, each once and at most MAX_PRODUCTS. Anything else is ignored."""
    ids = [int(part) for part in text.split(",") if part.isascii() and part.isdigit() and len(part) < 19]
    return list(dict.fromkeys(ids))[:MAX_PRODUCTS]


def bulk_view(model_admin: admin.ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Show the bulk edit form. A valid form creates a plan, which staff apply on the plan's page."""
    require_permission(request, "catalog.apply_run")
    chosen = request.POST.get("ids", request.GET.get("ids", ""))[:20_000]
    documents = chosen_documents(product_ids(chosen))
    form = BulkForm(request.POST or None, initial={"ids": chosen, "rounding": Rounding.CENT.value})
    pages = Paginator(_grid(documents), MAX_VARIANTS_PER_PAGE)
    grid = pages.get_page(request.GET.get("page"))
    if request.method == "POST" and form.is_valid() and (run := _planned(request, form, documents, list(grid))):
        return redirect("admin:catalog_run_change", run.pk)
    for row in grid:  # keep what was typed, also if it was refused
        row["typed_price"] = request.POST.get(f"{row['name']}-price", row["price"])
        row["typed_on_hand"] = request.POST.get(f"{row['name']}-on_hand", row["on_hand"])
    context = {
        "form": form,
        "heading": "For this product" if len(documents) == 1 else f"For all {len(documents)} products",
        "grid": grid,
        "ids": chosen,
        "title": f"Edit {count_of(len(documents), 'product')}",
    }
    return page(model_admin, request, "admin/catalog/product/bulk.html", context, 422 if form.errors else 200)


def _planned(
    request: HttpRequest, form: BulkForm, documents: dict[str, Document], grid: list[dict[str, Any]]
) -> Run | None:
    """Plan the edit; return None, with an error in the form, if it is invalid or would change nothing."""
    try:
        edits = _grid_edits(request, grid)
    except ValidationError as error:
        form.add_error(None, error)
        return None
    return plan_edit(form, documents, edits, user_id=request.user.pk)


def plan_edit(
    form: BulkForm, documents: dict[str, Document], edits: dict[str, Any], *, user_id: int | None
) -> Run | None:
    """Store the plan of a valid form and of single prices and stock, together with its source.

    Returns None, with an error in the form, if nothing would change.
    """
    edit = form.edit()
    pairs = [(before, edited(before, edit, edits.get(handle, {}))) for handle, before in documents.items()]
    plan = plan_changes(pairs, default_market())
    plan.problems += [
        Problem(0, handle, f"{count} of its variants already have a sale at that time and keep it", is_fatal=False)
        for handle, before in documents.items()
        if (count := count_with_sale_then(before, edit))
    ]
    plan.problems += [
        Problem(0, before["handle"], f"{count_of(count, 'sale price')} changed too", is_fatal=False)
        for before, after in pairs
        if (count := count_sales_changed(before, after))
    ]
    if not plan.changes:
        form.add_error(None, "Nothing would change. Fill in at least one field.")
        return None
    fields = {name: form.data[name] for name in form.fields if name in form.data}
    source = json.dumps({"fields": fields, "single": edits}).encode()
    return keep_plan(plan, Run.Kind.BULK, _summary(form), source=source, user_id=user_id)


def plan_bulk_again(source: bytes, *, user_id: int | None) -> Run | None:
    """Plan a stored edit again for the products as they are now; None if it would change nothing."""
    stored = json.loads(source)
    form = BulkForm(stored["fields"])
    if not form.is_valid():
        return None
    return plan_edit(form, chosen_documents(form.cleaned_data["ids"]), stored["single"], user_id=user_id)


def chosen_documents(ids: list[int]) -> dict[str, Document]:
    """The documents of these products, without withdrawn ones."""
    target = default_target()
    handles = Product.objects.not_withdrawn().filter(pk__in=ids).order_by("pk").values_list("handle", flat=True)
    return read_documents(handles, target.market, target.location)


def _summary(form: BulkForm) -> str:
    """The edit in short: `prices +10 %, sale prices too, add the tag: new`."""
    names = [name for name in form.changed_data if name not in ("ids", "percent", "rounding", "leaves_sales")]
    parts = [f"{str(form.fields[name].label or name).lower()}: {_typed_text(form, name)}" for name in names]
    if percent := form.cleaned_data["percent"]:
        sales = "sale prices stay" if form.cleaned_data["leaves_sales"] else "sale prices too"
        parts = [f"prices {signed(percent)} %", sales, *parts]
    return ", ".join(parts) or "individual prices and stock"


def _typed_text(form: BulkForm, name: str) -> str:
    value = form.cleaned_data[name]
    return moment(value) if isinstance(value, datetime) else str(value)


def _grid(documents: dict[str, Document]) -> list[dict[str, Any]]:
    """One row per variant, with its price and stock."""
    currency = default_market().currency
    rows: list[dict[str, Any]] = []
    for handle, document in documents.items():
        for key, variant in document["variants"].items():
            rows.append(
                {
                    "name": f"g{len(rows)}",
                    "handle": handle,
                    "key": key,
                    "title": document["product"]["title"],
                    "variant": key.strip().replace("\n", " · "),
                    "sku": variant["sku"],
                    "price": "" if variant["price"] is None else str(to_major(variant["price"], currency)),
                    "on_hand": "" if variant["on_hand"] is None else str(variant["on_hand"]),
                }
            )
    return rows


def _grid_edits(request: HttpRequest, grid: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, int]]]:
    """The prices and stock that were changed in the grid, by product handle and variant key.

    Raises ValidationError for invalid numbers, and if the stored values have changed since the page was shown.
    """
    edits: dict[str, dict[str, dict[str, int]]] = {}
    for row in grid:
        identity = f"{row['handle']}\n{row['key']}"
        if request.POST.get(f"{row['name']}-row", identity).replace("\r\n", "\n") != identity:
            raise ValidationError("The products changed while this page was open. Please check them again.")
        typed: dict[str, int] = {}
        price = _changed(request, row, "price")
        if price is not None and (minor := typed_amount(price, default_market().currency)) is not None:
            typed["price"] = minor
        on_hand = _changed(request, row, "on_hand")
        if on_hand is not None:
            if not (on_hand.isascii() and on_hand.isdigit() and len(on_hand) < 9):
                raise ValidationError(f"{row['title']}: the stock '{on_hand}' is not a whole number.")
            typed["on_hand"] = int(on_hand)
        if typed:
            edits.setdefault(row["handle"], {})[row["key"]] = typed
    return edits


def _changed(request: HttpRequest, row: dict[str, Any], name: str) -> str | None:
    """The new text of a grid field, or None if it was not changed. Raises ValidationError if the value has changed."""
    field = f"{row['name']}-{name}"
    shown = request.POST.get(f"{field}-shown", row[name])
    typed = request.POST.get(field, shown).strip()
    if typed == shown:
        return None
    if shown != row[name]:
        raise ValidationError(
            f"{row['title']}: {shown or 'nothing'} was changed to {row[name] or 'nothing'} while this page was open. "
            "Please check it again."
        )
    return typed
