"""The list of stock movements, in words, with filters that a million movements do not slow down."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.auth.models import PermissionsMixin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from catalog.admin.base import ReadOnly, page, require_permission
from catalog.admin.stock.occasions import Occasion, occasions_of
from catalog.admin.stock.variants import ShownVariant, shown_by_id, variants_by_code
from catalog.formats import moment, signed
from catalog.inputs import DayField
from catalog.keyset import Keyset
from catalog.models import Location, StockMovement

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
        if code := wanted.get("q", "").strip():
            rows = rows.filter(variant_id__in=[variant.pk for variant in variants_by_code([code])[code]])
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


def movement_rows(
    movements: Sequence[StockMovement], user: PermissionsMixin, variants: dict[int, ShownVariant] | None = None
) -> list[MovementRow]:
    """The movements as rows, with one query for each kind of occasion."""
    occasions = occasions_of(movements, user)
    shown = variants or {}
    return [
        MovementRow(
            moment(movement.created_at),
            _what(movement),
            occasions[movement.pk],
            shown.get(movement.variant_id),
            str(movement.location),
            signed(movement.on_hand_change) if movement.on_hand_change else "",
            signed(movement.reserved_change) if movement.reserved_change else "",
            _reason(movement, occasions[movement.pk]),
            str(movement.user or ""),
        )
        for movement in movements
    ]


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
        context = {
            "title": "Stock movements",
            "form": form,
            "rows": movement_rows(shown.rows, request.user, _variants_of(shown.rows)),  # type: ignore[arg-type]
            "previous": _url(form, "before", shown.previous),
            "next": _url(form, "after", shown.next),
            "is_filtered": bool(form.kept),
        }
        return page(self, request, "admin/catalog/stock/movement_list.html", context)


def _variants_of(movements: Iterable[StockMovement]) -> dict[int, ShownVariant]:
    return shown_by_id({movement.variant_id for movement in movements})


def _url(form: MovementFilter, name: str, cursor: str) -> str:
    return f"?{urlencode({**form.kept, name: cursor})}" if cursor else ""
