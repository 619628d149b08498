"""Stock changes by staff: receiving, correcting, setting levels and backorder limits, and restocking returns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import QuerySet

from catalog.errors import StockRefused
from catalog.inventory.availability import available_of, mark_class_changes
from catalog.inventory.reserving import Need
from catalog.inventory.rows import (
    locked_row,
    locked_rows,
    move_counter,
    refuse_uncounted,
    save_levels,
    write_on_hand,
    write_on_hand_of_many,
)
from catalog.models import Location, Stock, StockMovement, Variant


@transaction.atomic
def receive(
    variant_id: int, location: Location, quantity: int, *, reason: str = "", key: str = "", user_id: int | None = None
) -> Stock:
    """Add `quantity` units to the stock at the location. A repeated key changes nothing.

    Creates the stock row if it is missing. Raises StockRefused unless the quantity is positive.
    """
    if quantity <= 0:
        raise StockRefused("Only a positive number can be received.")
    movement = StockMovement(kind=StockMovement.Kind.RECEIVED, on_hand_change=quantity, reason=reason, user_id=user_id)
    return _move_once(variant_id, location, movement, key)


@transaction.atomic
def adjust(
    variant_id: int, location: Location, change: int, *, reason: str, key: str = "", user_id: int | None = None
) -> Stock:
    """Correct the units on hand by `change`, for a reason. A repeated key changes nothing.

    If fewer units remain than open orders were promised, the difference is stored as shortfall, so that staff see it.
    Raises StockRefused for an empty reason and for a result below zero.
    """
    if not reason.strip():
        raise StockRefused("Enter the reason for the correction.")
    movement = StockMovement(kind=StockMovement.Kind.ADJUSTED, on_hand_change=change, reason=reason, user_id=user_id)
    return _move_once(variant_id, location, movement, key)


@transaction.atomic
def adjust_rows(changes: Mapping[int, int], *, reason: str, key: str = "", user_id: int | None = None) -> int:
    """Correct the units on hand of several stock rows (by id), for one reason; return the number of corrected rows.

    A repeated key changes nothing. Raises StockRefused, and corrects nothing, for an empty reason, for a result below zero
    and for variants whose stock is not counted.
    """
    reason = reason.strip()
    if not reason:
        raise StockRefused("Enter the reason for the correction.")
    locked = Stock.objects.select_for_update(of=("self",)).filter(pk__in=list(changes)).order_by("pk")
    rows = list(locked.select_related("variant__product", "location"))
    refuse_uncounted(stock.variant for stock in rows)
    for stock in rows:
        if stock.on_hand + changes[stock.pk] < 0:
            raise StockRefused(f"Only {stock.on_hand} of {stock.variant} are on hand at {stock.location}.")
    reference = f"form:{key}" if key else ""
    variants = [stock.variant_id for stock in rows]
    if key and StockMovement.objects.filter(reference=reference, variant_id__in=variants).exists():
        return 0
    movements = {
        stock.pk: StockMovement(
            kind=StockMovement.Kind.ADJUSTED,
            on_hand_change=changes[stock.pk],
            reason=reason,
            reference=reference,
            user_id=user_id,
        )
        for stock in rows
    }
    write_on_hand_of_many(rows, movements)
    return len(rows)


@transaction.atomic
def restock(reference: str, need: Need, location: Location, *, user_id: int | None = None) -> Stock:
    """Return shipped units of one order line to stock. Raises StockRefused for more units than are still out."""
    moved = StockMovement.objects.filter(
        reference=reference,
        line=need.line,
        kind__in=[StockMovement.Kind.SHIPPED, StockMovement.Kind.RETURNED],
    )
    lock_shipped(moved)
    stock = locked_row(need.variant_id, location)
    still_out = -sum(movement.on_hand_change for movement in moved)
    if need.quantity <= 0 or need.quantity > still_out:
        raise StockRefused(f"{still_out} units of this line are out; {need.quantity} cannot come back.")
    return write_on_hand(
        stock,
        StockMovement(
            kind=StockMovement.Kind.RETURNED,
            on_hand_change=need.quantity,
            reference=reference,
            line=need.line,
            user_id=user_id,
        ),
    )


def lock_shipped(moved: QuerySet[StockMovement]) -> None:
    """Lock what was shipped of one order line until the transaction ends.

    Two returns of the line to different locations lock different stock rows, so they wait for each other here.
    """
    list(moved.filter(kind=StockMovement.Kind.SHIPPED).order_by("pk").select_for_update())


@transaction.atomic
def set_on_hand(
    variant_id: int,
    location: Location,
    target: int,
    *,
    reason: str,
    backorder_limit: int | None = None,
    user_id: int | None = None,
) -> bool:
    """Set the units on hand and, if given, the backorder limit; return whether anything changed."""
    stock = locked_row(variant_id, location)
    is_new_limit = backorder_limit is not None and backorder_limit != stock.backorder_limit
    if is_new_limit and backorder_limit is not None:
        stock = replace_limit(stock, backorder_limit)
    if stock.on_hand == target:
        return is_new_limit
    write_on_hand(
        stock,
        StockMovement(
            kind=StockMovement.Kind.ADJUSTED,
            on_hand_change=target - stock.on_hand,
            reason=reason,
            user_id=user_id,
        ),
    )
    return True


def replace_limit(stock: Stock, backorder_limit: int) -> Stock:
    """Set the backorder limit of a locked row. Units promised beyond a lowered limit become shortfall."""
    stock.backorder_limit = backorder_limit
    stock.shortfall = max(0, stock.reserved - stock.on_hand - backorder_limit)
    stock.save(update_fields=["backorder_limit", "shortfall"])
    mark_class_changes([(stock.variant_id, 0, 1)])
    return stock


def _move_once(variant_id: int, location: Location, movement: StockMovement, key: str) -> Stock:
    """Record the movement on the locked row, unless one with this key has been recorded."""
    refuse_uncounted(Variant.objects.select_related("product").filter(pk=variant_id, is_tracked=False))
    stock = locked_row(variant_id, location)
    movement.reason = movement.reason.strip()
    movement.reference = f"form:{key}" if key else ""
    recorded = StockMovement.objects.filter(variant_id=variant_id, location=location, reference=movement.reference)
    return stock if key and recorded.exists() else write_on_hand(stock, movement)


@dataclass(frozen=True)
class Target:
    """The units on hand and the backorder limit that a stock row should have.

    `seen` is the number on hand that the user saw when choosing this target; None if there was none to see.
    """

    on_hand: int
    backorder_limit: int
    seen: int | None = None


@transaction.atomic
def set_levels(
    targets: Mapping[int, Target],
    location: Location,
    *,
    retired: Iterable[int] = (),
    reason: str,
    reference: str = "",
    user_id: int | None = None,
) -> set[int]:
    """Set the stock of every variant at the location to its target; return the variants that changed.

    The rows of `retired` variants are emptied, except those with reserved units. Runs a constant number of queries.
    Raises StockRefused, and changes nothing, for a level below zero or if a row has changed since it was seen.
    """
    emptied = list(Stock.objects.filter(variant_id__in=retired, location=location).values_list("variant", flat=True))
    # One statement locks all rows in the order that shoppers use; what shoppers took is visible only after the lock.
    rows = locked_rows([*targets, *emptied], location)
    targets = {pk: Target(0, 0) for pk in emptied if not rows[pk].reserved} | dict(targets)
    changed: dict[int, Stock] = {}
    movements: list[StockMovement] = []
    marks: list[tuple[int, int, int]] = []
    for variant_id, target in targets.items():
        stock = rows[variant_id]
        if target.seen is not None and target.seen != stock.on_hand:
            raise StockRefused(
                f"The stock of {stock.variant} was {target.seen} and is now {stock.on_hand}. Please check it again."
            )
        change = target.on_hand - stock.on_hand
        if not change and stock.backorder_limit == target.backorder_limit:
            continue
        before = available_of(stock)
        stock.backorder_limit = target.backorder_limit
        stock.shortfall = max(0, stock.reserved - stock.on_hand - stock.backorder_limit)
        move_counter(stock, change)
        changed[variant_id] = stock
        marks.append((variant_id, before, available_of(stock)))
        if change:
            movements.append(_correction(stock, change, reason, reference, user_id))
    save_levels(changed.values())
    StockMovement.objects.bulk_create(movements, batch_size=1000)
    mark_class_changes(marks)
    return set(changed)


def _correction(stock: Stock, change: int, reason: str, reference: str, user_id: int | None) -> StockMovement:
    return StockMovement(
        kind=StockMovement.Kind.ADJUSTED,
        variant_id=stock.variant_id,
        location_id=stock.location_id,
        on_hand_change=change,
        reason=reason,
        reference=reference,
        user_id=user_id,
    )


@transaction.atomic
def set_backorders(stock: Stock, *, limit: int, date: date | None) -> None:
    """Allow overselling the row by `limit` units, which can be sent from `date` on."""
    locked = Stock.objects.select_for_update().get(pk=stock.pk)
    replace_limit(locked, limit)
    Stock.objects.filter(pk=stock.pk).update(backorder_date=date)
