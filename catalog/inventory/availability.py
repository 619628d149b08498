"""How many units of a variant can be sold now, and when backordered units can be sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.db.models import F, Sum, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Greatest
from django.utils import timezone

from catalog.models import Stock

LOW_STOCK = 5  # units: at or below this, shoppers read "only a few left"

MARK_DIRTY = """
INSERT INTO catalog_dirtylisting (product_id)
SELECT DISTINCT product_id FROM catalog_variant WHERE id = ANY(%s)
"""


# The units of one stock row that can be sold now: the annotation for querysets of Stock, and the same in Python and SQL.
AVAILABLE = Greatest(F("on_hand") - F("reserved") + F("backorder_limit"), Value(0))


def available_of(stock: Stock) -> int:
    """Units of one stock row that can be sold now, including backorders; never below 0."""
    return max(0, stock.on_hand - stock.reserved + stock.backorder_limit)


def available_sql(stock: str) -> str:
    """Return `available_of` as an SQL expression; `stock` is the table's name in the statement."""
    return f"greatest(0, {stock}.on_hand - {stock}.reserved + {stock}.backorder_limit)"


def in_stock_of(stock: Stock) -> int:
    """Units of one stock row that are on hand and not reserved, without backorders; never below 0."""
    return max(0, stock.on_hand - stock.reserved)


def is_low(available: int) -> bool:
    """Return whether only a few units are left, or none."""
    return available <= LOW_STOCK


def stock_class(available: int) -> str:
    """`in`, `low` or `out`, for a number of units that can be sold."""
    if available <= 0:
        return "out"
    return "low" if is_low(available) else "in"


def stock_class_sql(units: str) -> str:
    """Return `stock_class` as an SQL expression; `units` is the SQL of the number."""
    return f"CASE WHEN {units} <= 0 THEN 'out' WHEN {units} <= {LOW_STOCK} THEN 'low' ELSE 'in' END"


def mark_class_changes(changed: Iterable[tuple[int, int, int]]) -> None:
    """Mark the listings whose stock class may have changed. Another transaction refreshes them.

    `changed` has (variant id, units available in one row before, and after). A product's stock class depends on the sum
    of its rows, so a row is relevant as soon as it is low: rows that stay high or stay empty change nothing.
    """
    marked = sorted({variant for variant, before, after in changed if _may_change_class(before, after)})
    if marked:
        with connection.cursor() as cursor:
            cursor.execute(MARK_DIRTY, [marked])


def _may_change_class(before: int, after: int) -> bool:
    return before != after and is_low(min(before, after)) and max(before, after) > 0


@dataclass(frozen=True)
class StockRow:
    """The stock of a variant at one location; `unreserved` is on hand less reserved, negative if promised units are missing."""

    unreserved: int
    backorder_limit: int = 0
    backorder_date: date | None = None


@dataclass(frozen=True)
class Supply:
    """The units of a variant that can be sold, and the days from which backordered units can be sent.

    `in_stock` excludes backorders; None means no limit. `restocks` has (day, units), ordered by day, without a day last.
    """

    in_stock: int | None
    restocks: tuple[tuple[date | None, int], ...] = ()

    @property
    def available(self) -> int | None:
        """Units that can be sold now, including backorders; None means no limit."""
        return None if self.in_stock is None else self.in_stock + sum(units for _, units in self.restocks)

    @property
    def is_low(self) -> bool:
        """Whether only a few units are in stock, backorders not counted."""
        return self.in_stock is not None and is_low(self.in_stock)

    def is_backordered(self, quantity: int) -> bool:
        """Whether `quantity` exceeds the units in stock."""
        return self.in_stock is not None and quantity > self.in_stock

    def expected_on(self, quantity: int) -> date | None:
        """The day from which `quantity` units can be sent; None if all are in stock or the day is unknown."""
        missing = quantity - (self.in_stock or 0) if self.is_backordered(quantity) else 0
        for day, units in self.restocks:
            if 0 < missing <= units:
                return day
            missing -= units
        return None


UNLIMITED = Supply(None)


def supply_of(rows: Iterable[StockRow], today: date) -> Supply:
    """The supply of a variant from its rows at all active locations. A backorder date in the past counts as unknown."""
    in_stock, restocks = 0, []
    for row in rows:
        in_stock += max(0, row.unreserved)
        if (units := min(row.backorder_limit, row.unreserved + row.backorder_limit)) > 0:
            day = row.backorder_date if row.backorder_date and row.backorder_date >= today else None
            restocks.append((day, units))
    return Supply(in_stock, tuple(sorted(restocks, key=lambda restock: (restock[0] is None, restock[0] or today))))


def supply_by_variant(variant_ids: Iterable[int]) -> dict[int, Supply]:
    """The supply of each variant, with one query. A variant without stock rows has no units."""
    ids = list(variant_ids)
    rows: dict[int, list[StockRow]] = {pk: [] for pk in ids}
    for stock in Stock.objects.filter(variant_id__in=ids, location__is_active=True):
        unreserved = stock.on_hand - stock.reserved
        rows[stock.variant_id].append(StockRow(unreserved, stock.backorder_limit, stock.backorder_date))
    today = timezone.localdate()
    return {pk: supply_of(variant_rows, today) for pk, variant_rows in rows.items()}


# An annotation with the stock rows at active locations of the variant in a query, for supply_from_rows().
ACTIVE_STOCK_ROWS = RawSQL(  # noqa: S611  (our own text; decision 33 says why not the ORM)
    """
    (SELECT coalesce(json_agg(json_build_array(
        stock.on_hand - stock.reserved, stock.backorder_limit, stock.backorder_date)), '[]')
     FROM catalog_stock stock JOIN catalog_location location ON location.id = stock.location_id AND location.is_active
     WHERE stock.variant_id = catalog_variant.id)
    """,
    [],
)


def supply_from_rows(rows: Iterable[tuple[int, int, str | None]]) -> Supply:
    """The supply of a variant from rows of ACTIVE_STOCK_ROWS."""
    stock = [StockRow(unreserved, limit, date.fromisoformat(day) if day else None) for unreserved, limit, day in rows]
    return supply_of(stock, timezone.localdate())


def available_by_variant(variant_ids: Iterable[int]) -> dict[int, int]:
    """Units available now, including backorders, summed over active locations. Variants without rows are missing."""
    rows = Stock.objects.filter(variant_id__in=list(variant_ids), location__is_active=True)
    return dict(rows.order_by().values("variant_id").annotate(units=Sum(AVAILABLE)).values_list("variant_id", "units"))
