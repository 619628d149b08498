"""What blind counts hide: the levels of their lines, from staff who count but may not review, until they are closed."""

from collections.abc import Iterable

from django.contrib.auth.models import PermissionsMixin
from django.db.models import Exists, OuterRef, QuerySet

from catalog.admin.stock.quantities import MAY_CHANGE_STOCK
from catalog.models import Stock, Stocktake, StocktakeLine

MAY_REVIEW = "catalog.review_stocktake"
BEING_COUNTED = "Being counted"
Place = tuple[int, int]  # (variant id, location id)


def is_counting_only(user: PermissionsMixin) -> bool:
    """Whether the user counts stock and may not review blind counts."""
    return user.has_perm(MAY_CHANGE_STOCK) and not user.has_perm(MAY_REVIEW)


def hidden_levels(user: PermissionsMixin, variant_ids: Iterable[int]) -> set[Place]:
    """Where the user must not see how many units of these variants there are, with at most one query."""
    if not is_counting_only(user):
        return set()
    lines = _hidden_lines().filter(variant_id__in=list(variant_ids))
    return set(lines.values_list("variant_id", "stocktake__location_id"))


def without_hidden(user: PermissionsMixin, rows: QuerySet[Stock]) -> QuerySet[Stock]:
    """The stock rows without those whose levels the user must not see, for lists that only low ones are in."""
    if not is_counting_only(user):
        return rows
    same = {"variant": OuterRef("variant"), "stocktake__location": OuterRef("location")}
    return rows.filter(~Exists(_hidden_lines().filter(**same)))


def _hidden_lines() -> QuerySet[StocktakeLine]:
    return StocktakeLine.objects.filter(stocktake__is_blind=True, stocktake__status__in=Stocktake.UNFINISHED)
