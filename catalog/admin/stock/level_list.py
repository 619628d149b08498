"""The list of stock levels: which rows it has, in pages that begin after the last row of the one before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.models import PermissionsMixin
from django.db.models import F, Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from catalog.admin.stock.blind import BEING_COUNTED, hidden_levels, without_hidden
from catalog.admin.stock.variants import ShownVariant, found_variants, shown_by_id
from catalog.formats import day
from catalog.inventory.availability import available_of
from catalog.inventory.incoming import Incoming, incoming_of
from catalog.models import Location, Product, Stock

PAGE_SIZE = 50
TABS = {"": "All", "yes": "Low", "short": "Fewer than promised"}
MAX_INCOMING = 3  # named in one row


def listed_rows() -> QuerySet[Stock]:
    """All rows except empty ones of withdrawn products."""
    return Stock.objects.exclude(variant__product__status=Product.Status.WITHDRAWN, on_hand=0, reserved=0)


def low_rows() -> QuerySet[Stock]:
    """Rows of variants for sale at or below their low-stock level."""
    return listed_rows().filter(on_hand__lte=F("reserved") + F("variant__low_stock_at"), variant__is_active=True)


class LevelFilter(forms.Form):
    q = forms.CharField(
        label="Search in stock",
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Title, SKU or barcode"}),
    )
    location = forms.ModelChoiceField(Location.objects.all(), required=False, empty_label="All locations")
    low = forms.ChoiceField(required=False, choices=list(TABS.items()), widget=forms.HiddenInput)

    def rows(self) -> QuerySet[Stock]:
        """The rows that match. An invalid filter matches everything, and its field says so."""
        wanted = self.cleaned_data if self.is_valid() else {}
        rows = low_rows() if wanted.get("low") == "yes" else listed_rows()
        if wanted.get("low") == "short":
            # The second condition follows from the first, and is that of an index.
            rows = rows.filter(shortfall__gt=0, reserved__gt=F("on_hand"))
        if wanted.get("location"):
            rows = rows.filter(location=wanted["location"])
        if text := wanted.get("q", "").strip():
            rows = rows.filter(variant_id__in=found_variants(text))
        return rows

    def url(self, **changes: str) -> str:
        kept = {name: value for name in self.fields if (value := self.data.get(name, ""))}
        return f"?{urlencode({name: value for name, value in {**kept, **changes}.items() if value})}"

    @property
    def tabs(self) -> list[tuple[str, str, bool]]:
        """(label, URL, is the current one) of each tab."""
        current = self.data.get("low", "")
        return [(label, self.url(low=code), code == current) for code, label in TABS.items()]


@dataclass(frozen=True)
class Levels:
    """One page of the list. `next` and `previous` are URLs; empty where there is none."""

    rows: Sequence[Stock]
    previous: str
    next: str


def page_of_levels(form: LevelFilter, sent: QueryDict, user: PermissionsMixin) -> Levels:
    """The page that the URL asks for: the newest variants first, each with its locations."""
    after, before = _place(sent.get("after", "")), _place(sent.get("before", ""))
    rows = without_hidden(user, form.rows()) if form.data.get("low") else form.rows()
    rows = rows.select_related("variant", "location")
    is_backwards = before is not None and after is None
    if place := after or before:
        variant, location = place
        way = "gt" if is_backwards else "lt"
        same = Q(**{f"variant_id__{way}": variant}) | Q(**{f"location_id__{way}": location})
        rows = rows.filter(same, **{f"variant_id__{way}e": variant})
    sign = "" if is_backwards else "-"
    found = list(rows.order_by(f"{sign}variant_id", f"{sign}location_id")[: PAGE_SIZE + 1])
    has_more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    if is_backwards:
        found.reverse()
    if not found:
        return Levels([], "", "")
    has_previous = has_more if is_backwards else after is not None
    has_next = is_backwards or has_more
    return Levels(
        found,
        form.url(before=_cursor(found[0])) if has_previous else "",
        form.url(after=_cursor(found[-1])) if has_next else "",
    )


def _cursor(stock: Stock) -> str:
    return f"{stock.variant_id}-{stock.location_id}"


def _place(text: str) -> tuple[int, int] | None:
    variant, _, location = text.partition("-")
    is_number = all(part.isascii() and part.isdigit() and len(part) < 19 for part in (variant, location))  # noqa: PLR2004
    return (int(variant), int(location)) if is_number else None


@dataclass(frozen=True)
class Expected:
    """Units on their way, in words. `url` is empty for readers who may not see where they come from."""

    text: str
    url: str = ""
    is_late: bool = False


@dataclass(frozen=True)
class LevelRow:
    """One stock row of the list. `typed` is the correction that was typed and refused."""

    stock: Stock
    shown: ShownVariant
    available: int
    look: str
    level: str
    incoming: list[Expected]
    typed: str
    is_hidden: bool = False  # by a blind count


def level_rows(rows: Sequence[Stock], user: PermissionsMixin, typed: Mapping[int, str]) -> list[LevelRow]:
    """The rows with pictures and with what is expected, for a constant number of queries."""
    variant_ids = {stock.variant_id for stock in rows}
    shown, incoming = shown_by_id(variant_ids), incoming_of(variant_ids)
    hidden = hidden_levels(user, variant_ids)
    return [
        LevelRow(
            stock,
            shown[stock.variant_id],
            available_of(stock),
            *(("info half", BEING_COUNTED) if (stock.variant_id, stock.location_id) in hidden else level_of(stock)),
            expected_words(incoming.get((stock.variant_id, stock.location_id), []), user),
            typed.get(stock.pk, ""),
            (stock.variant_id, stock.location_id) in hidden,
        )
        for stock in rows
    ]


def level_of(stock: Stock) -> tuple[str, str]:
    """(look, words) of the badge of a row; empty for a row that needs nothing."""
    unreserved = stock.on_hand - stock.reserved
    if unreserved + stock.backorder_limit < 0:
        return "bad", f"{-unreserved - stock.backorder_limit} missing"
    if not stock.variant.is_active:
        return "open", "Not for sale"
    if not available_of(stock):
        return "bad", "Sold out"
    if unreserved <= stock.variant.low_stock_at:
        return "warn", "Low"
    return "", ""


def expected_words(incoming: Sequence[Incoming], user: PermissionsMixin) -> list[Expected]:
    """`20 expected on 3 Dec 2026` and `5 on their way`, the earliest first."""
    words = [_words(part, user) for part in incoming[:MAX_INCOMING]]
    if more := sum(part.units for part in incoming[MAX_INCOMING:]):
        words.append(Expected(f"{more:,} more"))
    return words


def _words(part: Incoming, user: PermissionsMixin) -> Expected:
    model, pk = ("transfer", part.transfer_id) if part.transfer_id else ("purchaseorder", part.purchase_id)
    url = reverse(f"admin:catalog_{model}_change", args=[pk]) if user.has_perm(f"catalog.view_{model}") else ""
    if part.transfer_id:
        return Expected(f"{part.units:,} on {'its' if part.units == 1 else 'their'} way", url)
    when = f" on {day(part.day)}" if part.day else ""
    is_late = part.day is not None and part.day < timezone.localdate()
    return Expected(f"{part.units:,} expected{when}", url, is_late)
