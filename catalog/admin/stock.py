"""The admin of stock: levels, movements, prices, transfers and stocktakes."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from catalog.admin.base import CappedPaginator, Question, ReadOnly, ask, found_or_404, page, require_permission
from catalog.admin.columns import MarketFilter, amount, change, market, span
from catalog.errors import StockRefused
from catalog.formats import count_of, listed, signed
from catalog.inputs import DayInput
from catalog.inventory import adjust, receive, receive_transfer, send, set_backorders, stocktakes
from catalog.markets import default_market
from catalog.models import Location, Price, Product, Stock, StockMovement, Stocktake, Transfer, TransferLine, Variant
from catalog.money import format_money
from catalog.prices import prices_at

CHANGE = "catalog.change_on_hand_stock"
OVERSELL = "catalog.change_backorder_stock"
MAX_PRODUCTS_NAMED = 20  # in one sentence
MAX_LINES_PER_PAGE = 300  # of a stocktake


class LowFilter(admin.SimpleListFilter):
    title = "level"
    parameter_name = "low"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "low"), ("short", "short of what is promised")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Stock]) -> QuerySet[Stock]:
        if self.value() == "short":
            return queryset.filter(shortfall__gt=0)
        if self.value() == "yes":
            return queryset.filter(on_hand__lte=F("reserved") + F("variant__low_stock_at"), variant__is_active=True)
        return queryset


class StockForm(forms.Form):
    """Receives or corrects the stock of one row, with a reason."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    what = forms.ChoiceField(choices=[("receive", "Received"), ("adjust", "Correction, + or −")])
    quantity = forms.IntegerField(min_value=-(10**8), max_value=10**8)
    reason = forms.CharField(
        max_length=200, required=False, help_text="Required for a correction: broken, found, counted"
    )

    def clean_quantity(self) -> int:
        quantity = self.cleaned_data["quantity"]
        if not quantity:
            raise forms.ValidationError("Enter a number other than 0.")
        return quantity


class BackorderForm(forms.Form):
    limit = forms.IntegerField(label="Backorder limit", min_value=0, max_value=10**6)
    date = forms.DateField(label="Backorders can be sent from", required=False, widget=DayInput)


@admin.register(Stock)
class StockAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "variant",
        "sku",
        "location",
        "on_hand",
        "reserved",
        "available_units",
        "backorder_limit",
        "shortfall",
    )
    list_filter = (LowFilter, "location")
    list_select_related = ("variant__product", "location")
    search_fields = ("variant__sku", "variant__product__title")
    paginator = CappedPaginator
    show_full_result_count = False
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Stock]:
        """All rows except empty ones of withdrawn products."""
        rows = super().get_queryset(request)
        return rows.exclude(variant__product__status=Product.Status.WITHDRAWN, on_hand=0, reserved=0)

    @admin.display(description="SKU")
    def sku(self, stock: Stock) -> str:
        return stock.variant.sku

    @admin.display(description="available")
    def available_units(self, stock: Stock) -> int:
        return stock.available

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """The page of one stock row: its numbers, its last movements, and the forms to change it."""
        require_permission(request, "catalog.view_stock")
        stock = found_or_404(Stock.objects.select_related("variant__product", "location"), object_id)
        is_backorder = "limit" in request.POST
        form = StockForm(
            request.POST if request.method == "POST" and not is_backorder else None, initial={"key": uuid.uuid4()}
        )
        initial = {"limit": stock.backorder_limit, "date": stock.backorder_date}
        backorder = BackorderForm(request.POST if is_backorder else None, initial=initial)
        if request.method == "POST":
            require_permission(request, OVERSELL if is_backorder else CHANGE)
            if self._change(request, stock, backorder if is_backorder else form):
                return redirect("admin:catalog_stock_change", stock.pk)
        movements = StockMovement.objects.filter(variant=stock.variant, location=stock.location)
        context = {
            "stock": stock,
            "form": form,
            "backorder": backorder,
            "may_change": request.user.has_perm(CHANGE),
            "may_oversell": request.user.has_perm(OVERSELL),
            "movements": movements.select_related("user")[:50],
            "title": f"{stock.variant} at {stock.location}",
        }
        status = 422 if form.errors or backorder.errors else 200
        return page(self, request, "admin/catalog/stock/change.html", context, status)

    def _change(self, request: HttpRequest, stock: Stock, form: forms.Form) -> bool:
        if not form.is_valid():
            return False
        cleaned = form.cleaned_data
        key = str(cleaned.get("key") or "")
        options = {"reason": cleaned.get("reason", ""), "key": key, "user_id": request.user.pk}
        try:
            if "limit" in cleaned:
                set_backorders(stock, limit=cleaned["limit"], date=cleaned["date"])
            elif cleaned["what"] == "receive":
                receive(stock.variant_id, stock.location, cleaned["quantity"], **options)
            else:
                adjust(stock.variant_id, stock.location, cleaned["quantity"], **options)
        except StockRefused as refused:
            form.add_error(None, str(refused))
            return False
        messages.success(request, "The stock was changed.")
        return True


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        *("created_at", "kind", "variant", "location", change("on_hand_change", "on hand")),
        *(change("reserved_change", "reserved"), "occasion", "reason", "user"),
    )
    fields = list_display
    readonly_fields = list_display
    list_filter = ("kind", "location")
    list_select_related = ("variant__product", "location", "user")
    search_fields = ("variant__sku", "reference")
    paginator = CappedPaginator
    show_full_result_count = False


@admin.register(Price)
class PriceAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("variant", market(), "kind", amount("amount_minor"), span("valid", "holds"))
    fields = list_display
    readonly_fields = list_display
    list_filter = (MarketFilter, "kind")
    list_select_related = ("variant__product",)
    search_fields = ("variant__sku", "variant__product__title")
    paginator = CappedPaginator
    show_full_result_count = False
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Price]:
        return super().get_queryset(request).exclude(variant__product__status=Product.Status.WITHDRAWN)


def typed_quantities(text: str) -> dict[int, int]:
    """Units by variant id, from lines like `MUG-SAND 12`. Raises ValidationError with the number of an invalid line."""
    quantities: dict[int, int] = {}
    for number, line in enumerate(text.strip().splitlines(), start=1):
        code, _, quantity = line.strip().rpartition(" ")
        if not code or not (quantity.isascii() and quantity.isdigit() and len(quantity) < 9):
            raise forms.ValidationError(
                f"Line {number}: enter a SKU or barcode, a space and a quantity, like MUG-SAND 12."
            )
        variants = list(Variant.objects.filter(sku=code.strip())[:2]) or list(
            Variant.objects.filter(barcode=code.strip())[:2]
        )
        if len(variants) != 1:
            problem = "there are several variants" if variants else "there is no variant"
            raise forms.ValidationError(f"Line {number}: {problem} with the SKU or barcode {code.strip()}.")
        quantities[variants[0].pk] = quantities.get(variants[0].pk, 0) + int(quantity)
    return quantities


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
        return request.user.has_perm(CHANGE)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        require_permission(request, CHANGE)
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
            require_permission(request, CHANGE)
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
            "may_change": request.user.has_perm(CHANGE) and transfer.status == Transfer.Status.SENT,
            "title": f"{transfer}: {transfer.source} to {transfer.destination}",
        }
        return page(self, request, "admin/catalog/transfer/change.html", context, 422 if error else 200)

    def _arrived(self, request: HttpRequest, lines: list[TransferLine]) -> dict[int, int]:
        """The typed units by line id. Raises StockRefused if there are none or more than are in transit."""
        if "all" in request.POST:
            return {line.pk: line.in_transit for line in lines}
        arrived = {line.pk: _whole(request.POST.get(f"line-{line.pk}", "0")) for line in lines}
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


def _whole(text: str) -> int:
    text = text.strip() or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise StockRefused(f"'{text[:20]}' is not a whole number.")
    return int(text)


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
        return request.user.has_perm(CHANGE)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        require_permission(request, CHANGE)
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
            require_permission(request, CHANGE)
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
            "may_change": request.user.has_perm(CHANGE) and stocktake.status == Stocktake.Status.OPEN,
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
            if typed and typed != request.POST.get(f"seen-{variant_id}", ""):
                counted[variant_id] = _whole(typed)
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
