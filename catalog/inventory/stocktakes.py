"""Stocktakes: open a count, enter numbers, and post the differences, while the shop keeps selling."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from catalog.errors import StockRefused
from catalog.inventory.rows import MAX_ON_HAND, locked_rows, refuse_uncounted, write_on_hand_of_many
from catalog.models import Location, Stock, StockMovement, Stocktake, StocktakeLine, Variant


@dataclass(frozen=True)
class Counted:
    """What a line said before and after it was counted; None before the first count."""

    variant_id: int
    before: int | None
    after: int


@transaction.atomic
def open_stocktake(
    location: Location,
    variant_ids: Iterable[int] | None = None,
    *,
    note: str = "",
    is_blind: bool = False,
    key: uuid.UUID | None = None,
    user_id: int | None = None,
) -> Stocktake:
    """Open a stocktake of these variants, or of everything at the location, with the current numbers on hand.

    In a blind one, whoever counts does not see the numbers on hand, and it must be finished before it can be posted.
    A repeated key returns the first stocktake.
    """
    rows = Stock.objects.filter(location=location)
    if variant_ids is not None:
        rows = rows.filter(variant_id__in=list(variant_ids))
    fields = {"location": location, "note": note, "is_blind": is_blind, "user_id": user_id}
    stocktake, is_new = Stocktake.objects.get_or_create(key=key or uuid.uuid4(), defaults=fields)
    if not is_new:
        return stocktake
    lines = [
        StocktakeLine(stocktake=stocktake, variant_id=v, frozen=n)
        for v, n in rows.order_by("variant__product__title", "variant_id").values_list("variant_id", "on_hand")
    ]
    StocktakeLine.objects.bulk_create(lines, batch_size=1000)
    return stocktake


@transaction.atomic
def count(stocktake: Stocktake, counted: Mapping[int, int]) -> list[Counted]:
    """Record the counted units by variant id, with the number on hand at this moment; return the changed lines.

    Because of that, units shipped before or after counting are not a difference. Unexpected variants are added, and a
    second count replaces the first. Raises StockRefused, and records nothing, for a negative number, or for a variant
    counted in another open stocktake of the location, because both would correct the same difference.
    """
    locked = _locked(stocktake, Stocktake.Status.OPEN)
    return _write_counted(locked, counted)


@transaction.atomic
def count_more(stocktake: Stocktake, pieces: Mapping[int, int]) -> list[Counted]:
    """Add pieces to the counted units by variant id, as a scanner counts them. Otherwise like count()."""
    locked = _locked(stocktake, Stocktake.Status.OPEN)
    before = dict(locked.lines.filter(variant_id__in=list(pieces)).values_list("variant_id", "counted"))
    return _write_counted(locked, {pk: number + (before.get(pk) or 0) for pk, number in pieces.items()})


def _write_counted(locked: Stocktake, counted: Mapping[int, int]) -> list[Counted]:
    """Record the counted units of a locked stocktake, with the numbers on hand at this moment."""
    _refuse_impossible(counted)
    refuse_uncounted(Variant.objects.select_related("product").filter(pk__in=list(counted), is_tracked=False))
    rows = locked_rows(counted, locked.location)
    _refuse_if_counted_elsewhere(locked, counted)
    StocktakeLine.objects.bulk_create(
        [StocktakeLine(stocktake=locked, variant_id=v, frozen=rows[v].on_hand) for v in counted], ignore_conflicts=True
    )
    lines = list(locked.lines.filter(variant_id__in=list(counted)).order_by("pk"))
    changes = [Counted(line.variant_id, line.counted, counted[line.variant_id]) for line in lines]
    for line in lines:
        line.counted, line.expected = counted[line.variant_id], rows[line.variant_id].on_hand
    StocktakeLine.objects.bulk_update(lines, ["counted", "expected"], batch_size=1000)
    return [change for change in changes if change.before != change.after]


def _refuse_impossible(counted: Mapping[int, int]) -> None:
    if any(quantity < 0 for quantity in counted.values()):
        raise StockRefused("A counted number cannot be negative.")
    if any(quantity > MAX_ON_HAND for quantity in counted.values()):
        raise StockRefused(f"The stock of a variant can be at most {MAX_ON_HAND:,} units.")


def _refuse_if_counted_elsewhere(stocktake: Stocktake, variant_ids: Iterable[int]) -> None:
    """Raise StockRefused if another open stocktake has counted one of the variants, as both would correct it."""
    others = StocktakeLine.objects.filter(
        stocktake__status__in=Stocktake.UNFINISHED,
        stocktake__location=stocktake.location,
        variant_id__in=list(variant_ids),
        counted__isnull=False,
    )
    other = others.exclude(stocktake=stocktake).select_related("variant__product", "stocktake").first()
    if other:
        raise StockRefused(f"{other.variant} is already being counted in {other.stocktake}. Post that count first.")


@transaction.atomic
def finish(stocktake: Stocktake) -> None:
    """Hand the count over for review. Raises StockRefused if nothing was counted."""
    locked = _locked(stocktake, Stocktake.Status.OPEN)
    if not locked.lines.filter(counted__isnull=False).exists():
        raise StockRefused("Nothing has been counted yet.")
    locked.status = Stocktake.Status.REVIEW
    locked.save(update_fields=["status"])


@transaction.atomic
def count_again(stocktake: Stocktake) -> int:
    """Return a reviewed count to whoever counts, without the numbers that differ; return how many those are."""
    locked = _locked(stocktake, Stocktake.Status.REVIEW)
    locked.status = Stocktake.Status.OPEN
    locked.save(update_fields=["status"])
    return differing_lines(locked).update(counted=None, expected=None)


def differing_lines(stocktake: Stocktake) -> QuerySet[StocktakeLine]:
    """The lines whose counted units differ from those on hand when they were counted."""
    return stocktake.lines.filter(counted__isnull=False).exclude(counted=F("expected"))


@transaction.atomic
def post(stocktake: Stocktake, *, user_id: int | None = None) -> int:
    """Correct the stock by all differences and close the stocktake; return the number of corrected rows.

    Variants that were not counted stay unchanged. Raises StockRefused, and corrects nothing, if a level would become
    negative, if the stocktake is closed, or if it is a blind count that is not finished.
    """
    locked = _locked(stocktake, *Stocktake.UNFINISHED)
    if locked.is_blind and locked.status == Stocktake.Status.OPEN:
        raise StockRefused("Finish this blind count first. Then its differences can be reviewed and posted.")
    differing = {line.variant_id: line.variance for line in locked.lines.all() if line.variance}
    rows = locked_rows(differing, locked.location)
    for variant_id, stock in rows.items():
        if stock.on_hand + differing[variant_id] < 0:
            raise StockRefused(f"Only {stock.on_hand} of {stock.variant} are on hand now. Count it again.")
    movements = {
        stock.pk: StockMovement(
            kind=StockMovement.Kind.ADJUSTED,
            on_hand_change=differing[variant_id],
            reference=f"stocktake:{locked.pk}",
            reason="counted",
            user_id=user_id,
        )
        for variant_id, stock in rows.items()
    }
    write_on_hand_of_many(rows.values(), movements)
    locked.status, locked.posted_at = Stocktake.Status.POSTED, timezone.now()
    locked.save(update_fields=["status", "posted_at"])
    return len(differing)


@transaction.atomic
def cancel(stocktake: Stocktake) -> None:
    """Cancel the stocktake without correcting any stock. Raises StockRefused if it is closed."""
    locked = _locked(stocktake, *Stocktake.UNFINISHED)
    locked.status = Stocktake.Status.CANCELED
    locked.save(update_fields=["status"])


def _locked(stocktake: Stocktake, *expected: Stocktake.Status) -> Stocktake:
    """The locked stocktake. Raises StockRefused unless it has one of the expected states."""
    locked = lock_stocktake(stocktake.pk)
    if locked.status == Stocktake.Status.REVIEW and locked.status not in expected:
        raise StockRefused("This count is finished and waits for its review.")
    if locked.status == Stocktake.Status.OPEN and locked.status not in expected:
        raise StockRefused("This count is not finished yet.")
    if locked.status not in expected:
        raise StockRefused(f"This count is already {locked.get_status_display().lower()}.")
    return locked


def lock_stocktake(stocktake_id: int) -> Stocktake:
    """Return the current stocktake, locked until the transaction ends."""
    return Stocktake.objects.select_for_update(of=("self",)).get(pk=stocktake_id)
