"""What can be sold now, in numbers and in the words that shoppers read."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from django.db import connection
from django.db.models import F

from catalog.models import Stock

LOW_STOCK = 5  # units: at or below this, shoppers read "only a few left"

MARK_DIRTY = """
INSERT INTO catalog_dirtylisting (product_id)
SELECT DISTINCT product_id FROM catalog_variant WHERE id = ANY(%s)
"""


def stock_class(available: int) -> str:
    """Return in, low or out for a number of units that can be sold."""
    if available <= 0:
        return "out"
    return "low" if available <= LOW_STOCK else "in"


def mark_class_changes(changed: Iterable[tuple[int, int, int]]) -> None:
    """Leave a mark for the listings whose stock class may have changed; another transaction refreshes them.

    `changed` are (variant, units one row could sell before, and after). A product's class is that of the sum of its
    rows, so a row matters as soon as it is low: only rows that stay plentiful, or stay empty, change nothing.
    """
    marked = sorted({variant for variant, before, after in changed if _may_change_class(before, after)})
    if marked:
        with connection.cursor() as cursor:
            cursor.execute(MARK_DIRTY, [marked])


def _may_change_class(before: int, after: int) -> bool:
    return before != after and min(before, after) <= LOW_STOCK and max(before, after) > 0


def available_by_variant(variant_ids: Iterable[int]) -> dict[int, int]:
    """Units that can be sold now, backorders included, summed over active locations; a variant without rows is absent."""
    totals: dict[int, int] = defaultdict(int)
    for stock in Stock.objects.filter(variant_id__in=list(variant_ids), location__is_active=True):
        totals[stock.variant_id] += max(0, stock.on_hand - stock.reserved + stock.backorder_limit)
    return dict(totals)


def backorder_dates(variant_ids: Iterable[int]) -> dict[int, date]:
    """When variants that are out of stock, but may be ordered all the same, can be sent; those with a date only."""
    rows = Stock.objects.filter(
        variant_id__in=list(variant_ids), location__is_active=True, backorder_limit__gt=0, on_hand__lte=F("reserved")
    ).exclude(backorder_date=None)
    dates: dict[int, date] = {}
    for variant_id, day in rows.values_list("variant_id", "backorder_date"):
        dates[variant_id] = min(day, dates.get(variant_id, day))
    return dates
