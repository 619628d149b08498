"""The admin of stocktakes: count, compare and post the differences."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from catalog.admin.base import Question, ReadOnly, ask, found_or_404, page, require_permission
from catalog.admin.stock.quantities import MAY_CHANGE_STOCK, typed_quantities, whole_number
from catalog.errors import StockRefused
from catalog.formats import count_of, listed, signed
from catalog.inventory import stocktakes
from catalog.models import Location, Stocktake, Variant

MAX_PRODUCTS_NAMED = 20  # in one sentence
MAX_LINES_PER_PAGE = 300  # of a stocktake


class StocktakeForm(forms.Form):
    location = forms.ModelChoiceField(Location.objects.filter(is_active=True))
    lines = forms.CharField(
        label="Only these SKUs",
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="One per line. Leave this empty to count everything at the location.",
    )
    note = forms.CharField(max_length=200, required=False)

    def clean_lines(self) -> list[int] | None:
        skus = [line.strip() for line in self.cleaned_data["lines"].splitlines() if line.strip()]
        return list(Variant.objects.filter(sku__in=skus).values_list("pk", flat=True)) if skus else None


@admin.register(Stocktake)
class StocktakeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("__str__", "location", "status", "opened_at", "posted_at", "user", "note")
    list_filter = ("status", "location")
    list_select_related = ("location", "user")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(MAY_CHANGE_STOCK)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        require_permission(request, MAY_CHANGE_STOCK)
        form = StocktakeForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            cleaned = form.cleaned_data
            stocktake = stocktakes.open_stocktake(
                cleaned["location"], cleaned["lines"], note=cleaned["note"], user_id=request.user.pk
            )
            return redirect("admin:catalog_stocktake_change", stocktake.pk)
        context = {"form": form, "title": "Count stock", "button": "Start counting"}
        return page(self, request, "admin/catalog/plain_form.html", context, 422 if form.errors else 200)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """The page of a stocktake: expected and counted numbers, and their differences."""
        require_permission(request, "catalog.view_stocktake")
        stocktake = found_or_404(Stocktake.objects.select_related("location"), object_id)
        error = ""
        if request.method == "POST":
            require_permission(request, MAY_CHANGE_STOCK)
            try:
                if question := self._work(request, stocktake):
                    return ask(self, request, question, ["post", "cancel"])
            except (StockRefused, forms.ValidationError) as refused:
                error = refused.messages[0] if isinstance(refused, forms.ValidationError) else str(refused)
            else:
                return redirect("admin:catalog_stocktake_change", stocktake.pk)
        lines = stocktake.lines.select_related("variant__product").order_by("variant__product__title", "variant_id")
        shown = list(lines[:MAX_LINES_PER_PAGE])
        for line in shown:  # keep what was typed, also if it was refused
            stored = "" if line.counted is None else str(line.counted)
            line.typed = request.POST.get(f"variant-{line.variant_id}", stored)
        context = {
            "stocktake": stocktake,
            "lines": shown,
            "others": request.POST.get("others", "") if error else "",
            "error": error,
            "uncounted": stocktake.lines.filter(counted=None).count(),
            "may_change": request.user.has_perm(MAY_CHANGE_STOCK) and stocktake.status == Stocktake.Status.OPEN,
            "title": f"{stocktake} of {stocktake.location}",
        }
        return page(self, request, "admin/catalog/stocktake/change.html", context, 422 if error else 200)

    def _work(self, request: HttpRequest, stocktake: Stocktake) -> Question | None:
        """Save, post or cancel the count, depending on the button; return the confirmation to show, if one is needed."""
        if "cancel" in request.POST:
            question = _cancellation(stocktake)
            if not question.is_answered(request):
                return question
            stocktakes.cancel(stocktake)
            messages.success(request, "The count was canceled. No stock was corrected.")
            return None
        counted = self._counted(request, stocktake)
        if "post" not in request.POST:
            if not counted:
                raise StockRefused("Nothing was saved. Enter what you counted.")
            stocktakes.count(stocktake, counted)
            saved = count_of(len(counted), "number")
            messages.success(request, f"{saved} saved. The stock is corrected when you post the differences.")
            return None
        stocktakes.count(stocktake, counted)
        if not stocktake.lines.filter(counted__isnull=False).exists():
            raise StockRefused("Nothing has been counted yet.")
        question = _corrections(stocktake)
        if stocktake.status == Stocktake.Status.OPEN and not question.is_answered(request):
            return question
        changed = stocktakes.post(stocktake, user_id=request.user.pk)
        messages.success(request, f"Posted: {count_of(changed, 'difference')} corrected.")
        return None

    def _counted(self, request: HttpRequest, stocktake: Stocktake) -> dict[int, int]:
        """The typed numbers by variant id, including those of variants that were not expected here."""
        counted = typed_quantities(request.POST.get("others", "")[:20_000])
        for variant_id in stocktake.lines.values_list("variant_id", flat=True):
            typed = request.POST.get(f"variant-{variant_id}", "").strip()
            if typed and typed != request.POST.get(f"shown-{variant_id}", ""):
                counted[variant_id] = whole_number(typed)
        return counted


def _cancellation(stocktake: Stocktake) -> Question:
    """The confirmation for canceling the stocktake."""
    counted = stocktake.lines.filter(counted__isnull=False).count()
    sentences = [
        f"{count_of(counted, 'counted number')} will be discarded.",
        f"The stock at {stocktake.location} does not change.",
        "This cannot be undone.",
    ]
    return _question(stocktake, "cancel the count", sentences, "Cancel the count")


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


def _question(stocktake: Stocktake, action: str, sentences: list[str], button: str) -> Question:
    back = reverse("admin:catalog_stocktake_change", args=[stocktake.pk])
    return Question(f"{stocktake}: {action}", sentences, button, back, str(stocktake))
