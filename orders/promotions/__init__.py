"""Promotions: their rules for pricing, their coupon codes, and the count of their uses."""

from orders.promotions.uses import (
    gifts_of,
    give_back_uses,
    hold_limits,
    keep_uses,
    plain_code,
    rules_of,
    scoped_collections,
    take_uses,
    take_uses_again,
)

__all__ = [
    "gifts_of",
    "give_back_uses",
    "hold_limits",
    "keep_uses",
    "plain_code",
    "rules_of",
    "scoped_collections",
    "take_uses",
    "take_uses_again",
]
