"""Transfers of stock between locations: sending units, and receiving them or writing them off."""

import uuid
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils import timezone

from catalog.errors import StockRefused
from catalog.inventory.availability import in_stock_of
from catalog.inventory.rows import locked_rows, refuse_uncounted, write_on_hand
from catalog.models import Location, StockMovement, Transfer, TransferLine, Variant


class TooFewToSend(StockRefused):
    """The source has too few unreserved units. `short` has those that it has, by variant id. Nothing was sent."""

    def __init__(self, short: Mapping[int, int], source: Location) -> None:
        variants = Variant.objects.select_related("product").in_bulk(list(short))
        super().__init__(" ".join(f"Only {n} of {variants[pk]} are available at {source}." for pk, n in short.items()))
        self.short = short


@transaction.atomic
def send(
    quantities: Mapping[int, int],
    *,
    source: Location,
    destination: Location,
    note: str = "",
    key: uuid.UUID | None = None,
    user_id: int | None = None,
) -> Transfer:
    """Send units (by variant) from one location to another. A repeated key returns the existing transfer.

    Raises TooFewToSend, and sends nothing, if the source has too few unreserved units, and StockRefused if one of the
    locations is closed or the stock of a variant is not counted.
    """
    if source == destination:
        raise StockRefused("Choose two different locations.")
    if not quantities or min(quantities.values()) <= 0:
        raise StockRefused("Enter how many units are sent. Each number must be positive.")
    fields = {"source": source, "destination": destination, "note": note, "user_id": user_id}
    transfer, is_new = Transfer.objects.get_or_create(key=key or uuid.uuid4(), defaults=fields)
    if not is_new:
        return transfer
    _refuse_closed(source, destination)
    refuse_uncounted(Variant.objects.select_related("product").filter(pk__in=list(quantities), is_tracked=False))
    lines = [TransferLine(transfer=transfer, variant_id=pk, quantity=n) for pk, n in quantities.items()]
    TransferLine.objects.bulk_create(lines)
    rows = locked_rows(quantities, source)
    if short := {pk: in_stock_of(rows[pk]) for pk, n in quantities.items() if n > in_stock_of(rows[pk])}:
        raise TooFewToSend(short, source)
    for variant_id, stock in rows.items():
        write_on_hand(stock, _movement(StockMovement.Kind.SENT, -quantities[variant_id], transfer, user_id))
    return transfer


@transaction.atomic
def receive_transfer(
    transfer: Transfer,
    received: Mapping[int, int],
    *,
    is_complete: bool = False,
    seen: Mapping[int, int] | None = None,
    user_id: int | None = None,
) -> Transfer:
    """Receive units (by transfer line). The rest stays missing, or is written off as lost if `is_complete`.

    `seen` has the units in transit that the user saw, by line. Raises StockRefused, and receives nothing, if they have
    changed since, so that a form submitted twice receives once, or if more units arrive than are in transit.
    """
    locked, lines = lock_transfer(transfer.pk)
    if locked.status == Transfer.Status.RECEIVED:
        raise StockRefused("This transfer has already been received.")
    if seen is not None and any(line.in_transit != seen.get(line.pk) for line in lines):
        raise StockRefused("Something of this transfer was received while the page was open. Please check it again.")
    arrived = {line.variant_id: received.get(line.pk, 0) for line in lines}
    for line in lines:
        if not 0 <= arrived[line.variant_id] <= line.in_transit:
            raise StockRefused(
                f"{line.in_transit} of {line.variant} are in transit, so {arrived[line.variant_id]} cannot arrive."
            )
        line.received += arrived[line.variant_id]
        line.lost += line.in_transit if is_complete else 0
    TransferLine.objects.bulk_update(lines, ["received", "lost"])
    wanted = [variant_id for variant_id, quantity in arrived.items() if quantity]
    for variant_id, stock in locked_rows(wanted, locked.destination).items():
        write_on_hand(stock, _movement(StockMovement.Kind.ARRIVED, arrived[variant_id], locked, user_id))
    return _with_status(locked, lines)


@transaction.atomic
def return_missing(transfer: Transfer, *, user_id: int | None = None) -> Transfer:
    """Put all units that did not arrive back into the stock of the source, and close the transfer."""
    locked, lines = lock_transfer(transfer.pk)
    if locked.status == Transfer.Status.RECEIVED:
        raise StockRefused("This transfer has already been received.")
    back = {line.variant_id: line.in_transit for line in lines if line.in_transit}
    for line in lines:
        line.returned += line.in_transit
    TransferLine.objects.bulk_update(lines, ["returned"])
    for variant_id, stock in locked_rows(back, locked.source).items():
        write_on_hand(stock, _movement(StockMovement.Kind.ARRIVED, back[variant_id], locked, user_id))
    return _with_status(locked, lines)


def _refuse_closed(*locations: Location) -> None:
    """Raise StockRefused if one of the locations was closed in the meantime."""
    closed = Location.objects.filter(pk__in=[location.pk for location in locations], is_active=False).first()
    if closed:
        raise StockRefused(f"{closed} is closed, so nothing can be sent from there or to it.")


def _with_status(locked: Transfer, lines: Sequence[TransferLine]) -> Transfer:
    """Write the status that follows from the lines of a locked transfer."""
    if not any(line.in_transit for line in lines):
        locked.status, locked.received_at = Transfer.Status.RECEIVED, timezone.now()
    elif any(line.in_transit < line.quantity for line in lines):
        locked.status = Transfer.Status.PARTLY
    locked.save(update_fields=["status", "received_at"])
    return locked


def lock_transfer(transfer_id: int) -> tuple[Transfer, list[TransferLine]]:
    """Return the current transfer and its lines, locked until the transaction ends."""
    transfer = Transfer.objects.select_for_update().get(pk=transfer_id)
    return transfer, list(transfer.lines.order_by("pk").select_for_update())


def _movement(kind: StockMovement.Kind, change: int, transfer: Transfer, user_id: int | None) -> StockMovement:
    return StockMovement(kind=kind, on_hand_change=change, reference=f"transfer:{transfer.pk}", user_id=user_id)
