"""The admin of stocktakes: count, compare and post the differences."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse

from catalog.admin.base import Question, ReadOnly, ask, found_or_404, guarded, page, require_permission
from catalog.admin.stock.blind import MAY_REVIEW
from catalog.admin.stock.count_history import record_counted, record_opening
from catalog.admin.stock.count_pages import (
    MAX_SHEET_LINES,
    count_page,
    scanned_variant,
    sheet_rows,
    tabs_of,
    totals_of,
    typed_counts,
)
from catalog.admin.stock.document_lists import CountList
from catalog.admin.stock.documents import list_page
from catalog.admin.stock.looks import stocktake_look
from catalog.admin.stock.quantities import MAY_CHANGE_STOCK
from catalog.admin.stock.variants import variants_by_code
from catalog.edits.history import record_action
from catalog.errors import StockRefused
from catalog.formats import count_of, listed, moment, signed
from catalog.inventory import default_location, stocktakes
from catalog.models import Location, Stocktake

MAX_CODES = 2_000  # typed into the form that opens a count
MAX_PRODUCTS_NAMED = 20  # in one sentence
UNFINISHED = Stocktake.UNFINISHED


class StocktakeForm(forms.Form):
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    location = forms.ModelChoiceField(
        Location.objects.filter(is_active=True),
        empty_label=None,
        error_messages={"invalid_choice": "This location is closed or was deleted. Choose another one."},
    )
    lines = forms.CharField(
        label="Only these SKUs",
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="One SKU or barcode per line. Leave this empty to count everything at the location.",
    )
    is_blind = forms.BooleanField(
        label="Blind count",
        required=False,
        help_text="Whoever counts does not see the expected numbers. Somebody else reviews and posts the differences.",
    )
    note = forms.CharField(max_length=200, required=False)

    def clean_lines(self) -> list[int] | None:
        """The ids of the variants, or None for everything. A code that means none, or several, is named."""
        codes = list(dict.fromkeys(line.strip() for line in self.cleaned_data["lines"].splitlines() if line.strip()))
        if len(codes) > MAX_CODES:
            raise forms.ValidationError(f"Enter at most {MAX_CODES:,} SKUs, or leave this empty to count everything.")
        found = variants_by_code(codes)
        if wrong := [code for code in codes if len(found[code]) != 1]:
            more = f" and {len(wrong) - MAX_PRODUCTS_NAMED:,} more" if len(wrong) > MAX_PRODUCTS_NAMED else ""
            raise forms.ValidationError(f"No single variant has the SKU {listed(wrong[:MAX_PRODUCTS_NAMED])}{more}.")
        return [found[code][0].pk for code in codes] or None


@admin.register(Stocktake)
class StocktakeAdmin(ReadOnly, admin.ModelAdmin):
    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return list_page(self, request, CountList)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(MAY_CHANGE_STOCK)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        require_permission(request, MAY_CHANGE_STOCK)
        initial = {"key": uuid.uuid4(), "location": default_location().pk}
        form = StocktakeForm(request.POST or None, initial=initial, label_suffix="")
        if request.method == "POST" and form.is_valid():
            cleaned = form.cleaned_data
            is_repeated = Stocktake.objects.filter(key=cleaned["key"]).exists() if cleaned["key"] else False
            stocktake = stocktakes.open_stocktake(
                cleaned["location"],
                cleaned["lines"],
                note=cleaned["note"],
                is_blind=cleaned["is_blind"],
                key=cleaned["key"],
                user_id=request.user.pk,
            )
            if not is_repeated:
                record_opening(request, stocktake)
            return redirect("admin:catalog_stocktake_change", stocktake.pk)
        context = {"form": form, "title": "Count stock", "button": "Start counting"}
        return page(self, request, "admin/catalog/plain_form.html", context, 422 if form.errors else 200)

    def get_urls(self) -> list:
        sheet = path("<int:stocktake_id>/sheet/", guarded(self, self.sheet), name="catalog_stocktake_sheet")
        return [sheet, *super().get_urls()]

    def sheet(self, request: HttpRequest, stocktake_id: int) -> HttpResponse:
        """A sheet to print and count on, without numbers."""
        require_permission(request, "catalog.view_stocktake")
        stocktake = get_object_or_404(Stocktake.objects.select_related("location"), pk=stocktake_id)
        context = {
            "title": f"{stocktake}: count sheet",
            "stocktake": stocktake,
            "rows": sheet_rows(stocktake),
            "more": max(0, stocktake.lines.count() - MAX_SHEET_LINES),
        }
        return page(self, request, "admin/catalog/stocktake/sheet.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """The page of a stocktake: counted numbers and, unless they are hidden, the expected ones and the differences."""
        require_permission(request, "catalog.view_stocktake")
        stocktake = found_or_404(Stocktake.objects.select_related("location", "user"), object_id)
        error = ""
        if request.method == "POST":
            require_permission(request, MAY_CHANGE_STOCK)
            try:
                if question := self._work(request, stocktake):
                    return ask(self, request, question, ["post", "cancel"])
            except (StockRefused, forms.ValidationError) as refused:
                error = refused.messages[0] if isinstance(refused, forms.ValidationError) else str(refused)
            else:
                return redirect(request.get_full_path())
        return self._page(request, stocktake, error)

    def _page(self, request: HttpRequest, stocktake: Stocktake, error: str) -> HttpResponse:
        is_hidden = is_hidden_from(request, stocktake)
        typed = request.POST.dict() if error else {}
        totals = totals_of(stocktake)
        shown = count_page(stocktake, request.GET, is_hidden=is_hidden, typed=typed)
        may_change = request.user.has_perm(MAY_CHANGE_STOCK)
        is_open = stocktake.status == Stocktake.Status.OPEN
        may_post = may_change and may_review(request, stocktake)
        started = f"started {moment(stocktake.opened_at)}" + (f" by {stocktake.user}" if stocktake.user else "")
        context = {
            "stocktake": stocktake,
            "look": stocktake_look(stocktake.status),
            "facts": " · ".join(filter(None, [str(stocktake.location), started, stocktake.note])),
            "tabs": tabs_of(request.GET, totals, is_hidden=is_hidden),
            "totals": totals,
            "rows": shown.rows,
            "next": f"?show={request.GET.get('show', '')}&after={shown.next_after}" if shown.next_after else "",
            "others": typed.get("others", ""),
            "scanned": typed.get("scan", ""),
            "error": error,
            "is_hidden": is_hidden,
            "may_count": may_change and is_open,
            "may_finish": may_change and is_open and stocktake.is_blind,
            "may_post": may_post and (not is_open or not stocktake.is_blind) and stocktake.status in UNFINISHED,
            "may_count_again": may_post and stocktake.status == Stocktake.Status.REVIEW,
            "may_cancel": may_change and stocktake.status in UNFINISHED,
            "is_waiting": is_hidden and stocktake.status == Stocktake.Status.REVIEW,
            "title": f"{stocktake} of {stocktake.location}",
        }
        return page(self, request, "admin/catalog/stocktake/change.html", context, 422 if error else 200)

    def _work(self, request: HttpRequest, stocktake: Stocktake) -> Question | None:
        """Do what the pressed button says; return the confirmation to show, if one is needed."""
        if "cancel" in request.POST:
            question = _cancellation(stocktake)
            if not question.is_answered(request):
                return question
            stocktakes.cancel(stocktake)
            record_action(request, stocktake, "Canceled the count. No stock was corrected.")
            messages.success(request, "The count was canceled. No stock was corrected.")
        elif "again" in request.POST:
            self._require_review(request, stocktake)
            different = stocktakes.count_again(stocktake)
            record_action(request, stocktake, f"Sent {count_of(different, 'different line')} back to be counted again.")
            messages.success(request, f"{count_of(different, 'different line')} will be counted again.")
        elif "post" in request.POST:
            return self._post(request, stocktake)
        elif "finish" in request.POST:
            self._save(request, stocktake)
            stocktakes.finish(stocktake)
            record_action(request, stocktake, "Finished counting.")
            messages.success(request, "The count is finished. Somebody who may review counts can now post it.")
        elif scanned := request.POST.get("scan", "").strip()[:255]:
            self._save(request, stocktake)
            record_counted(request, stocktake, stocktakes.count_more(stocktake, {scanned_variant(scanned): 1}))
        elif saved := self._save(request, stocktake):
            messages.success(
                request, f"{count_of(saved, 'number')} saved. The stock is corrected when you post the differences."
            )
        else:
            raise StockRefused("Nothing was saved. Enter what you counted.")
        return None

    def _save(self, request: HttpRequest, stocktake: Stocktake) -> int:
        """Record the typed numbers, and return how many there were."""
        if counted := typed_counts(stocktake, request.POST):
            record_counted(request, stocktake, stocktakes.count(stocktake, counted))
        return len(counted)

    def _post(self, request: HttpRequest, stocktake: Stocktake) -> Question | None:
        self._require_review(request, stocktake)
        self._save(request, stocktake)
        if not stocktake.lines.filter(counted__isnull=False).exists():
            raise StockRefused("Nothing has been counted yet.")
        question = _corrections(stocktake)
        is_hidden = stocktake.is_blind and stocktake.status == Stocktake.Status.OPEN
        if stocktake.status in UNFINISHED and not is_hidden and not question.is_answered(request):
            return question
        changed = stocktakes.post(stocktake, user_id=request.user.pk)
        record_action(request, stocktake, f"Posted the differences: {count_of(changed, 'line')} corrected.")
        messages.success(request, f"Posted: {count_of(changed, 'difference')} corrected.")
        return None

    def _require_review(self, request: HttpRequest, stocktake: Stocktake) -> None:
        if not may_review(request, stocktake):
            raise PermissionDenied


def may_review(request: HttpRequest, stocktake: Stocktake) -> bool:
    """Whether the user may see and post the differences. Blind counts need a permission of their own."""
    return not stocktake.is_blind or request.user.has_perm(MAY_REVIEW)


def is_hidden_from(request: HttpRequest, stocktake: Stocktake) -> bool:
    """Whether the page hides the expected numbers: from everybody until a blind count is finished, then from counters."""
    if not stocktake.is_blind:
        return False
    return stocktake.status == Stocktake.Status.OPEN or not request.user.has_perm(MAY_REVIEW)


def _cancellation(stocktake: Stocktake) -> Question:
    """The confirmation for canceling the stocktake."""
    counted = stocktake.lines.filter(counted__isnull=False).count()
    sentences = [
        f"{count_of(counted, 'counted number')} will be discarded.",
        f"The stock at {stocktake.location} does not change.",
        "This cannot be undone.",
    ]
    return _question(stocktake, "cancel the count", sentences, "Cancel the count", is_dangerous=True)


def _corrections(stocktake: Stocktake) -> Question:
    """The confirmation for correcting the stock by the differences of the stocktake."""
    lines = stocktake.lines.select_related("variant__product").filter(counted__isnull=False).order_by("pk")
    differing = [line for line in lines if line.variance]
    named = listed(f"{line.variant} {signed(line.variance)}" for line in differing[:MAX_PRODUCTS_NAMED])
    more = f" and {len(differing) - MAX_PRODUCTS_NAMED} more" if len(differing) > MAX_PRODUCTS_NAMED else ""
    sentences = [
        f"The stock at {stocktake.location} will be corrected by {signed(sum(line.variance for line in differing))} "
        f"in {count_of(len(differing), 'product')}{f': {named}{more}' if differing else ''}.",
        f"{count_of(stocktake.lines.filter(counted=None).count(), 'product')} not counted: their stock stays as it is.",
        "The count is closed. This cannot be undone.",
    ]
    return _question(stocktake, "post the differences", sentences, "Post the differences")


def _question(
    stocktake: Stocktake, action: str, sentences: list[str], button: str, *, is_dangerous: bool = False
) -> Question:
    back = reverse("admin:catalog_stocktake_change", args=[stocktake.pk])
    return Question(f"{stocktake}: {action}", sentences, button, back, str(stocktake), is_dangerous=is_dangerous)
