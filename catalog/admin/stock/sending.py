"""The page on which staff send stock to another location: many lines, scanned or typed."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from catalog.admin.base import page, require_permission
from catalog.admin.stock.blind import hidden_levels
from catalog.admin.stock.quantities import MAY_CHANGE_STOCK
from catalog.admin.stock.typed_rows import BLANK_ROWS, MORE_ROWS, TypedRows
from catalog.edits.history import write_entry
from catalog.errors import StockRefused
from catalog.formats import count_of
from catalog.inventory import default_location, send
from catalog.inventory.availability import in_stock_of
from catalog.inventory.transfers import TooFewToSend
from catalog.models import Location, Stock, Transfer

CLOSED = "This location is closed or was deleted. Choose another one."
ALREADY_SENT = "This transfer had been sent before, so nothing was sent again."


class SendForm(forms.Form):
    """Where units are sent from and to."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    source = forms.ModelChoiceField(
        Location.objects.filter(is_active=True),
        label="From",
        empty_label=None,
        error_messages={"invalid_choice": CLOSED},
    )
    destination = forms.ModelChoiceField(
        Location.objects.filter(is_active=True),
        label="To",
        empty_label="Choose a location",
        error_messages={"invalid_choice": CLOSED},
    )
    note = forms.CharField(max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("source") and cleaned.get("source") == cleaned.get("destination"):
            self.add_error("destination", "Choose two different locations.")
        return cleaned


def send_view(model_admin: admin.ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Send what was typed. Other buttons add rows and show what is available at the chosen location."""
    require_permission(request, MAY_CHANGE_STOCK)
    if request.method != "POST":
        form = SendForm(initial={"key": uuid.uuid4(), "source": default_location().pk})
        return _shown(model_admin, request, form, TypedRows.of([], ""))
    form, rows = SendForm(request.POST), TypedRows.read(request.POST, "")
    is_valid = form.is_valid()
    if "send" not in request.POST:
        return _shown(model_admin, request, SendForm(initial=form.data.dict()), rows, rows.too_many)
    rows.check(is_zero_left_out=True)
    error = _first_problem(rows, is_valid=is_valid)
    if not error:
        try:
            return _sent(request, form, rows)
        except TooFewToSend as refused:
            for row in rows.rows:
                if row.shown and row.shown.pk in refused.short:
                    row.error = _too_few(
                        request, row.shown.pk, refused.short[row.shown.pk], form.cleaned_data["source"]
                    )
            error = _first_problem(rows, is_valid=True)
        except StockRefused as refused:
            error = f"Nothing was sent yet. {refused}"
    return _shown(model_admin, request, form, rows, error)


def _sent(request: HttpRequest, form: SendForm, rows: TypedRows) -> HttpResponse:
    is_repeated = Transfer.objects.filter(key=form.cleaned_data["key"]).exists()
    quantities = {pk: arrival.quantity for pk, arrival in rows.arrivals.items()}
    transfer = send(quantities, **form.cleaned_data, user_id=request.user.pk)
    if is_repeated:
        messages.info(request, ALREADY_SENT)
    else:
        units = count_of(sum(quantities.values()), "unit")
        write_entry(request, transfer, ADDITION, f"Sent {units} from {transfer.source} to {transfer.destination}.")
        messages.success(request, f"{transfer} is on its way.")
    return redirect("admin:catalog_transfer_change", transfer.pk)


def _too_few(request: HttpRequest, variant_id: int, available: int, source: Location) -> str:
    if (variant_id, source.pk) in hidden_levels(request.user, [variant_id]):  # type: ignore[arg-type]
        return f"There are too few at {source}."
    return f"Only {available:,} are available at {source}."


def _first_problem(rows: TypedRows, *, is_valid: bool) -> str:
    """The sentence above the form; empty if there is nothing wrong with it."""
    if rows.too_many:
        return f"Nothing was sent yet. {rows.too_many}"
    if rows.errors:
        row, more = rows.errors[0], len(rows.errors) - 1
        others = f" {count_of(more, 'more row')} to correct." if more else ""
        return f"Nothing was sent yet. Row {row.number}: {row.error}{others}"
    if not is_valid:
        return "Nothing was sent yet. Please correct the marked fields."
    return "" if rows.arrivals else "Nothing was sent. Enter how many units of each product are sent."


def _shown(
    model_admin: admin.ModelAdmin, request: HttpRequest, form: SendForm, rows: TypedRows, error: str = ""
) -> HttpResponse:
    source = _source_of(form)
    _add_available(request, rows, source)
    context = {
        "title": "Send stock to another location",
        "form": form,
        "rows": rows.with_blanks(MORE_ROWS if "more" in request.POST else BLANK_ROWS),
        "available_at": source,
        "has_one_location": not Location.objects.filter(is_active=True)[1:2].exists(),
        "left_out": rows.left_out,
        "error": error,
        "summary": f"{count_of(rows.units, 'unit')} entered.",
    }
    return page(model_admin, request, "admin/catalog/transfer/send.html", context, 422 if error else 200)


def _source_of(form: SendForm) -> Location | None:
    """The location that the form shows as the source."""
    chosen = str(form["source"].value() or "")
    is_number = chosen.isascii() and chosen.isdigit() and len(chosen) < 19  # noqa: PLR2004
    return Location.objects.filter(pk=int(chosen), is_active=True).first() if is_number else None


def _add_available(request: HttpRequest, rows: TypedRows, source: Location | None) -> None:
    """Write into each row how many units can be sent from the location, unless a blind count hides it."""
    variants = [row.shown.pk for row in rows.rows if row.shown]
    stock = Stock.objects.filter(location=source, variant_id__in=variants) if source and variants else []
    available = {row.variant_id: in_stock_of(row) for row in stock}
    hidden = hidden_levels(request.user, variants)  # type: ignore[arg-type]
    for row in rows.rows:
        if row.shown and source and (row.shown.pk, source.pk) not in hidden:
            row.available = available.get(row.shown.pk, 0)
