"""How many units were on hand after each movement of one variant."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet, Sum

from catalog.models import Location, Stock, StockMovement


def balances_after(movements: Sequence[StockMovement], location: Location | None) -> dict[int, int]:
    """The units on hand after each of these movements of one variant, by its id: at the location, or at all.

    They are calculated back from the units on hand now, with two queries that read only what happened since.
    """
    if not movements:
        return {}
    place: dict[str, Any] = {"variant": movements[0].variant_id} | ({"location": location} if location else {})
    now = Stock.objects.filter(**place).aggregate(units=Sum("on_hand"))["units"] or 0
    since = _newer(StockMovement.objects.filter(**place), movements[-1])
    later = since.aggregate(**{f"after_{each.pk}": Sum("on_hand_change", filter=_is_newer(each)) for each in movements})
    return {each.pk: now - (later[f"after_{each.pk}"] or 0) for each in movements}


def _newer(rows: QuerySet[StockMovement], movement: StockMovement) -> QuerySet[StockMovement]:
    # The first condition is for the index.
    return rows.filter(_is_newer(movement), created_at__gte=movement.created_at).order_by()


def _is_newer(movement: StockMovement) -> Q:
    return Q(created_at__gt=movement.created_at) | Q(created_at=movement.created_at, pk__gt=movement.pk)
