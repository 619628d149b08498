"""Purchase orders: draft, order, close and cancel them. Receiving their goods is in receiving.py."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone

from catalog.errors import StockRefused
from catalog.inventory.receiving import MAX_RECEIVED, Arrival, lock_purchase, refuse_costs
from catalog.models import Location, PurchaseOrder, PurchaseOrderLine


@dataclass(frozen=True)
class PurchaseTerms:
    """What staff enter about a purchase order, besides its lines."""

    supplier: str
    location: Location
    currency: str
    expected_on: date | None = None
    note: str = ""


class PurchaseChanged(StockRefused):
    """Somebody else changed the purchase order after the form was opened. Nothing was changed."""

    def __init__(self, purchase: PurchaseOrder) -> None:
        who = purchase.changed_by or "Somebody else"
        super().__init__(
            f"{who} changed this order while the page was open. Nothing was saved: compare and save again."
        )
        self.purchase = purchase


@transaction.atomic
def draft_purchase(
    terms: PurchaseTerms, lines: Mapping[int, Arrival], *, key: uuid.UUID | None = None, user_id: int | None = None
) -> PurchaseOrder:
    """Create a draft with these lines (by variant id). A repeated key returns the first draft."""
    _refuse(terms, lines)
    purchase, is_new = PurchaseOrder.objects.get_or_create(
        key=key or uuid.uuid4(), defaults={**vars(terms), "user_id": user_id, "changed_by_id": user_id}
    )
    if is_new:
        _write_lines(purchase, lines)
    return purchase


@transaction.atomic
def edit_purchase(
    purchase: PurchaseOrder,
    terms: PurchaseTerms,
    lines: Mapping[int, Arrival],
    *,
    seen_version: int,
    user_id: int | None = None,
) -> PurchaseOrder:
    """Replace the terms and the lines. Lines can be changed until something of the order was received.

    Raises PurchaseChanged if the order has another version than `seen_version`, and StockRefused if it is closed.
    """
    _refuse(terms, lines)
    locked = lock_purchase(purchase.pk)
    if locked.version != seen_version:
        raise PurchaseChanged(locked)
    if locked.status not in (PurchaseOrder.Status.DRAFT, PurchaseOrder.Status.ORDERED):
        raise StockRefused(f"{locked} is {locked.get_status_display().lower()}, so it cannot be changed.")
    for name, value in vars(terms).items():
        setattr(locked, name, value)
    locked.version += 1
    locked.changed_by_id = user_id
    locked.save()
    locked.lines.all().delete()
    _write_lines(locked, lines)
    return locked


@transaction.atomic
def order_purchase(purchase: PurchaseOrder, *, user_id: int | None = None) -> PurchaseOrder:
    """Record that the draft was sent to the supplier. From now on its units are expected."""
    return _move(purchase, [PurchaseOrder.Status.DRAFT], PurchaseOrder.Status.ORDERED, "ordered", user_id)


@transaction.atomic
def cancel_purchase(purchase: PurchaseOrder, *, user_id: int | None = None) -> PurchaseOrder:
    """Cancel a purchase order of which nothing was received."""
    expected = [PurchaseOrder.Status.DRAFT, PurchaseOrder.Status.ORDERED]
    return _move(purchase, expected, PurchaseOrder.Status.CANCELED, "canceled", user_id)


@transaction.atomic
def close_purchase(purchase: PurchaseOrder, *, user_id: int | None = None) -> PurchaseOrder:
    """Stop expecting the rest of a partly received purchase order."""
    return _move(purchase, [PurchaseOrder.Status.PARTLY], PurchaseOrder.Status.RECEIVED, "closed", user_id)


def _move(
    purchase: PurchaseOrder,
    expected: list[PurchaseOrder.Status],
    status: PurchaseOrder.Status,
    verb: str,
    user_id: int | None,
) -> PurchaseOrder:
    """Change the status of the locked order. Raises StockRefused unless it has one of the expected ones."""
    locked = lock_purchase(purchase.pk)
    if locked.status not in expected:
        raise StockRefused(f"{locked} is {locked.get_status_display().lower()}, so it cannot be {verb}.")
    locked.status = status
    locked.version += 1
    locked.changed_by_id = user_id
    if status == PurchaseOrder.Status.ORDERED:
        locked.ordered_at = timezone.now()
    else:
        locked.closed_at = timezone.now()
    locked.save(update_fields=["status", "version", "changed_by", "ordered_at", "closed_at"])
    return locked


def _write_lines(purchase: PurchaseOrder, lines: Mapping[int, Arrival]) -> None:
    PurchaseOrderLine.objects.bulk_create(
        PurchaseOrderLine(
            order=purchase, variant_id=variant_id, quantity=line.quantity, unit_cost_minor=line.unit_cost_minor
        )
        for variant_id, line in lines.items()
    )


def _refuse(terms: PurchaseTerms, lines: Mapping[int, Arrival]) -> None:
    if not terms.supplier.strip():
        raise StockRefused("Enter the supplier.")
    if not lines:
        raise StockRefused("Enter what is ordered.")
    if not all(0 < line.quantity <= MAX_RECEIVED for line in lines.values()):
        raise StockRefused(f"Order between 1 and {MAX_RECEIVED:,} units of each variant.")
    refuse_costs(lines, terms.currency)
