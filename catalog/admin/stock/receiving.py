"""The page on which staff receive a delivery: many lines, scanned or typed, with or without a purchase order."""

import uuid
from collections import Counter
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from catalog.admin.base import Question, ask, page, require_permission
from catalog.admin.stock.looks import purchase_look
from catalog.admin.stock.quantities import MAY_CHANGE_STOCK
from catalog.admin.stock.typed_rows import BLANK_ROWS, MORE_ROWS, TypedRow, TypedRows
from catalog.admin.stock.variants import shown_by_id
from catalog.edits.history import record_action, write_entry
from catalog.errors import StockRefused
from catalog.formats import count_of, day, listed
from catalog.inventory import default_location
from catalog.inventory.receiving import Delivery, MoreThanOrdered, Surplus, receive_delivery
from catalog.markets import default_market
from catalog.models import Location, PurchaseOrder, Receipt
from catalog.money import to_major

ALREADY_RECEIVED = "This delivery had been received before, so nothing was added again."


class DeliveryForm(forms.Form):
    """Where a delivery arrived, and its papers."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    location = forms.ModelChoiceField(Location.objects.filter(is_active=True), empty_label=None)
    delivery_note = forms.CharField(label="Delivery note number", max_length=100, required=False)
    note = forms.CharField(max_length=200, required=False)


def receive_view(
    model_admin: admin.ModelAdmin, request: HttpRequest, purchase: PurchaseOrder | None = None
) -> HttpResponse:
    """Receive what was typed. Other buttons add rows, or fill in everything that the purchase order expects."""
    require_permission(request, MAY_CHANGE_STOCK)
    if request.method != "POST":
        return _shown(model_admin, request, _new_form(purchase), _expected_rows(purchase), purchase)
    form = DeliveryForm(request.POST)
    rows = TypedRows.read(request.POST, _currency(purchase))
    _add_expected(rows, purchase)
    if "receive" not in request.POST and "confirmed" not in request.POST:
        if "all" in request.POST:
            _fill_in_expected(rows)
        return _shown(model_admin, request, form, rows, purchase, rows.too_many)
    rows.check(is_zero_left_out=True)
    error = _first_problem(form, rows)
    if not error:
        try:
            return _received(model_admin, request, form, rows, purchase)
        except StockRefused as refused:
            error = str(refused)
    return _shown(model_admin, request, form, rows, purchase, error)


def _received(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    form: DeliveryForm,
    rows: TypedRows,
    purchase: PurchaseOrder | None,
) -> HttpResponse:
    """Receive the checked rows and show the receipt, or ask whether more than was ordered has arrived."""
    is_repeated = Receipt.objects.filter(key=form.cleaned_data["key"]).exists()
    delivery = Delivery(currency=rows.currency, purchase=purchase, **form.cleaned_data)
    try:
        receipt = receive_delivery(delivery, rows.arrivals, user_id=request.user.pk)
    except MoreThanOrdered as more:
        question = _surplus_question(more.surplus, purchase)
        if not question.is_answered(request):
            kept = ["key", "location", "delivery_note", "note", "code", "quantity", "cost"]
            return ask(model_admin, request, question, kept)
        receipt = receive_delivery(delivery, rows.arrivals, is_surplus_accepted=True, user_id=request.user.pk)
    if is_repeated:
        messages.info(request, ALREADY_RECEIVED)
    else:
        units = count_of(sum(arrival.quantity for arrival in rows.arrivals.values()), "unit")
        write_entry(request, receipt, ADDITION, f"Received {units} at {delivery.location}.")
        if purchase:
            record_action(request, purchase, f"Received {units} with {receipt}.")
        messages.success(request, f"{units} received at {delivery.location}.")
    return redirect("admin:catalog_receipt_change", receipt.pk)


def _surplus_question(surplus: list[Surplus], purchase: PurchaseOrder | None) -> Question:
    url = reverse("admin:catalog_purchaseorder_receive", args=[purchase.pk]) if purchase else ""
    sentences = [
        f"More arrived than was ordered: {listed(surplus)}.",
        "All of it is added to the stock. Check with the supplier whether you pay for it.",
    ]
    return Question(f"{purchase}: more than was ordered", sentences, "Receive all of it", url, str(purchase))


def _first_problem(form: DeliveryForm, rows: TypedRows) -> str:
    """The sentence above the form; empty if there is nothing wrong with it."""
    if rows.too_many:
        return f"Nothing was received yet. {rows.too_many}"
    if rows.errors:
        row, more = rows.errors[0], len(rows.errors) - 1
        others = f" {count_of(more, 'more row')} to correct." if more else ""
        return f"Nothing was received yet. Row {row.number}: {row.error}{others}"
    if not form.is_valid():
        return "Nothing was received yet. Please correct the marked fields."
    return "" if rows.arrivals else "Nothing was received. Enter what arrived."


def _shown(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    form: DeliveryForm,
    rows: TypedRows,
    purchase: PurchaseOrder | None,
    error: str = "",
) -> HttpResponse:
    context: dict[str, Any] = {
        "title": "Receive goods",
        "form": form,
        "rows": rows.with_blanks(MORE_ROWS if "more" in request.POST else BLANK_ROWS),
        "currency": rows.currency,
        "has_expected": purchase is not None,
        "purchase": purchase,
        "purchase_look": purchase_look(purchase.status) if purchase else "",
        "facts": _facts(purchase),
        "has_states": purchase is not None and request.method == "POST",
        "sums": _sums(rows, purchase) if request.method == "POST" else [],
        "left_out": rows.left_out,
        "error": error,
        "summary": f"{count_of(rows.units, 'unit')} entered.",
    }
    return page(model_admin, request, "admin/catalog/receiving/receive.html", context, 422 if error else 200)


def _sums(rows: TypedRows, purchase: PurchaseOrder | None) -> list[tuple[str, str]]:
    """(label, value) of what was entered so far, compared with what the purchase order still expects."""
    entered: Counter[int] = Counter()
    for row in rows.rows:
        if row.shown:
            entered[row.shown.pk] += row.units
    sums = [("Entered", count_of(rows.units, "unit"))]
    if purchase:
        whole = {line.variant_id: line.missing for line in purchase.lines.all()}
        missing = sum(max(0, units - entered[pk]) for pk, units in whole.items())
        surplus = sum(max(0, units - whole.get(pk, 0)) for pk, units in entered.items())
        sums = [("Expected", count_of(sum(whole.values()), "unit")), *sums, ("Missing", f"{missing:,}")]
        sums += [("Too many or not ordered", f"{surplus:,}")] if surplus else []
    return sums


def _facts(purchase: PurchaseOrder | None) -> str:
    if purchase is None:
        return "Without a purchase order. The stock grows when you press Receive."
    expected = f" · expected {day(purchase.expected_on)}" if purchase.expected_on else ""
    return f"{purchase} · {purchase.supplier}{expected}"


def _new_form(purchase: PurchaseOrder | None) -> DeliveryForm:
    location = purchase.location if purchase else default_location()
    return DeliveryForm(initial={"key": uuid.uuid4(), "location": location.pk})


def _currency(purchase: PurchaseOrder | None) -> str:
    return purchase.currency if purchase else default_market().currency


def _expected_rows(purchase: PurchaseOrder | None) -> TypedRows:
    """The rows of everything that the purchase order expects, with empty quantities."""
    currency = _currency(purchase)
    lines = [line for line in purchase.lines.order_by("pk") if line.missing] if purchase else []
    shown = shown_by_id(line.variant_id for line in lines)
    rows = [
        TypedRow(
            shown[line.variant_id].code,
            cost="" if line.unit_cost_minor is None else str(to_major(line.unit_cost_minor, currency)),
            shown=shown[line.variant_id],
            expected=line.missing,
        )
        for line in lines
    ]
    return TypedRows.of(rows, currency)


def _add_expected(rows: TypedRows, purchase: PurchaseOrder | None) -> None:
    """Write into each row what the purchase order still expects of its variant."""
    missing = {line.variant_id: line.missing for line in purchase.lines.all()} if purchase else {}
    for row in rows.rows:
        if purchase and row.shown:
            row.expected = missing.get(row.shown.pk, 0)


def _fill_in_expected(rows: TypedRows) -> None:
    for row in rows.rows:
        if row.expected:
            row.quantity = str(row.expected)
