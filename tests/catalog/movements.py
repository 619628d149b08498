"""Stock calculated from the movements alone."""

from datetime import datetime

from django.db.models import Sum

from catalog.models import StockMovement


def moved_until(moment: datetime, variant_ids: list[int] | None = None) -> dict[tuple[int, int], tuple[int, int]]:
    """(on hand, reserved) by (variant id, location id) at that time, added up from the movements."""
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
