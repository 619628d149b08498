"""Units that are expected at a location: from purchase orders, and from transfers on their way. They are not available."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db.models import F

from catalog.models import PurchaseOrder, PurchaseOrderLine, Transfer, TransferLine


@dataclass(frozen=True)
class Incoming:
    """Units of one variant that are expected at one location, from one purchase order or one transfer."""

    units: int
    day: date | None = None
    purchase_id: int | None = None
    transfer_id: int | None = None


def incoming_of(variant_ids: Collection[int]) -> dict[tuple[int, int], list[Incoming]]:
    """What is expected, by (variant id, location id), with two queries. The earliest day comes first."""
    expected: dict[tuple[int, int], list[Incoming]] = defaultdict(list)
    ordered = PurchaseOrderLine.objects.filter(
        variant_id__in=list(variant_ids), order__status__in=PurchaseOrder.EXPECTED, received__lt=F("quantity")
    )
    for line in ordered.select_related("order").order_by(F("order__expected_on").asc(nulls_last=True), "order_id"):
        incoming = Incoming(line.missing, line.order.expected_on, purchase_id=line.order_id)
        expected[line.variant_id, line.order.location_id].append(incoming)
    sent = TransferLine.objects.filter(variant_id__in=list(variant_ids), transfer__status__in=Transfer.UNFINISHED)
    for moved in sent.select_related("transfer").order_by("transfer_id"):
        if moved.in_transit:
            incoming = Incoming(moved.in_transit, transfer_id=moved.transfer_id)
            expected[moved.variant_id, moved.transfer.destination_id].append(incoming)
    return dict(expected)
