"""Stock changes by orders: reserving, releasing and shipping."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from catalog.errors import InsufficientStock, Shortage, StockRefused
from catalog.inventory.availability import available_of, in_stock_of, mark_class_changes
from catalog.inventory.rows import lock_rows
from catalog.models import Reservation, Stock, StockMovement

MAX_PLANNING_ATTEMPTS = 3  # attempts to plan a reservation while other shoppers take the same stock


@dataclass(frozen=True)
class Need:
    """The quantity that one order line needs of a variant whose stock is counted."""

    line: int
    variant_id: int
    quantity: int


@dataclass(frozen=True)
class Pick:
    """A part of a need, taken from one stock row."""

    need: Need
    stock_id: int
    location_id: int
    quantity: int


# The row has enough units for the wanted quantity. The condition uses only the row's own columns: with a join it would
# become a subquery, which PostgreSQL does not evaluate again after waiting for another shopper's lock, so it would oversell.
HAS_ENOUGH = "stock.on_hand >= stock.reserved + wanted.quantity - stock.backorder_limit"
# The order in which rows are locked. It is the same everywhere, so two buyers cannot deadlock.
LOCK_ORDER = "stock.id"
# Takes all units or none, in one statement. The counters that it reads after locking stay the same until COMMIT.
# Reservations and movements are written by the same statement, so a popular row is locked for only one round trip.
TAKE = """
WITH wanted AS (
  SELECT * FROM unnest(%(ids)s::bigint[], %(quantities)s::int[]) AS w (id, quantity)
), locked AS (
  SELECT stock.id, stock.on_hand, stock.reserved, stock.backorder_limit FROM catalog_stock AS stock
  WHERE stock.id = ANY(%(ids)s) ORDER BY {lock_order} FOR UPDATE
), fit AS (
  SELECT count(*) = %(rows)s AS is_whole FROM locked AS stock JOIN wanted USING (id) WHERE {has_enough}
), taken AS (
  UPDATE catalog_stock AS stock SET reserved = stock.reserved + wanted.quantity FROM wanted, fit
  WHERE fit.is_whole AND stock.id = wanted.id AND {has_enough}
  RETURNING stock.variant_id, stock.on_hand - stock.reserved + stock.backorder_limit + wanted.quantity AS before,
    stock.on_hand - stock.reserved + stock.backorder_limit AS after
), pick AS (
  SELECT * FROM unnest(%(lines)s::bigint[], %(variants)s::bigint[], %(locations)s::bigint[], %(units)s::int[])
    AS p (line, variant_id, location_id, quantity), fit WHERE fit.is_whole
), held AS (
  INSERT INTO catalog_reservation (reference, line, variant_id, location_id, quantity)
  SELECT %(reference)s, line, variant_id, location_id, quantity FROM pick
), moved AS (
  INSERT INTO catalog_stockmovement
    (kind, variant_id, location_id, on_hand_change, reserved_change, reference, line, reason, created_at)
  SELECT 'reserved', variant_id, location_id, 0, quantity, %(reference)s, line, '', %(at)s FROM pick
)
SELECT variant_id, before, after FROM taken
"""

# Shortfall is the number of promised units that are missing. Giving units back lowers it and never raises it.
GIVE_BACK = """
UPDATE catalog_stock AS stock SET
  on_hand = stock.on_hand - given.shipped,
  reserved = stock.reserved - given.quantity,
  shortfall = greatest(0, least(stock.shortfall,
    stock.reserved - given.quantity - stock.on_hand + given.shipped - stock.backorder_limit))
FROM unnest(%(ids)s::bigint[], %(quantities)s::int[], %(shipped)s::int[]) AS given (id, quantity, shipped)
WHERE stock.id = given.id AND stock.on_hand >= given.shipped
RETURNING stock.variant_id, stock.on_hand + given.shipped - stock.reserved - given.quantity + stock.backorder_limit,
  stock.on_hand - stock.reserved + stock.backorder_limit
"""


def reserve(reference: str, needs: Sequence[Need]) -> None:
    """Reserve every need for this reference, or raise InsufficientStock and reserve none.

    Locations are chosen by priority: one location if it can fill the line, otherwise several. Rows are locked in the
    order of their ids, so two buyers cannot deadlock. Call this last in a transaction, because the rows of popular
    variants stay locked until COMMIT.
    """
    if not needs:
        return
    for _attempt in range(MAX_PLANNING_ATTEMPTS):
        picks, short = _plan(needs)
        if short:
            raise InsufficientStock(short)
        if _take(reference, picks):
            return
    raise InsufficientStock([Shortage(need.line, need.variant_id, need.quantity, 0) for need in needs])


def _plan(needs: Sequence[Need]) -> tuple[list[Pick], list[Shortage]]:
    """Choose stock rows for every need from the current counters, without locking."""
    rows = _rows_by_priority({need.variant_id for need in needs})
    available = {stock.pk: available_of(stock) for group in rows.values() for stock in group}
    in_stock = {stock.pk: in_stock_of(stock) for group in rows.values() for stock in group}
    picks: list[Pick] = []
    short: list[Shortage] = []
    preferred = _location_for_all(needs, rows, in_stock) or _location_for_all(needs, rows, available)
    for need in needs:
        ordered = _with_location_first(rows[need.variant_id], preferred)
        # Use units in stock at any location before backordered units, because the shopper was promised that.
        is_in_stock = sum(in_stock[stock.pk] for stock in ordered) >= need.quantity
        chosen = _choose(need, ordered, in_stock if is_in_stock else available)
        chosen_quantity = sum(pick.quantity for pick in chosen)
        if chosen_quantity < need.quantity:
            short.append(Shortage(need.line, need.variant_id, need.quantity, chosen_quantity))
        for pick in chosen:
            available[pick.stock_id] -= pick.quantity
            in_stock[pick.stock_id] = max(0, in_stock[pick.stock_id] - pick.quantity)
        picks += chosen
    return picks, short


def _location_for_all(
    needs: Sequence[Need], rows: Mapping[int, list[Stock]], available: Mapping[int, int]
) -> int | None:
    """The first location that can send everything in one parcel, or None."""
    wanted: dict[int, int] = defaultdict(int)
    for need in needs:
        wanted[need.variant_id] += need.quantity
    fillable: dict[int, int] = defaultdict(int)  # location → number of variants that it can send in full
    for variant_id, quantity in wanted.items():
        for stock in rows[variant_id]:
            fillable[stock.location_id] += available[stock.pk] >= quantity
    return next((location for location, count in fillable.items() if count == len(wanted)), None)


def _with_location_first(rows: list[Stock], location_id: int | None) -> list[Stock]:
    return sorted(rows, key=lambda stock: stock.location_id != location_id)


def _rows_by_priority(variant_ids: set[int]) -> Mapping[int, list[Stock]]:
    rows: dict[int, list[Stock]] = defaultdict(list)
    query = Stock.objects.filter(variant_id__in=variant_ids, location__is_active=True)
    for stock in query.order_by("location__priority", "location_id"):
        rows[stock.variant_id].append(stock)
    return rows


def _choose(need: Need, rows: Sequence[Stock], available: Mapping[int, int]) -> list[Pick]:
    """The first row that can fill the need alone, or several rows by priority."""
    for stock in rows:
        if available[stock.pk] >= need.quantity:
            return [Pick(need, stock.pk, stock.location_id, need.quantity)]
    picks: list[Pick] = []
    missing = need.quantity
    for stock in rows:
        quantity = min(missing, max(0, available[stock.pk]))
        if quantity:
            picks.append(Pick(need, stock.pk, stock.location_id, quantity))
            missing -= quantity
    return picks


def _take(reference: str, picks: Sequence[Pick]) -> bool:
    """Reserve all picks and return True, or reserve none and return False if a row has too few units left."""
    totals: dict[int, int] = defaultdict(int)
    for pick in picks:
        totals[pick.stock_id] += pick.quantity
    parameters = {
        "reference": reference,
        "at": timezone.now(),
        "ids": list(totals),
        "quantities": list(totals.values()),
        "rows": len(totals),
        "lines": [pick.need.line for pick in picks],
        "variants": [pick.need.variant_id for pick in picks],
        "locations": [pick.location_id for pick in picks],
        "units": [pick.quantity for pick in picks],
    }
    changed = _execute(TAKE.format(has_enough=HAS_ENOUGH, lock_order=LOCK_ORDER), parameters)
    mark_class_changes(changed)
    return len(changed) == len(totals)


def _execute(statement: str, parameters: Mapping[str, Any]) -> list[tuple[int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [(variant, before, after) for variant, before, after in cursor.fetchall()]


@transaction.atomic
def release(reference: str, *, reason: str = "") -> int:
    """Release all units that the reference still holds; return their number, which is 0 for a second call."""
    held = list(Reservation.objects.filter(reference=reference).order_by("pk").select_for_update())
    _give_back(held, StockMovement.Kind.RELEASED, is_shipped=False, reason=reason)
    return sum(reservation.quantity for reservation in held)


@transaction.atomic
def release_units(reference: str, quantities: Mapping[int, int], *, reason: str = "") -> None:
    """Release units of single lines (by order line) that will not be sent; the others stay reserved.

    Raises StockRefused, and releases nothing, if a line has fewer reserved units.
    """
    _give_back(_parts_of(reference, quantities), StockMovement.Kind.RELEASED, is_shipped=False, reason=reason)


@transaction.atomic
def ship(reference: str, quantities: Mapping[int, int], *, user_id: int | None = None) -> None:
    """Take shipped quantities (by order line) off the reserved units and the units on hand.

    Raises StockRefused, and ships nothing, if a line has fewer reserved units than should be shipped, or if a stock row
    has fewer units on hand.
    """
    parts = _parts_of(reference, quantities)
    _give_back(parts, StockMovement.Kind.SHIPPED, is_shipped=True, user_id=user_id)


def _parts_of(reference: str, quantities: Mapping[int, int]) -> list[Reservation]:
    """Return the parts of the reservations that these quantities use up, with the reservations locked."""
    held = list(
        Reservation.objects.filter(reference=reference, line__in=list(quantities)).order_by("pk").select_for_update()
    )
    parts: list[Reservation] = []
    for line, quantity in quantities.items():
        if quantity < 0:
            raise StockRefused("A number of units cannot be negative.")
        missing = quantity
        for reservation in held:
            taken = min(missing, reservation.quantity) if reservation.line == line else 0
            if taken:
                parts.append(_part_of(reservation, taken))
                missing -= taken
        if missing:
            raise StockRefused(f"Only {quantity - missing} of {quantity} units are reserved for this line.")
    return parts


def _part_of(reservation: Reservation, quantity: int) -> Reservation:
    """An unsaved copy of the reservation with `quantity` units."""
    return Reservation(
        pk=reservation.pk,
        reference=reservation.reference,
        line=reservation.line,
        variant_id=reservation.variant_id,
        location_id=reservation.location_id,
        quantity=quantity,
    )


def _give_back(
    parts: Sequence[Reservation],
    kind: StockMovement.Kind,
    *,
    is_shipped: bool,
    reason: str = "",
    user_id: int | None = None,
) -> None:
    """Subtract the parts from their reservations and their stock rows, and record the movements."""
    if not parts:
        return
    rows = _stock_of(parts)
    totals: dict[int, int] = defaultdict(int)
    for part in parts:
        totals[rows[part.variant_id, part.location_id]] += part.quantity
    _shrink(parts)
    lock_rows(totals)
    numbers = list(totals.values())
    changed = _execute(
        GIVE_BACK,
        {
            "ids": list(totals),
            "quantities": numbers,
            "shipped": numbers if is_shipped else [0] * len(numbers),
        },
    )
    if len(changed) != len(totals):
        raise StockRefused("Less stock is on hand than was promised. Count the stock before shipping.")
    mark_class_changes(changed)
    StockMovement.objects.bulk_create(
        StockMovement(
            kind=kind,
            variant_id=part.variant_id,
            location_id=part.location_id,
            on_hand_change=-part.quantity if is_shipped else 0,
            reserved_change=-part.quantity,
            reference=part.reference,
            line=part.line,
            reason=reason,
            user_id=user_id,
        )
        for part in parts
    )


def _stock_of(parts: Sequence[Reservation]) -> dict[tuple[int, int], int]:
    query = Stock.objects.filter(
        variant_id__in={part.variant_id for part in parts},
        location_id__in={part.location_id for part in parts},
    )
    return {(stock.variant_id, stock.location_id): stock.pk for stock in query}


def _shrink(parts: Sequence[Reservation]) -> None:
    """Lower the reservations by the quantities of their parts, and delete the empty ones."""
    given = {part.pk: part.quantity for part in parts}
    reservations = Reservation.objects.in_bulk(list(given))
    emptied = [pk for pk, reservation in reservations.items() if reservation.quantity == given[pk]]
    Reservation.objects.filter(pk__in=emptied).delete()
    lowered = [reservation for pk, reservation in reservations.items() if pk not in emptied]
    for reservation in lowered:
        reservation.quantity -= given[reservation.pk]
    Reservation.objects.bulk_update(lowered, ["quantity"])
