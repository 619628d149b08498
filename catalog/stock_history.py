"""What the ledger of stock says: the counters of any past moment, and which row disagrees first."""

from datetime import datetime

from django.db.models import Sum

from catalog.models import StockMovement


def stock_at(moment: datetime, variant_ids: list[int] | None = None) -> dict[tuple[int, int], tuple[int, int]]:
    """(on hand, reserved) by (variant, location) as of that moment, from the movements alone."""
    movements = StockMovement.objects.filter(created_at__lte=moment)
    if variant_ids is not None:
        movements = movements.filter(variant_id__in=variant_ids)
    sums = movements.order_by().values_list("variant_id", "location_id")
    return {
        (variant_id, location_id): (on_hand, reserved)
        for variant_id, location_id, on_hand, reserved in sums.annotate(
            on_hand=Sum("on_hand_change"), reserved=Sum("reserved_change")
        )
    }
