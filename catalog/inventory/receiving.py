"""Goods arrive: many lines at once, with or without a purchase order."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from catalog.errors import StockRefused
from catalog.formats import listed, money
from catalog.inventory.rows import locked_rows, refuse_uncounted, write_on_hand_of_many
from catalog.models import (
    Location,
    PurchaseOrder,
    PurchaseOrderLine,
    Receipt,
    ReceiptLine,
    StockMovement,
    Variant,
)
from catalog.models.receiving import MAX_UNIT_COST_MINOR

MAX_RECEIVED = 1_000_000  # units of one line of a delivery


@dataclass(frozen=True)
class Arrival:
    """The units of one variant that arrived, with what one of them cost in minor units, if that is known."""

    quantity: int
    unit_cost_minor: int | None = None


@dataclass(frozen=True)
class Surplus:
    """The units of one variant that arrived, and how many of them a purchase order still expects."""

    variant: Variant
    arrived: int
    expected: int

    def __str__(self) -> str:
        if self.expected:
            return f"{self.arrived} × {self.variant} ({self.expected} expected)"
        return f"{self.arrived} × {self.variant} (none expected)"


class MoreThanOrdered(StockRefused):
    """More arrived than was ordered, and nobody has confirmed that. Nothing was changed."""

    def __init__(self, surplus: list[Surplus]) -> None:
        super().__init__(f"More arrived than was ordered: {listed(surplus)}.")
        self.surplus = surplus


@dataclass(frozen=True)
class Delivery:
    """Where and with which papers goods arrived. `currency` is that of the unit costs."""

    location: Location
    currency: str
    purchase: PurchaseOrder | None = None
    delivery_note: str = ""
    note: str = ""
    key: uuid.UUID | None = None


@transaction.atomic
def receive_delivery(
    delivery: Delivery,
    arrivals: Mapping[int, Arrival],
    *,
    is_surplus_accepted: bool = False,
    user_id: int | None = None,
) -> Receipt:
    """Add everything that arrived (by variant id) to the stock at the location. A repeated key returns the first receipt.

    With a purchase order, its lines and its status follow. Raises MoreThanOrdered if more arrived than it expects,
    unless that was accepted, and StockRefused for quantities and costs that are not possible, for variants whose stock is
    not counted, and for purchase orders that expect nothing. Then nothing is received.
    """
    _refuse_quantities(arrivals)
    refuse_costs(arrivals, delivery.currency)
    refuse_uncounted(Variant.objects.select_related("product").filter(pk__in=list(arrivals), is_tracked=False))
    fields = {
        "location": delivery.location,
        "purchase": delivery.purchase,
        "delivery_note": delivery.delivery_note,
        "note": delivery.note,
        "currency": delivery.currency,
        "user_id": user_id,
    }
    receipt, is_new = Receipt.objects.get_or_create(key=delivery.key or uuid.uuid4(), defaults=fields)
    if not is_new:
        return receipt
    ordered = _receive_against(delivery.purchase, arrivals, is_surplus_accepted) if delivery.purchase else set()
    ReceiptLine.objects.bulk_create(
        ReceiptLine(
            receipt=receipt,
            variant_id=variant_id,
            quantity=arrival.quantity,
            unit_cost_minor=arrival.unit_cost_minor,
            is_ordered=variant_id in ordered,
        )
        for variant_id, arrival in arrivals.items()
    )
    rows = locked_rows(arrivals, delivery.location).values()
    write_on_hand_of_many(
        rows,
        {
            stock.pk: StockMovement(
                kind=StockMovement.Kind.RECEIVED,
                on_hand_change=arrivals[stock.variant_id].quantity,
                reference=f"receipt:{receipt.pk}",
                reason=delivery.delivery_note,
                user_id=user_id,
            )
            for stock in rows
        },
    )
    return receipt


def surplus_of(lines: Iterable[PurchaseOrderLine], arrivals: Mapping[int, Arrival]) -> list[Surplus]:
    """What arrived beyond the units that the lines of a purchase order still expect."""
    expected = {line.variant_id: line.missing for line in lines}
    over = {pk: arrival.quantity for pk, arrival in arrivals.items() if arrival.quantity > expected.get(pk, 0)}
    variants = Variant.objects.select_related("product").in_bulk(list(over))
    return [Surplus(variants[pk], quantity, expected.get(pk, 0)) for pk, quantity in over.items()]


def lock_purchase(purchase_id: int) -> PurchaseOrder:
    """Return the current purchase order, locked until the transaction ends."""
    return PurchaseOrder.objects.select_for_update(of=("self",)).get(pk=purchase_id)


def _receive_against(purchase: PurchaseOrder, arrivals: Mapping[int, Arrival], is_surplus_accepted: bool) -> set[int]:
    """Add what arrived to the lines of the purchase order, and return the variants that it has lines for."""
    locked = lock_purchase(purchase.pk)
    if locked.status not in PurchaseOrder.EXPECTED:
        raise StockRefused(f"{locked} is {locked.get_status_display().lower()}, so nothing can be received for it.")
    lines = list(locked.lines.order_by("pk"))
    if not is_surplus_accepted and (surplus := surplus_of(lines, arrivals)):
        raise MoreThanOrdered(surplus)
    for line in lines:
        line.received += arrivals[line.variant_id].quantity if line.variant_id in arrivals else 0
    PurchaseOrderLine.objects.bulk_update(lines, ["received"])
    is_whole = not any(line.missing for line in lines)
    locked.status = PurchaseOrder.Status.RECEIVED if is_whole else PurchaseOrder.Status.PARTLY
    locked.closed_at = timezone.now() if is_whole else None
    locked.save(update_fields=["status", "closed_at"])
    return {line.variant_id for line in lines}


def _refuse_quantities(arrivals: Mapping[int, Arrival]) -> None:
    if not arrivals:
        raise StockRefused("Enter what arrived.")
    if min(arrival.quantity for arrival in arrivals.values()) <= 0:
        raise StockRefused("Only a positive number can be received.")
    if max(arrival.quantity for arrival in arrivals.values()) > MAX_RECEIVED:
        raise StockRefused(f"At most {MAX_RECEIVED:,} units of a variant can be received at once.")


def refuse_costs(arrivals: Mapping[int, Arrival], currency: str) -> None:
    """Raise StockRefused for a unit cost that is negative or too high."""
    costs = [arrival.unit_cost_minor for arrival in arrivals.values() if arrival.unit_cost_minor is not None]
    if costs and max(costs) > MAX_UNIT_COST_MINOR:
        raise StockRefused(f"A unit can cost at most {money(MAX_UNIT_COST_MINOR, currency)}.")
    if costs and min(costs) < 0:
        raise StockRefused("A unit cost cannot be negative.")
