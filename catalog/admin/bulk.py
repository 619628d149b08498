"""Many products at once: one form for what all of them get, a grid for single prices and stock, then a plan to look at."""

import json
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from catalog.admin.desk import needs, page
from catalog.admin.variant_forms import typed_amount
from catalog.bulk import Edit, Rounding, Sale, count_sales_changed, count_with_sale_then, edited
from catalog.documents import Document, read_documents
from catalog.formats import count_of, moment
from catalog.importing.apply import default_target
from catalog.importing.plan import plan_changes
from catalog.importing.runs import keep_plan
from catalog.importing.shopify import Problem
from catalog.inputs import MomentInput
from catalog.markets import default_market
from catalog.models import Product, Run
from catalog.money import to_major

MAX_PRODUCTS = 1_000
MAX_VARIANTS_PER_PAGE = 100


class BulkForm(forms.Form):
    """What every chosen product gets; what is left empty stays."""

    ids = forms.CharField(widget=forms.HiddenInput, max_length=20_000)
    percent = forms.DecimalField(
        label="Change prices by (%)", required=False, min_value=-90, max_value=1000, max_digits=6, decimal_places=2,
        help_text="10 raises prices by 10 %, -10 lowers them. Running sale prices change by the same percentage.",
    )  # fmt: skip
    rounding = forms.ChoiceField(required=False, choices=[(r.value, r.label) for r in Rounding])
    leaves_sales = forms.BooleanField(
        label="Leave sale prices as they are", required=False,
        help_text="A sale price that is not below the new price ends.",
    )  # fmt: skip
    on_hand = forms.IntegerField(label="Set the stock to", required=False, min_value=0, max_value=10**8)
    add_tag = forms.CharField(label="Add the tag", required=False, max_length=100)
    remove_tag = forms.CharField(label="Remove the tag", required=False, max_length=100)
    status = forms.ChoiceField(
        label="Set the status",
        required=False,
        choices=[("", "as it is"), ("active", "Active"), ("draft", "Draft"), ("archived", "Archived")],
    )
    sale_percent = forms.DecimalField(
        label="Sale: off the price (%)", required=False, min_value=1, max_value=90, max_digits=4, decimal_places=2
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
        said = self.cleaned_data
        has_sale = said["sale_percent"] and said["sale_begins"]
        return Edit(
            percent=said["percent"],
            rounding=Rounding(said["rounding"] or Rounding.CENT),
            leaves_sales=said["leaves_sales"],
            on_hand=said["on_hand"],
            add_tag=said["add_tag"].strip(),
            remove_tag=said["remove_tag"].strip(),
            status=said["status"],
            sale=Sale(said["sale_percent"], said["sale_begins"], said["sale_ends"]) if has_sale else None,
        )


def product_ids(text: str) -> list[int]:
    """The ids of an address or a form; anything else is nobody's product."""
    ids = [int(part) for part in text.split(",") if part.isascii() and part.isdigit() and len(part) < 19]
    return list(dict.fromkeys(ids))[:MAX_PRODUCTS]


def bulk_view(model_admin: admin.ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Nothing is changed here: the form makes a plan, and the plan's page carries it out."""
    needs(request, "catalog.apply_run")
    chosen = request.POST.get("ids", request.GET.get("ids", ""))[:20_000]
    documents = chosen_documents(product_ids(chosen))
    form = BulkForm(request.POST or None, initial={"ids": chosen, "rounding": Rounding.CENT.value})
    pages = Paginator(_grid(documents), MAX_VARIANTS_PER_PAGE)
    grid = pages.get_page(request.GET.get("page"))
    if request.method == "POST" and form.is_valid() and (run := _planned(request, form, documents, list(grid))):
        return redirect("admin:catalog_run_change", run.pk)
    for row in grid:  # what was typed stays, also where it was refused
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
    """The plan of what the form asks for; None, and an error in the form, where it asks for nothing or for nonsense."""
    try:
        edits = _typed(request, grid)
    except ValidationError as error:
        form.add_error(None, error)
        return None
    return plan_edit(form, documents, edits, user_id=request.user.pk)


def plan_edit(
    form: BulkForm, documents: dict[str, Document], edits: dict[str, Any], *, user_id: int | None
) -> Run | None:
    """The plan of a valid form and of single prices and stock, with what it was made from."""
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
    return keep_plan(plan, Run.Kind.BULK, _words(form), source=source, user_id=user_id)


def plan_bulk_again(source: bytes, *, user_id: int | None) -> Run | None:
    """Return this edit planned for the products as they are now; None where it would change nothing."""
    kept = json.loads(source)
    form = BulkForm(kept["fields"])
    if not form.is_valid():
        return None
    return plan_edit(form, chosen_documents(form.cleaned_data["ids"]), kept["single"], user_id=user_id)


def chosen_documents(ids: list[int]) -> dict[str, Document]:
    """The documents of these products, as far as they are kept."""
    target = default_target()
    handles = Product.objects.kept().filter(pk__in=ids).order_by("pk").values_list("handle", flat=True)
    return read_documents(handles, target.market, target.location)


def _words(form: BulkForm) -> str:
    """What the edit does, in short: `change prices by (%): 10`."""
    names = [name for name in form.changed_data if name not in ("ids", "rounding", "leaves_sales")]
    said = [f"{str(form.fields[name].label or name).lower()}: {_typed_words(form, name)}" for name in names]
    if form.cleaned_data["percent"]:
        said.append("sale prices stay" if form.cleaned_data["leaves_sales"] else "sale prices too")
    return ", ".join(said) or "individual prices and stock"


def _typed_words(form: BulkForm, name: str) -> str:
    value = form.cleaned_data[name]
    return moment(value) if isinstance(value, datetime) else str(value)


def _grid(documents: dict[str, Document]) -> list[dict[str, Any]]:
    """Every variant with its price and stock, each in fields of its own."""
    currency = default_market().currency
    rows: list[dict[str, Any]] = []
    for handle, document in documents.items():
        for key, facts in document["variants"].items():
            rows.append(
                {
                    "name": f"g{len(rows)}",
                    "handle": handle,
                    "key": key,
                    "title": document["product"]["title"],
                    "variant": key.strip().replace("\n", " · "),
                    "sku": facts["sku"],
                    "price": "" if facts["price"] is None else str(to_major(facts["price"], currency)),
                    "on_hand": "" if facts["on_hand"] is None else str(facts["on_hand"]),
                }
            )
    return rows


def _typed(request: HttpRequest, grid: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, int]]]:
    """What was typed into the grid and differs from what its page showed, by product and variant.

    Raises ValidationError where that is no longer what stands there: the number typed meant another one.
    """
    edits: dict[str, dict[str, dict[str, int]]] = {}
    for row in grid:
        seen = f"{row['handle']}\n{row['key']}"
        if request.POST.get(f"{row['name']}-row", seen).replace("\r\n", "\n") != seen:
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
    """What was typed in place of what the page showed; None where it was left alone."""
    field = f"{row['name']}-{name}"
    seen = request.POST.get(f"{field}-seen", row[name])
    typed = request.POST.get(field, seen).strip()
    if typed == seen:
        return None
    if seen != row[name]:
        raise ValidationError(
            f"{row['title']}: {seen or 'nothing'} is {row[name] or 'nothing'} now: please look again."
        )
    return typed
