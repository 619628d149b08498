"""Promotions: their rules for pricing, their coupon codes, and the count of their uses."""

from orders.promotions.rules import (
    CartPromotion,
    entered_coupons,
    gifts_of,
    promotions_for,
    scoped_collections,
)
from orders.promotions.uses import (
    give_back_uses,
    hold_limits,
    keep_uses,
    plain_code,
    take_uses,
    take_uses_again,
)

__all__ = [
    "CartPromotion",
    "entered_coupons",
    "gifts_of",
    "give_back_uses",
    "hold_limits",
    "keep_uses",
    "plain_code",
    "promotions_for",
    "scoped_collections",
    "take_uses",
    "take_uses_again",
]
