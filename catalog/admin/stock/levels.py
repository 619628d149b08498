"""The admin of stock levels and their movements."""

import uuid
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path, reverse

from catalog.admin.base import ReadOnly, found_or_404, guarded, page, require_permission
from catalog.admin.stock.balances import balances_after
from catalog.admin.stock.blind import BEING_COUNTED, hidden_levels
from catalog.admin.stock.level_list import LevelFilter, expected_words, level_of, level_rows, page_of_levels
from catalog.admin.stock.movements import movement_rows, with_names
from catalog.admin.stock.quantities import MAY_CHANGE_STOCK, signed_number
from catalog.admin.stock.receiving import receive_view
from catalog.admin.stock.variants import shown_variant
from catalog.errors import StockRefused
from catalog.formats import count_of
from catalog.inputs import DayField
from catalog.inventory import adjust, adjust_rows, receive, set_backorders
from catalog.inventory.availability import available_of
from catalog.inventory.incoming import incoming_of
from catalog.models import Stock, StockMovement

MAY_CHANGE_BACKORDERS = "catalog.change_backorder_stock"
CHANGE = "change-"  # begins the names of the inputs that correct the rows of the list
MAX_KEY = 36  # characters of a UUID
REASONS = ("Broken", "Found", "Lost", "Stolen", "Counted", "Own use", "Gift or sample")  # that the form suggests


class StockForm(forms.Form):
    """Receives or corrects the stock of one row, with a reason."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    what = forms.ChoiceField(choices=[("receive", "Received"), ("adjust", "Correction, + or −")])
    quantity = forms.IntegerField(
        min_value=-(10**8),
        max_value=10**8,
        error_messages={
            "min_value": "Enter a number between −100,000,000 and 100,000,000.",
            "max_value": "Enter a number between −100,000,000 and 100,000,000.",
        },
    )
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
    date = DayField(label="Backorders can be sent from", required=False)


def _movements_url(request: HttpRequest, stock: Stock) -> str:
    """The URL of all movements of the row, with the balance after each; empty for readers who may not see them."""
    if not request.user.has_perm("catalog.view_stockmovement"):
        return ""
    code = shown_variant(stock.variant).code
    return (
        f"{reverse('admin:catalog_stockmovement_changelist')}?{urlencode({'q': code, 'location': stock.location_id})}"
    )


def is_hidden(request: HttpRequest, stock: Stock) -> bool:
    """Whether a blind count hides the row from the user."""
    hidden = hidden_levels(request.user, [stock.variant_id])  # type: ignore[arg-type]
    return (stock.variant_id, stock.location_id) in hidden


def refuse_counted(request: HttpRequest, stock: Stock) -> None:
    """Raise StockRefused for a row that a blind count hides, because a refused correction would tell its number."""
    if is_hidden(request, stock):
        raise StockRefused(f"{stock.variant} is being counted. Correct it when the count is closed.")


def typed_ids(sent: QueryDict) -> list[int]:
    """The ids of the stock rows for which the list sent a correction."""
    ids = [name.removeprefix(CHANGE) for name in sent if name.startswith(CHANGE)]
    return [int(pk) for pk in ids if pk.isascii() and pk.isdigit() and len(pk) < 19]  # noqa: PLR2004


@admin.register(Stock)
class StockAdmin(ReadOnly, admin.ModelAdmin):
    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """The list of stock. Staff who may change stock correct several rows of it in one step, for one reason."""
        require_permission(request, "catalog.view_stock")
        typed, error = {}, ""
        if request.method == "POST":
            require_permission(request, MAY_CHANGE_STOCK)
            typed = {pk: text for pk in typed_ids(request.POST) if (text := request.POST[f"{CHANGE}{pk}"].strip())}
            try:
                number = self._correct(request, typed)
            except StockRefused as refused:
                error = str(refused)
            else:
                messages.success(request, f"{count_of(number, 'row')} corrected.")
                return redirect(request.get_full_path())
        form = LevelFilter(request.GET)
        levels = page_of_levels(form, request.GET, request.user)  # type: ignore[arg-type]
        context = {
            "title": "Stock",
            "form": form,
            "levels": levels,
            "rows": level_rows(levels.rows, request.user, typed),  # type: ignore[arg-type]
            "error": error,
            "key": request.POST.get("key") or uuid.uuid4(),
            "reason": request.POST.get("reason", ""),
            "reasons": REASONS,
            "may_change": request.user.has_perm(MAY_CHANGE_STOCK),
            "may_count": request.user.has_perm(MAY_CHANGE_STOCK) and request.user.has_perm("catalog.view_stocktake"),
            "may_order": request.user.has_perm("catalog.add_purchaseorder"),
        }
        return page(self, request, "admin/catalog/stock/list.html", context, 422 if error else 200)

    def _correct(self, request: HttpRequest, typed: dict[int, str]) -> int:
        changes = {pk: signed_number(text) for pk, text in typed.items()}
        if not changes:
            raise StockRefused("Nothing was corrected. Enter by how much, like +2 or −1.")
        for stock in Stock.objects.filter(pk__in=list(changes)).select_related("variant__product"):
            refuse_counted(request, stock)
        key = request.POST.get("key", "")[:MAX_KEY]
        return adjust_rows(changes, reason=request.POST.get("reason", "")[:200], key=key, user_id=request.user.pk)

    def get_urls(self) -> list:
        receiving = path("receive/", guarded(self, self.receive), name="catalog_stock_receive")
        return [receiving, *super().get_urls()]

    def receive(self, request: HttpRequest) -> HttpResponse:
        return receive_view(self, request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """The page of one stock row: its numbers, its last movements, and the forms to change it."""
        require_permission(request, "catalog.view_stock")
        stock = found_or_404(Stock.objects.select_related("variant__product", "location"), object_id)
        is_backorder = "limit" in request.POST
        form = StockForm(
            request.POST if request.method == "POST" and not is_backorder else None,
            initial={"key": uuid.uuid4()},
            label_suffix="",
        )
        initial = {"limit": stock.backorder_limit, "date": stock.backorder_date}
        backorder = BackorderForm(request.POST if is_backorder else None, initial=initial, label_suffix="")
        if request.method == "POST":
            require_permission(request, MAY_CHANGE_BACKORDERS if is_backorder else MAY_CHANGE_STOCK)
            if self._change(request, stock, backorder if is_backorder else form):
                return redirect("admin:catalog_stock_change", stock.pk)
        counted = is_hidden(request, stock)
        movements = StockMovement.objects.filter(variant=stock.variant, location=stock.location)
        shown = list(with_names(movements).order_by("-created_at", "-pk")[:50])
        balances = {} if counted else balances_after(shown, stock.location)
        context = {
            "is_hidden": counted,
            "stock": stock,
            "available": available_of(stock),
            "look": "info half" if counted else level_of(stock)[0],
            "level": BEING_COUNTED if counted else level_of(stock)[1],
            "incoming": expected_words(
                incoming_of([stock.variant_id]).get((stock.variant_id, stock.location_id), []),
                request.user,  # type: ignore[arg-type]
            ),
            "movements_url": _movements_url(request, stock),
            "form": form,
            "backorder": backorder,
            "may_change": request.user.has_perm(MAY_CHANGE_STOCK) and not counted,
            "may_oversell": request.user.has_perm(MAY_CHANGE_BACKORDERS),
            "movements": movement_rows(shown, request.user, balances=balances),  # type: ignore[arg-type]
            "balance_label": "On hand after",
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
            refuse_counted(request, stock)
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
