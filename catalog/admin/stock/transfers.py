"""The admin of transfers: send stock to another location, and receive it there."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from catalog.admin.base import Question, ReadOnly, ask, found_or_404, page, require_permission
from catalog.admin.stock.quantities import MAY_CHANGE_STOCK, typed_quantities, whole_number
from catalog.errors import StockRefused
from catalog.formats import count_of, listed
from catalog.inventory import receive_transfer, send
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
    list_display = ("__str__", "source", "destination", "status", "sent_at", "received_at", "user")
    list_filter = ("status",)
    list_select_related = ("source", "destination", "user")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(MAY_CHANGE_STOCK)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        require_permission(request, MAY_CHANGE_STOCK)
        form = TransferForm(request.POST or None, initial={"key": uuid.uuid4()})
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
        context = {
            "transfer": transfer,
            "lines": lines,
            "error": error,
            "may_change": request.user.has_perm(MAY_CHANGE_STOCK) and transfer.status == Transfer.Status.SENT,
            "title": f"{transfer}: {transfer.source} to {transfer.destination}",
        }
        return page(self, request, "admin/catalog/transfer/change.html", context, 422 if error else 200)

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
