"""The admin of transfers: send stock to another location, and receive it there."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from catalog.admin.base import Question, ReadOnly, ask, found_or_404, page, require_permission
from catalog.admin.stock.document_lists import TransferList
from catalog.admin.stock.documents import list_page
from catalog.admin.stock.looks import transfer_look
from catalog.admin.stock.quantities import MAY_CHANGE_STOCK, typed_quantities, whole_number
from catalog.admin.stock.variants import shown_by_id
from catalog.errors import StockRefused
from catalog.formats import count_of, listed, moment
from catalog.inventory import default_location, receive_transfer, return_missing, send
from catalog.markets import default_market
from catalog.models import Location, Transfer, TransferLine
from catalog.money import format_money
from catalog.prices import prices_at


class TransferForm(forms.Form):
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    source = forms.ModelChoiceField(Location.objects.filter(is_active=True), label="From")
    destination = forms.ModelChoiceField(Location.objects.filter(is_active=True), label="To")
    lines = forms.CharField(
        label="Units to send",
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="One line each: SKU or barcode, a space, the quantity",
    )
    note = forms.CharField(max_length=200, required=False)

    def clean_lines(self) -> dict[int, int]:
        return typed_quantities(self.cleaned_data["lines"])


@admin.register(Transfer)
class TransferAdmin(ReadOnly, admin.ModelAdmin):
    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return list_page(self, request, TransferList)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(MAY_CHANGE_STOCK)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        require_permission(request, MAY_CHANGE_STOCK)
        initial = {"key": uuid.uuid4(), "source": default_location().pk}
        form = TransferForm(request.POST or None, initial=initial, label_suffix="")
        if request.method == "POST" and form.is_valid():
            cleaned = form.cleaned_data
            try:
                transfer = send(
                    cleaned["lines"],
                    source=cleaned["source"],
                    destination=cleaned["destination"],
                    note=cleaned["note"],
                    key=cleaned["key"],
                    user_id=request.user.pk,
                )
            except StockRefused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, f"{transfer} is on its way.")
                return redirect("admin:catalog_transfer_change", transfer.pk)
        context = {"form": form, "title": "Send stock to another location", "button": "Send"}
        return page(self, request, "admin/catalog/plain_form.html", context, 422 if form.errors else 200)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """The page of a transfer: the units in transit, and the form to receive them."""
        require_permission(request, "catalog.view_transfer")
        transfer = found_or_404(Transfer.objects.select_related("source", "destination"), object_id)
        lines = list(transfer.lines.select_related("variant__product").order_by("pk"))
        error = ""
        if request.method == "POST":
            require_permission(request, MAY_CHANGE_STOCK)
            try:
                if "back" in request.POST:
                    return self._return(request, transfer, lines)
                arrived = self._arrived(request, lines)
                question = _loss(transfer, lines, arrived) if "complete" in request.POST else None
                if question and not question.is_answered(request):
                    return ask(self, request, question, ["complete", *(f"line-{line.pk}" for line in lines)])
                receive_transfer(transfer, arrived, is_complete=question is not None, user_id=request.user.pk)
            except StockRefused as refused:
                error = str(refused)
            else:
                units = count_of(sum(arrived.values()), "unit")
                messages.success(request, f"{units} received at {transfer.destination}.")
                return redirect("admin:catalog_transfer_change", transfer.pk)
        return self._page(request, transfer, lines, error)

    def _page(self, request: HttpRequest, transfer: Transfer, lines: list[TransferLine], error: str) -> HttpResponse:
        shown = shown_by_id(line.variant_id for line in lines)
        missing = sum(line.in_transit for line in lines)
        may_change = request.user.has_perm(MAY_CHANGE_STOCK) and transfer.status in Transfer.UNFINISHED
        facts = [f"sent {moment(transfer.sent_at)}", *([transfer.note] if transfer.note else [])]
        facts += [f"received {moment(transfer.received_at)}"] if transfer.received_at else []
        context = {
            "transfer": transfer,
            "look": transfer_look(transfer.status),
            "facts": " · ".join(facts),
            "rows": [
                (shown[line.variant_id], line, request.POST.get(f"line-{line.pk}", "") if error else "")
                for line in lines
            ],
            "error": error,
            "may_change": may_change,
            "missing": f"{missing:,} {'unit has' if missing == 1 else 'units have'} not arrived",
            "is_undecided": transfer.status == Transfer.Status.PARTLY,
            "title": f"{transfer}: {transfer.source} to {transfer.destination}",
        }
        return page(self, request, "admin/catalog/transfer/change.html", context, 422 if error else 200)

    def _return(self, request: HttpRequest, transfer: Transfer, lines: list[TransferLine]) -> HttpResponse:
        """Ask whether the missing units are back at the source, and then put them there."""
        question = _return_question(transfer, lines)
        if transfer.status in Transfer.UNFINISHED and not question.is_answered(request):
            return ask(self, request, question, ["back"])
        return_missing(transfer, user_id=request.user.pk)
        messages.success(request, f"The missing units are in stock at {transfer.source} again.")
        return redirect("admin:catalog_transfer_change", transfer.pk)

    def _arrived(self, request: HttpRequest, lines: list[TransferLine]) -> dict[int, int]:
        """The typed units by line id. Raises StockRefused if there are none or more than are in transit."""
        if "all" in request.POST:
            return {line.pk: line.in_transit for line in lines}
        arrived = {line.pk: whole_number(request.POST.get(f"line-{line.pk}", "0")) for line in lines}
        for line in lines:
            if arrived[line.pk] > line.in_transit:
                raise StockRefused(
                    f"{line.in_transit} of {line.variant} are in transit, so {arrived[line.pk]} cannot arrive."
                )
        if not any(arrived.values()) and "complete" not in request.POST:
            raise StockRefused("Nothing was received. Enter how many units of each product arrived.")
        return arrived


def _return_question(transfer: Transfer, lines: list[TransferLine]) -> Question:
    """The confirmation for putting the units that did not arrive back into the stock of the source."""
    missing = {line: line.in_transit for line in lines if line.in_transit}
    sentences = [
        f"{listed(f'{number} × {line.variant}' for line, number in missing.items())} "
        f"will be added to the stock at {transfer.source} again.",
        "The transfer is closed. This cannot be undone.",
    ]
    back = reverse("admin:catalog_transfer_change", args=[transfer.pk])
    return Question(f"{transfer}: back at {transfer.source}", sentences, "Put them back", back, str(transfer))


def _loss(transfer: Transfer, lines: list[TransferLine], arrived: dict[int, int]) -> Question:
    """The confirmation for writing off the units of the transfer that did not arrive."""
    missing = {line: line.in_transit - arrived[line.pk] for line in lines if line.in_transit > arrived[line.pk]}
    market = default_market()
    prices = prices_at([line.variant_id for line in missing], market)
    worth = sum(prices[line.variant_id].regular_minor * n for line, n in missing.items() if line.variant_id in prices)
    sentences = [
        f"{count_of(sum(arrived.values()), 'unit')} arrived and will be added to the stock at {transfer.destination}.",
        f"{count_of(sum(missing.values()), 'unit')} never arrived and will be written off: "
        f"{listed(f'{number} × {line.variant}' for line, number in missing.items())}.",
        f"At today’s prices the lost units are worth {format_money(worth, market.currency)}.",
        f"The stock at {transfer.source} does not change: the units left it when the transfer was sent.",
        "The transfer is closed. This cannot be undone.",
    ]
    back = reverse("admin:catalog_transfer_change", args=[transfer.pk])
    button = "Receive these units and write off the rest"
    return Question(f"{transfer}: write off the rest", sentences, button, back, str(transfer))
