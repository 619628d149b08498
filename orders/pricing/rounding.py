"""Round a total down to a step that its currency can be charged in; the remainder is a discount (decision 0005)."""

from collections.abc import Mapping, Sequence

from catalog.money import apportion, charge_step
from orders.pricing.basket import Line


def remainder_of(total_minor: int, currency: str) -> int:
    """Return the part of a total above the last whole step that can be charged, in minor units."""
    return total_minor % charge_step(currency)


def split_remainder(
    remainder: int, lines: Sequence[Line], amounts: Mapping[str, int], shipping_minor: int
) -> tuple[dict[str, int], int]:
    """Split the remainder into discounts on lines (by key) and a discount on the delivery, in minor units.

    The line with most left to pay gets all of it or, if that is too little, the delivery; otherwise all share it. Gift
    cards get nothing, because they are money.
    """
    goods = [line.key for line in lines if not line.is_gift_card]
    largest = max(goods, key=lambda key: amounts[key], default=None)
    if largest and amounts[largest] >= remainder:
        return {largest: remainder}, 0
    if shipping_minor >= remainder:
        return {}, remainder
    weights = [*(amounts[key] for key in goods), shipping_minor]
    *parts, of_delivery = apportion(min(remainder, sum(weights)), weights)
    return dict(zip(goods, parts, strict=True)), of_delivery
