"""The list of stock movements, in words, with filters that a million movements do not slow down."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.auth.models import PermissionsMixin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from catalog.admin.base import ReadOnly, page, require_permission
from catalog.admin.stock.balances import balances_after
from catalog.admin.stock.blind import BEING_COUNTED, Place, hidden_levels
from catalog.admin.stock.occasions import Occasion, occasions_of
from catalog.admin.stock.variants import ShownVariant, shown_by_id, shown_variant, variants_by_code
from catalog.formats import moment, signed
from catalog.inputs import DayField
from catalog.keyset import Keyset
from catalog.models import Location, Stock, StockMovement, Variant

PAGE = Keyset("created_at", 50)
COUNTED = "stocktake:"
# What happened, in words that stand before the occasion: "Shipped · Order HS-1001".
WORDS = {
    StockMovement.Kind.RECEIVED: "Received",
    StockMovement.Kind.ADJUSTED: "Corrected",
    StockMovement.Kind.RESERVED: "Reserved",
    StockMovement.Kind.RELEASED: "Released",
    StockMovement.Kind.SHIPPED: "Shipped",
    StockMovement.Kind.RETURNED: "Returned",
    StockMovement.Kind.SENT: "Sent away",
    StockMovement.Kind.ARRIVED: "Arrived",
}


class MovementFilter(forms.Form):
    q = forms.CharField(label="SKU or barcode", required=False, max_length=255)
    location = forms.ModelChoiceField(Location.objects.all(), required=False, empty_label="All locations")
    kind = forms.ChoiceField(label="Reason", required=False, choices=[("", "All reasons"), *WORDS.items()])
    since = DayField(label="From", required=False)
    until = DayField(label="To", required=False)

    def rows(self) -> QuerySet[StockMovement]:
        """The movements that match. An invalid filter matches everything, and its field says so."""
        rows = StockMovement.objects.all()
        wanted = self.cleaned_data if self.is_valid() else {}
        if self.code:
            rows = rows.filter(variant_id__in=[variant.pk for variant in self.variants])
        if wanted.get("location"):
            rows = rows.filter(location=wanted["location"])
        if wanted.get("kind"):
            rows = rows.filter(kind=wanted["kind"])
        if wanted.get("since"):
            rows = rows.filter(created_at__gte=_midnight(wanted["since"]))
        if wanted.get("until"):
            rows = rows.filter(created_at__lt=_midnight(wanted["until"] + timedelta(days=1)))
        return rows

    @property
    def code(self) -> str:
        return self.cleaned_data.get("q", "").strip() if self.is_valid() else ""

    @cached_property
    def variants(self) -> list[Variant]:
        """The variants that the SKU or barcode means."""
        return variants_by_code([self.code])[self.code]

    @property
    def only_variant(self) -> ShownVariant | None:
        """The variant whose movements are shown, if all are of one."""
        return shown_variant(self.variants[0]) if self.code and len(self.variants) == 1 else None

    @property
    def only_location(self) -> Location | None:
        return self.cleaned_data.get("location") if self.is_valid() else None

    @property
    def kept(self) -> dict[str, str]:
        """The filters in the URLs of other pages."""
        return {name: value for name in self.fields if (value := self.data.get(name, ""))}


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


@dataclass(frozen=True)
class MovementRow:
    """One movement as a row of a table."""

    when: str
    what: str
    occasion: Occasion
    shown: ShownVariant | None
    location: str
    on_hand: str
    reserved: str
    reason: str
    user: str
    balance: str = ""


def movement_rows(
    movements: Sequence[StockMovement],
    user: PermissionsMixin,
    variants: Mapping[int, ShownVariant] | None = None,
    balances: Mapping[int, int] | None = None,
) -> list[MovementRow]:
    """The movements as rows, with one query for each kind of occasion. Blind counts hide the numbers of their lines."""
    occasions = occasions_of(movements, user)
    hidden = hidden_levels(user, {movement.variant_id for movement in movements})
    return [_row(each, occasions[each.pk], variants or {}, balances or {}, hidden) for each in movements]


def _row(
    movement: StockMovement,
    occasion: Occasion,
    shown: Mapping[int, ShownVariant],
    balances: Mapping[int, int],
    hidden: Collection[Place],
) -> MovementRow:
    row = MovementRow(
        moment(movement.created_at),
        _what(movement),
        occasion,
        shown.get(movement.variant_id),
        str(movement.location),
        signed(movement.on_hand_change) if movement.on_hand_change else "",
        signed(movement.reserved_change) if movement.reserved_change else "",
        _reason(movement, occasion),
        movement.user.get_full_name() if movement.user else "",
        f"{balances[movement.pk]:,}" if movement.pk in balances else "",
    )
    if (movement.variant_id, movement.location_id) in hidden:
        return replace(row, on_hand="", reserved="", balance="", reason=BEING_COUNTED)
    return row


def _what(movement: StockMovement) -> str:
    if movement.reference.startswith(COUNTED):
        return "Counted"
    return WORDS[StockMovement.Kind(movement.kind)]


def _reason(movement: StockMovement, occasion: Occasion) -> str:
    """What staff wrote as the reason, without words that the occasion says already."""
    is_said = movement.reference.startswith((COUNTED, "run:")) or movement.reason in occasion.text.lower()
    return "" if is_said or movement.reason == "edited in the admin" else movement.reason


def with_names(movements: QuerySet[StockMovement]) -> QuerySet[StockMovement]:
    return movements.select_related("location", "user")


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnly, admin.ModelAdmin):
    fields = ("created_at", "kind", "variant", "location", "on_hand_change", "reserved_change", "reason", "user")
    readonly_fields = fields

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        require_permission(request, "catalog.view_stockmovement")
        form = MovementFilter(request.GET)
        rows = with_names(form.rows())
        shown = PAGE.page(rows, [rows], after=request.GET.get("after", ""), before=request.GET.get("before", ""))
        variant = form.only_variant
        balances = (
            balances_after(shown.rows, form.only_location) if variant and not _is_hidden(request, variant) else {}
        )
        context = {
            "title": f"Movements of {variant.name}" if variant else "Stock movements",
            "form": form,
            "variant": variant,
            "rows": movement_rows(shown.rows, request.user, _variants_of(shown.rows), balances),  # type: ignore[arg-type]
            "balance_label": _balance_label(form) if variant else "",
            "levels": _levels_of(request, variant) if variant else [],
            "previous": _url(form, "before", shown.previous),
            "next": _url(form, "after", shown.next),
            "is_filtered": bool(form.kept),
        }
        return page(self, request, "admin/catalog/stock/movement_list.html", context)


def _variants_of(movements: Iterable[StockMovement]) -> dict[int, ShownVariant]:
    return shown_by_id({movement.variant_id for movement in movements})


def _url(form: MovementFilter, name: str, cursor: str) -> str:
    return f"?{urlencode({**form.kept, name: cursor})}" if cursor else ""


def _is_hidden(request: HttpRequest, variant: ShownVariant) -> bool:
    return bool(hidden_levels(request.user, [variant.pk]))  # type: ignore[arg-type]


def _balance_label(form: MovementFilter) -> str:
    return f"At {form.only_location} after" if form.only_location else "On hand after, all locations"


def _levels_of(request: HttpRequest, variant: ShownVariant) -> list[tuple[Stock, str]]:
    """The stock rows of the variant with the units on hand, for users who may see them."""
    if not request.user.has_perm("catalog.view_stock"):
        return []
    hidden = hidden_levels(request.user, [variant.pk])  # type: ignore[arg-type]
    rows = Stock.objects.filter(variant=variant.pk).select_related("location").order_by("location")
    return [
        (stock, BEING_COUNTED if (stock.variant_id, stock.location_id) in hidden else f"{stock.on_hand:,} on hand")
        for stock in rows
    ]
