"""Whether promotions run, are planned, have ended or are off, and switching many of them."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from orders.models import Promotion
from orders.promotions.coupons import usable_codes

RUNNING, PLANNED, ENDED, OFF = "running", "planned", "ended", "off"

STATES: dict[str, Callable[[datetime], Q]] = {
    RUNNING: lambda now: Q(is_active=True) & (Q(begins_at=None) | Q(begins_at__lte=now)) & _is_open(now),
    PLANNED: lambda now: Q(is_active=True, begins_at__gt=now),
    ENDED: lambda now: Q(is_active=True, ends_at__lte=now),
    OFF: lambda now: Q(is_active=False),
}


def _is_open(now: datetime) -> Q:
    return Q(ends_at=None) | Q(ends_at__gt=now)


def state_of(promotion: Promotion, now: datetime) -> str:
    """The key of STATES that the promotion is in."""
    if not promotion.is_active:
        return OFF
    if promotion.begins_at and promotion.begins_at > now:
        return PLANNED
    return ENDED if promotion.ends_at and promotion.ends_at <= now else RUNNING


@transaction.atomic
def switch(promotions: QuerySet[Promotion], *, is_on: bool) -> tuple[list[Promotion], list[Promotion]]:
    """Switch these promotions on or off; return those that changed, and those that cannot be switched on.

    A promotion that needs a code and has none that can be used stays off.
    """
    changed, refused = [], []
    for promotion in promotions.select_for_update(of=("self",), no_key=True).order_by("pk"):
        if promotion.is_active == is_on:
            continue
        if is_on and promotion.needs_code and not usable_codes(promotion).exists():
            refused.append(promotion)
            continue
        Promotion.objects.filter(pk=promotion.pk).update(is_active=is_on)
        changed.append(promotion)
    return changed, refused
