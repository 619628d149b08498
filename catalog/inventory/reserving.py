"""Stock that orders take: promised, given back, shipped."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from catalog.availability import mark_class_changes
from catalog.errors import InsufficientStock, Shortage, StockRefused
from catalog.inventory.rows import lock_rows
from catalog.models import Reservation, Stock, StockMovement

PLANS = 3  # how often a reservation is planned anew when others were faster


@dataclass(frozen=True)
class Need:
    """What one order line wants: a quantity of a variant whose stock is counted."""

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


# All or nothing in one statement. The rows are locked in the order of their ids, so two buyers never wait for each
# other in a circle; what they say then is what they say until COMMIT. The condition looks at the row's own columns only:
# through a join it would become a subquery that PostgreSQL does not look at again after waiting for the other shopper,
# and would oversell. Reservations and movements are written by the same statement, so a popular row is locked for one
# round trip.
TAKE = """
WITH wanted AS (
  SELECT * FROM unnest(%(ids)s::bigint[], %(quantities)s::int[]) AS w (id, quantity)
), locked AS (
  SELECT stock.id, stock.on_hand, stock.reserved, stock.backorder_limit FROM catalog_stock AS stock
  WHERE stock.id = ANY(%(ids)s) ORDER BY stock.id FOR UPDATE
), fit AS (
  SELECT count(*) = %(rows)s AS is_whole FROM locked JOIN wanted USING (id)
  WHERE locked.on_hand >= locked.reserved + wanted.quantity - locked.backorder_limit
), taken AS (
  UPDATE catalog_stock AS stock SET reserved = stock.reserved + wanted.quantity FROM wanted, fit
  WHERE fit.is_whole AND stock.id = wanted.id
    AND stock.on_hand >= stock.reserved + wanted.quantity - stock.backorder_limit
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

# Shortfall is breakage below the promises: it goes down as promises do, never up here.
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
    """Hold every need for this reference, or raise InsufficientStock and hold none.

    Rows are chosen by location priority (one location if it can fill the line, else several) and taken in the
    order of their ids, so two buyers never wait for each other in a circle. Call it last in a transaction: the
    rows of popular variants stay locked until COMMIT.
    """
    if not needs:
        return
    for _attempt in range(PLANS):
        picks, short = _plan(needs)
        if short:
            raise InsufficientStock(short)
        if _take(reference, picks):
            return
    raise InsufficientStock([Shortage(need.line, need.variant_id, need.quantity, 0) for need in needs])


def _plan(needs: Sequence[Need]) -> tuple[list[Pick], list[Shortage]]:
    """Choose stock rows for every need, from what the rows say now."""
    rows = _rows_by_priority({need.variant_id for need in needs})
    left = {
        stock.pk: stock.on_hand - stock.reserved + stock.backorder_limit for group in rows.values() for stock in group
    }
    there = {stock.pk: max(0, stock.on_hand - stock.reserved) for group in rows.values() for stock in group}
    picks: list[Pick] = []
    short: list[Shortage] = []
    home = _one_location(needs, rows, there) or _one_location(needs, rows, left)
    for need in needs:
        ordered = _home_first(rows[need.variant_id], home)
        # Units that are there go before units on order, wherever they are: that is what was promised.
        is_there = sum(there[stock.pk] for stock in ordered) >= need.quantity
        chosen = _choose(need, ordered, there if is_there else left)
        found = sum(pick.quantity for pick in chosen)
        if found < need.quantity:
            short.append(Shortage(need.line, need.variant_id, need.quantity, found))
        for pick in chosen:
            left[pick.stock_id] -= pick.quantity
            there[pick.stock_id] = max(0, there[pick.stock_id] - pick.quantity)
        picks += chosen
    return picks, short


def _one_location(needs: Sequence[Need], rows: Mapping[int, list[Stock]], left: Mapping[int, int]) -> int | None:
    """The first location that can send all of it in one parcel; None where there is none."""
    wanted: dict[int, int] = defaultdict(int)
    for need in needs:
        wanted[need.variant_id] += need.quantity
    able: dict[int, int] = defaultdict(int)
    for variant_id, quantity in wanted.items():
        for stock in rows[variant_id]:
            able[stock.location_id] += left[stock.pk] >= quantity
    return next((location for location, count in able.items() if count == len(wanted)), None)


def _home_first(rows: list[Stock], home: int | None) -> list[Stock]:
    return sorted(rows, key=lambda stock: stock.location_id != home)


def _rows_by_priority(variant_ids: set[int]) -> Mapping[int, list[Stock]]:
    rows: dict[int, list[Stock]] = defaultdict(list)
    query = Stock.objects.filter(variant_id__in=variant_ids, location__is_active=True)
    for stock in query.order_by("location__priority", "location_id"):
        rows[stock.variant_id].append(stock)
    return rows


def _choose(need: Need, rows: Sequence[Stock], left: Mapping[int, int]) -> list[Pick]:
    """One row that can fill the need alone, else a split by priority."""
    for stock in rows:
        if left[stock.pk] >= need.quantity:
            return [Pick(need, stock.pk, stock.location_id, need.quantity)]
    picks: list[Pick] = []
    missing = need.quantity
    for stock in rows:
        quantity = min(missing, max(0, left[stock.pk]))
        if quantity:
            picks.append(Pick(need, stock.pk, stock.location_id, quantity))
            missing -= quantity
    return picks


def _take(reference: str, picks: Sequence[Pick]) -> bool:
    """Every picked row holds its units for the reference, or none and return False when one had too little left."""
    totals: dict[int, int] = defaultdict(int)
    for pick in picks:
        totals[pick.stock_id] += pick.quantity
    asked = {
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
    changed = _execute(TAKE, asked)
    mark_class_changes(changed)
    return len(changed) == len(totals)


def _execute(statement: str, parameters: Mapping[str, Any]) -> list[tuple[int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [(variant, before, after) for variant, before, after in cursor.fetchall()]


@transaction.atomic
def release(reference: str, *, reason: str = "") -> int:
    """Give back whatever this reference still holds; returns the units. A second call finds nothing to give back."""
    held = list(Reservation.objects.filter(reference=reference).order_by("pk").select_for_update())
    _give_back(held, StockMovement.Kind.RELEASED, is_shipped=False, reason=reason)
    return sum(reservation.quantity for reservation in held)


@transaction.atomic
def ship(reference: str, quantities: Mapping[int, int], *, user_id: int | None = None) -> None:
    """The quantities (by order line) have left the house: out of on_hand and out of reserved.

    Raises StockRefused, and ships nothing, where less is reserved for a line than is to be shipped or less is on
    hand than was promised.
    """
    held = list(
        Reservation.objects.filter(reference=reference, line__in=list(quantities)).order_by("pk").select_for_update()
    )
    parts: list[Reservation] = []
    for line, quantity in quantities.items():
        if quantity < 0:
            raise StockRefused("The number of units to ship cannot be negative.")
        missing = quantity
        for reservation in held:
            taken = min(missing, reservation.quantity) if reservation.line == line else 0
            if taken:
                parts.append(_part_of(reservation, taken))
                missing -= taken
        if missing:
            raise StockRefused(f"Only {quantity - missing} of {quantity} units are reserved for this line.")
    _give_back(parts, StockMovement.Kind.SHIPPED, is_shipped=True, user_id=user_id)


def _part_of(reservation: Reservation, quantity: int) -> Reservation:
    """A copy of the reservation that holds only this many units."""
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
    """Take the parts off their reservations and their stock rows, and write why."""
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
    """Lower the reservations by their parts' quantities; those that hold nothing any more are gone."""
    given = {part.pk: part.quantity for part in parts}
    standing = Reservation.objects.in_bulk(list(given))
    emptied = [pk for pk, whole in standing.items() if whole.quantity == given[pk]]
    Reservation.objects.filter(pk__in=emptied).delete()
    lowered = [whole for pk, whole in standing.items() if pk not in emptied]
    for whole in lowered:
        whole.quantity -= given[whole.pk]
    Reservation.objects.bulk_update(lowered, ["quantity"])
