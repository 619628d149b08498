"""Order the products of an earlier order again."""

from django.db import transaction
from django.utils import timezone

from catalog.markets import market_of
from catalog.prices import prices_at
from orders.cart.editing import add_units
from orders.errors import CartRefused
from orders.models import Cart, Order
from orders.pricing import can_be_derived, totals_of


@transaction.atomic
def order_again(cart: Cart, order: Order) -> list[str]:
    """Add the order's products to the cart again; return the titles of those that are no longer sold or available."""
    gifts = gift_positions(order)
    lines = [line for line in order.lines.select_related("variant__product") if line.position not in gifts]
    prices = prices_at([line.variant_id for line in lines if line.variant_id], market_of(cart.market))
    missing, now = [], timezone.now()
    for line in lines:
        variant, price = line.variant, prices.get(line.variant_id or 0)
        if not variant or not price or not variant.is_active or not variant.product.is_visible(now):
            missing.append(line.title)
        else:
            try:
                add_units(cart, variant.pk, line.quantity, most=variant.most_per_order, seen_minor=price.amount_minor)
            except CartRefused:
                missing.append(line.title)
    return missing


def gift_positions(order: Order) -> set[int]:
    """Return the positions of the order's free gifts, which are not ordered again: promotions add them."""
    if not can_be_derived(order.receipt):
        return set()
    return {position for position, line in enumerate(totals_of(order.receipt).lines, start=1) if line.gift_of}
