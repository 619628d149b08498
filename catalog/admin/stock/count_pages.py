"""What the pages of a stocktake show: its lines, page by page, and what staff typed into them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.http import QueryDict

from catalog.admin.stock.quantities import typed_quantities, whole_number
from catalog.admin.stock.variants import ShownVariant, shown_by_id, variants_by_code
from catalog.errors import StockRefused
from catalog.formats import signed
from catalog.inventory.stocktakes import differing_lines
from catalog.models import Stocktake, StocktakeLine

PAGE_SIZE = 100
MAX_SHEET_LINES = 2_000
LINE, SHOWN = "variant-", "shown-"  # begin the names of the inputs of a line
TABS = {"": "All", "open": "To count", "different": "Different"}


@dataclass(frozen=True)
class CountRow:
    """One line of the count. `expected` and `variance` are hidden from whoever counts blind."""

    line: StocktakeLine
    shown: ShownVariant
    typed: str
    counted: str
    expected: str
    variance: str
    look: str
    state: str


@dataclass(frozen=True)
class CountPage:
    """One page of the lines, and the ids after which its neighbours begin."""

    rows: Sequence[CountRow]
    next_after: int | None


def count_page(stocktake: Stocktake, sent: QueryDict, *, is_hidden: bool, typed: Mapping[str, str]) -> CountPage:
    """The lines that the URL asks for. `typed` keeps what was typed and refused."""
    lines = lines_of_tab(stocktake, sent.get("show", ""), is_hidden=is_hidden)
    after = sent.get("after", "")
    if after.isascii() and after.isdigit() and len(after) < 19:  # noqa: PLR2004
        lines = lines.filter(pk__gt=int(after))
    found = list(lines.order_by("pk")[: PAGE_SIZE + 1])
    shown = shown_by_id(line.variant_id for line in found)
    rows = [_row(line, shown[line.variant_id], typed, is_hidden=is_hidden) for line in found[:PAGE_SIZE]]
    return CountPage(rows, found[PAGE_SIZE - 1].pk if len(found) > PAGE_SIZE else None)


def lines_of_tab(stocktake: Stocktake, tab: str, *, is_hidden: bool) -> QuerySet[StocktakeLine]:
    if tab == "open":
        return stocktake.lines.filter(counted=None)
    return differing_lines(stocktake) if tab == "different" and not is_hidden else stocktake.lines.all()


def tabs_of(sent: QueryDict, totals: Mapping[str, int], *, is_hidden: bool) -> list[tuple[str, str, int, bool]]:
    """(label, URL, number, is the current one) of each tab. Blind counts have no tab for differences."""
    counts = {"": totals["lines"], "open": totals["lines"] - totals["done"], "different": totals["different"]}
    current = sent.get("show", "")
    return [
        (label, f"?show={code}" if code else "?", counts[code], code == current)
        for code, label in TABS.items()
        if not (is_hidden and code == "different")
    ]


def totals_of(stocktake: Stocktake) -> dict[str, int]:
    """How many lines there are, and how many of them are counted and differ."""
    is_counted = Q(counted__isnull=False)
    return stocktake.lines.aggregate(
        lines=Count("pk"),
        done=Count("pk", filter=is_counted),
        different=Count("pk", filter=is_counted & ~Q(counted=F("expected"))),
    )


def _row(line: StocktakeLine, shown: ShownVariant, typed: Mapping[str, str], *, is_hidden: bool) -> CountRow:
    counted = "" if line.counted is None else str(line.counted)
    look, state = _state(line, is_hidden=is_hidden)
    return CountRow(
        line,
        shown,
        typed.get(f"{LINE}{line.variant_id}", counted),
        counted or "–",
        "" if is_hidden else str("–" if line.expected is None else line.expected),
        "" if is_hidden else signed(line.variance),
        look,
        state,
    )


def _state(line: StocktakeLine, *, is_hidden: bool) -> tuple[str, str]:
    if line.counted is None:
        return "open", "To count"
    if is_hidden:
        return "ok", "Counted"
    return ("warn", signed(line.variance)) if line.variance else ("ok", "Fits")


def typed_counts(stocktake: Stocktake, sent: QueryDict) -> dict[int, int]:
    """The typed numbers by variant id, including those of variants that were not expected here.

    Raises StockRefused if somebody else counted one of the lines while the page was open.
    """
    counted = typed_quantities(sent.get("others", "")[:20_000])
    changed: dict[int, tuple[str, str]] = {}
    for name in sent:
        variant = name.removeprefix(LINE)
        if name.startswith(LINE) and variant.isascii() and variant.isdigit() and len(variant) < 19:  # noqa: PLR2004
            typed, shown = sent[name].strip(), sent.get(f"{SHOWN}{variant}", "")
            if typed and typed != shown:
                changed[int(variant)] = typed, shown
    lines = stocktake.lines.filter(variant_id__in=list(changed)).select_related("variant__product")
    for line in lines:
        typed, shown = changed[line.variant_id]
        if line.variant_id in counted:
            raise StockRefused(f"{line.variant} was typed into the list and below it. Enter it once.")
        counted[line.variant_id] = number = whole_number(typed)
        stored = "" if line.counted is None else str(line.counted)
        if stored not in (shown, str(number)):
            raise StockRefused(
                f"{line.variant} was counted as {stored or 'nothing'} by somebody else while this page was open. "
                "Your number is still here: save again to keep it."
            )
    return counted


def scanned_variant(code: str) -> int:
    """The variant with this SKU or barcode. Raises StockRefused if there is none or there are several."""
    found = variants_by_code([code])[code]
    if len(found) != 1:
        problem = "There are several variants" if found else "There is no variant"
        raise StockRefused(f"{problem} with the SKU or barcode {code}.")
    return found[0].pk


def sheet_rows(stocktake: Stocktake) -> list[ShownVariant]:
    """The lines of the sheet to count on, without any numbers."""
    ids: list[Any] = list(stocktake.lines.order_by("pk").values_list("variant_id", flat=True)[:MAX_SHEET_LINES])
    shown = shown_by_id(ids)
    return [shown[pk] for pk in ids]
