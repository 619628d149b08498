"""The admin of purchase orders: draft, order, receive, close and cancel them."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse

from catalog.admin.base import Question, ReadOnly, ask, found_or_404, guarded, page, require_permission
from catalog.admin.stock.document_lists import PurchaseList
from catalog.admin.stock.documents import list_page
from catalog.admin.stock.looks import purchase_look
from catalog.admin.stock.quantities import MAY_CHANGE_STOCK
from catalog.admin.stock.receiving import receive_view
from catalog.admin.stock.typed_rows import BLANK_ROWS, MORE_ROWS, TypedRow, TypedRows
from catalog.admin.stock.variants import shown_by_id
from catalog.edits.history import difference, record_action
from catalog.errors import StockRefused
from catalog.formats import count_of, day, moment, money
from catalog.inputs import DayField
from catalog.inventory import default_location
from catalog.inventory.purchasing import (
    PurchaseChanged,
    PurchaseTerms,
    cancel_purchase,
    close_purchase,
    draft_purchase,
    edit_purchase,
    order_purchase,
)
from catalog.markets import all_markets, default_market
from catalog.models import Location, PurchaseOrder, PurchaseOrderLine
from catalog.money import to_major

MAX_SUPPLIERS = 50  # that the form suggests
EDITABLE = (PurchaseOrder.Status.DRAFT, PurchaseOrder.Status.ORDERED)


class PurchaseForm(forms.Form):
    """The terms of a purchase order. `version` is the one that the page showed."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    supplier = forms.CharField(
        max_length=120, widget=forms.TextInput(attrs={"list": "suppliers", "autocomplete": "off"})
    )
    expected_on = DayField(label="Expected on", required=False)
    location = forms.ModelChoiceField(Location.objects.filter(is_active=True), label="Deliver to", empty_label=None)
    currency = forms.ChoiceField()
    note = forms.CharField(max_length=200, required=False)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = sorted({currency, *(market.currency for market in all_markets().values())})
        self.fields["currency"].choices = [(code, code) for code in codes]  # type: ignore[attr-defined]

    def terms(self) -> PurchaseTerms:
        names = ("supplier", "location", "currency", "expected_on", "note")
        return PurchaseTerms(**{name: self.cleaned_data[name] for name in names})


@admin.register(PurchaseOrder)
class PurchaseOrderAdmin(ReadOnly, admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("catalog.add_purchaseorder")

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return list_page(self, request, PurchaseList)

    def get_urls(self) -> list:
        custom = [
            path("<int:purchase_id>/receive/", guarded(self, self.receive), name="catalog_purchaseorder_receive"),
            path("<int:purchase_id>/order/", guarded(self, self.order), name="catalog_purchaseorder_order"),
            path("<int:purchase_id>/cancel/", guarded(self, self.cancel), name="catalog_purchaseorder_cancel"),
            path("<int:purchase_id>/close/", guarded(self, self.close), name="catalog_purchaseorder_close"),
        ]
        return custom + super().get_urls()

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        require_permission(request, "catalog.add_purchaseorder")
        currency = default_market().currency
        initial = {"key": uuid.uuid4(), "location": default_location().pk, "currency": currency}
        if request.method != "POST":
            return self._form_page(
                request, PurchaseForm(initial=initial, currency=currency), TypedRows.of([], currency)
            )
        return self._submitted(request, None)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """The page of a purchase order: a form until something of it was received, for staff who may change it."""
        require_permission(request, "catalog.view_purchaseorder")
        purchase = found_or_404(PurchaseOrder.objects.select_related("location", "user", "changed_by"), object_id)
        is_editable = purchase.status in EDITABLE and request.user.has_perm("catalog.change_purchaseorder")
        if request.method == "POST":
            require_permission(request, "catalog.change_purchaseorder")
            return self._submitted(request, purchase)
        if not is_editable:
            return self._read_only_page(request, purchase)
        initial = {
            **{name: getattr(purchase, name) for name in ("version", "supplier", "expected_on", "currency", "note")},
            "location": purchase.location_id,
        }
        form = PurchaseForm(initial=initial, currency=purchase.currency)
        return self._form_page(request, form, _stored_rows(purchase), purchase)

    def receive(self, request: HttpRequest, purchase_id: int) -> HttpResponse:
        purchase = get_object_or_404(PurchaseOrder.objects.select_related("location"), pk=purchase_id)
        return receive_view(self, request, purchase)

    def order(self, request: HttpRequest, purchase_id: int) -> HttpResponse:
        return self._move(request, purchase_id, order_purchase, "Mark as ordered")

    def cancel(self, request: HttpRequest, purchase_id: int) -> HttpResponse:
        return self._move(request, purchase_id, cancel_purchase, "Cancel the order")

    def close(self, request: HttpRequest, purchase_id: int) -> HttpResponse:
        return self._move(request, purchase_id, close_purchase, "Close the order")

    def _move(self, request: HttpRequest, purchase_id: int, verb: Any, button: str) -> HttpResponse:
        """Ask for a confirmation that says what will happen, and then call the verb."""
        require_permission(request, "catalog.change_purchaseorder")
        purchase = get_object_or_404(PurchaseOrder.objects.select_related("location"), pk=purchase_id)
        back = reverse("admin:catalog_purchaseorder_change", args=[purchase.pk])
        question = Question(
            *(f"{purchase}: {button.lower()}", _consequences(purchase, verb), button, back, str(purchase)),
            is_dangerous=verb is cancel_purchase,
        )
        if not question.is_answered(request):
            return ask(self, request, question)
        try:
            moved = verb(purchase, user_id=request.user.pk)
        except StockRefused as refused:
            messages.error(request, str(refused))
        else:
            record_action(request, purchase, f"{button}.")
            messages.success(request, f"{moved} is {moved.get_status_display().lower()}.")
        return redirect("admin:catalog_purchaseorder_change", purchase.pk)

    def _submitted(self, request: HttpRequest, purchase: PurchaseOrder | None) -> HttpResponse:
        """Save the form, or show it again with what was typed."""
        currency = purchase.currency if purchase else default_market().currency
        form = PurchaseForm(request.POST, currency=currency)
        is_valid = form.is_valid()
        rows = TypedRows.read(request.POST, form.cleaned_data.get("currency", currency))
        if "save" not in request.POST:
            form = PurchaseForm(initial=form.data.dict(), currency=currency)
            return self._form_page(request, form, rows, purchase, rows.too_many)
        rows.check()
        error = f"Nothing was saved yet. Row {rows.errors[0].number}: {rows.errors[0].error}" if rows.errors else ""
        if rows.too_many:
            error = f"Nothing was saved yet. {rows.too_many}"
        elif not is_valid:
            error = "Nothing was saved yet. Please correct the marked fields."
        if not error:
            try:
                saved = self._save(request, form, rows, purchase)
            except PurchaseChanged as changed:
                error = str(changed)
                sent = form.data.copy()
                sent["version"] = str(changed.purchase.version)
                form = PurchaseForm(sent, currency=currency)
                purchase = changed.purchase
            except StockRefused as refused:
                error = str(refused)
            else:
                messages.success(request, f"{saved} was saved.")
                return redirect("admin:catalog_purchaseorder_change", saved.pk)
        return self._form_page(request, form, rows, purchase, error)

    def _save(
        self, request: HttpRequest, form: PurchaseForm, rows: TypedRows, purchase: PurchaseOrder | None
    ) -> PurchaseOrder:
        user_id = request.user.pk
        if purchase is None:
            saved = draft_purchase(form.terms(), rows.arrivals, key=form.cleaned_data["key"], user_id=user_id)
            self.log_addition(request, saved, [{"added": {}}])
            return saved
        before = _values(purchase)
        version = form.cleaned_data["version"] or 0
        saved = edit_purchase(purchase, form.terms(), rows.arrivals, seen_version=version, user_id=user_id)
        after = _values(saved)
        labels = dict.fromkeys([*before, *after])
        rows = [difference(label, before.get(label), after.get(label)) for label in labels]
        if changed := [row for row in rows if row[1] != row[2]]:
            record_action(request, saved, "Changed the order", changed)
        return saved

    def _form_page(
        self,
        request: HttpRequest,
        form: PurchaseForm,
        rows: TypedRows,
        purchase: PurchaseOrder | None = None,
        error: str = "",
    ) -> HttpResponse:
        suppliers = PurchaseOrder.objects.order_by("-pk").values_list("supplier", flat=True)[: 4 * MAX_SUPPLIERS]
        context = {
            "form": form,
            "rows": rows.with_blanks(MORE_ROWS if "more" in request.POST else BLANK_ROWS),
            "currency": rows.currency,
            "error": error,
            "left_out": rows.left_out,
            "suppliers": list(dict.fromkeys(suppliers))[:MAX_SUPPLIERS],
            "stored": _lines_of(purchase) if isinstance(purchase, PurchaseOrder) and error else [],
            **_head(request, purchase),
        }
        return page(self, request, "admin/catalog/purchase/form.html", context, 422 if error else 200)

    def _read_only_page(self, request: HttpRequest, purchase: PurchaseOrder) -> HttpResponse:
        context = {
            "lines": _lines_of(purchase),
            "receipts": purchase.receipts.select_related("location", "user").order_by("-pk")[:100],
            **_head(request, purchase),
        }
        return page(self, request, "admin/catalog/purchase/change.html", context)


def _head(request: HttpRequest, purchase: PurchaseOrder | None) -> dict[str, Any]:
    """The head of the page: title, badge, facts, and the actions that the user may take."""
    if purchase is None:
        return {
            "title": "New purchase order",
            "purchase": None,
            "facts": "A draft: nothing is expected until it is ordered.",
        }
    may_change = request.user.has_perm("catalog.change_purchaseorder")
    status = purchase.status
    facts = [purchase.supplier, f"to {purchase.location}"]
    facts += [f"expected {day(purchase.expected_on)}"] if purchase.expected_on else []
    facts += (
        [f"ordered {moment(purchase.ordered_at)}"]
        if purchase.ordered_at
        else [f"drafted {moment(purchase.created_at)}"]
    )
    facts += [purchase.note] if purchase.note else []
    return {
        "title": str(purchase),
        "purchase": purchase,
        "look": purchase_look(status),
        "facts": " · ".join(facts),
        "may_order": may_change and status == PurchaseOrder.Status.DRAFT,
        "may_receive": request.user.has_perm(MAY_CHANGE_STOCK) and status in PurchaseOrder.EXPECTED,
        "may_cancel": may_change and status in EDITABLE,
        "may_close": may_change and status == PurchaseOrder.Status.PARTLY,
    }


def _consequences(purchase: PurchaseOrder, verb: Any) -> list[str]:
    """What will happen, in sentences."""
    lines = list(purchase.lines.all())
    missing = count_of(sum(line.missing for line in lines), "unit")
    if verb is order_purchase:
        expected = f" on {day(purchase.expected_on)}" if purchase.expected_on else ""
        return [
            f"{missing} are expected from {purchase.supplier} at {purchase.location}{expected}.",
            "They are not available to shoppers until they are received.",
            "No message is sent to the supplier.",
        ]
    if verb is close_purchase:
        return [f"{missing} that did not arrive are no longer expected.", "The stock does not change."]
    return [f"{missing} are not expected any more.", "The stock does not change.", "This cannot be undone."]


def _stored_rows(purchase: PurchaseOrder) -> TypedRows:
    lines = list(purchase.lines.order_by("pk"))
    shown = shown_by_id(line.variant_id for line in lines)
    rows = [
        TypedRow(
            shown[line.variant_id].code,
            str(line.quantity),
            "" if line.unit_cost_minor is None else str(to_major(line.unit_cost_minor, purchase.currency)),
            shown=shown[line.variant_id],
        )
        for line in lines
    ]
    return TypedRows.of(rows, purchase.currency)


def _lines_of(purchase: PurchaseOrder) -> list[dict[str, Any]]:
    """The lines of the order for a table."""
    lines = list(purchase.lines.order_by("pk"))
    shown = shown_by_id(line.variant_id for line in lines)
    return [
        {
            "shown": shown[line.variant_id],
            "line": line,
            "cost": money(line.unit_cost_minor, purchase.currency),
            "badge": _line_badge(purchase, line),
        }
        for line in lines
    ]


def _line_badge(purchase: PurchaseOrder, line: PurchaseOrderLine) -> tuple[str, str]:
    """(look, text) of what has become of a line."""
    if line.received > line.quantity:
        return "warn", f"{line.received - line.quantity} too many"
    if not line.missing:
        return "ok", "All there"
    if purchase.status in PurchaseOrder.EXPECTED:
        return ("info half", f"{line.missing} missing") if line.received else ("open", "Not yet")
    return "open", f"{line.missing} did not come"


def _values(purchase: PurchaseOrder) -> dict[str, str]:
    """The terms and lines of the order by their labels, for its history."""
    lines = purchase.lines.select_related("variant__product").order_by("pk")
    terms = {
        "Supplier": purchase.supplier,
        "Expected on": day(purchase.expected_on),
        "Deliver to": str(purchase.location),
        "Currency": purchase.currency,
        "Note": purchase.note,
    }
    return terms | {str(line.variant): _line_text(line, purchase.currency) for line in lines}


def _line_text(line: PurchaseOrderLine, currency: str) -> str:
    cost = f" at {money(line.unit_cost_minor, currency)}" if line.unit_cost_minor is not None else ""
    return f"{line.quantity}{cost}"
