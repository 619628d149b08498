"""Some currencies are charged in whole steps of minor units: what is left over is a discount (decision 0005)."""

from collections.abc import Mapping, Sequence

from catalog.money import apportion, charge_step
from orders.pricing.facts import Line


def left_over(total_minor: int, currency: str) -> int:
    """What a total is above the last whole step that can be charged."""
    return total_minor % charge_step(currency)


def who_bears(
    rest: int, lines: Sequence[Line], amounts: Mapping[str, int], shipping_minor: int
) -> tuple[dict[str, int], int]:
    """What of the rest comes off each line (by key) and off the delivery.

    The line with most to pay bears it, or else the delivery; where neither can, all of them together. Never a gift
    card, which is money.
    """
    goods = [line.key for line in lines if not line.is_gift_card]
    largest = max(goods, key=lambda key: amounts[key], default=None)
    if largest and amounts[largest] >= rest:
        return {largest: rest}, 0
    if shipping_minor >= rest:
        return {}, rest
    weights = [*(amounts[key] for key in goods), shipping_minor]
    *parts, of_delivery = apportion(min(rest, sum(weights)), weights)
    return dict(zip(goods, parts, strict=True)), of_delivery
