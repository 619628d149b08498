"""Carts that become one: at login, when an order is given up, when something is ordered again (decision 0015)."""

import uuid

from django.db import connection, transaction
from django.utils import timezone

from catalog.markets import market_of
from catalog.prices import prices_at
from orders.cart import State, leave_market, put_in, touch
from orders.cart_codes import MAX_CODES
from orders.checkout_drafts import drop_foreign_draft, move_draft
from orders.errors import CartRefused, SoldOut
from orders.gift_lines import move_gift_lines
from orders.models import Cart, CartLine, Order
from orders.pricing import can_be_derived, totals_of

KEEP_SAVED = """
INSERT INTO orders_cartline (cart_id, variant_id, quantity, state, seen_minor, created_at, changed_at)
SELECT %s, variant_id, quantity, state, seen_minor, created_at, changed_at FROM orders_cartline
WHERE cart_id = %s AND state = 'saved' AND personal_key = '' ON CONFLICT (cart_id, variant_id, personal_key) DO NOTHING
"""


@transaction.atomic
def join_carts(token: uuid.UUID, user_id: int) -> None:
    """What was in the anonymous cart is in the user's.

    The cookie goes on naming the cart: the user's cart takes over the anonymous one's token.
    """
    anonymous = Cart.objects.select_for_update().filter(token=token, user=None, ordered_at=None).first()
    if not anonymous:
        return
    own = Cart.objects.select_for_update().filter(user_id=user_id, ordered_at=None).first()
    if not own:
        anonymous.user_id = user_id
        Cart.objects.filter(pk=anonymous.pk).update(user_id=user_id)
        drop_foreign_draft(anonymous)
        return
    _pour(anonymous, own)
    anonymous.delete()
    Cart.objects.filter(pk=own.pk).update(token=token)


@transaction.atomic
def add_cart(target: Cart, other: Cart | None) -> None:
    """What was in the other open cart is in the target too, and the other one is gone."""
    if other and other.is_open and other.pk != target.pk:
        _pour(other, target)
        other.delete()


@transaction.atomic
def bring_back(cart_id: uuid.UUID) -> Cart | None:
    """The things of a canceled order's cart are in an open one again, for whoever still holds the cookie.

    The old cart's row goes and its token moves to a new one, since an order names its cart for good; a shopper with an
    account who has begun another cart in the meantime finds them there. Its stock is freed after this, so the stock of
    now does not count. Returns the cart, or None where there is nobody to give it to.
    """
    old = Cart.objects.select_for_update().filter(pk=cart_id).first()
    if not old or old.is_open:
        return None
    cart = Cart.objects.select_for_update().filter(user_id=old.user_id or 0, ordered_at=None).first()
    if cart:
        _pour(old, cart, is_clamped=False)
        old.delete()
        return cart
    cart = Cart.objects.create(market=old.market, currency=old.currency, user_id=old.user_id, country=old.country)
    _pour(old, cart, is_clamped=False)
    token = old.token
    old.delete()
    Cart.objects.filter(pk=cart.pk).update(token=token)
    cart.refresh_from_db()
    return cart


@transaction.atomic
def order_again(cart: Cart, order: Order) -> list[str]:
    """What the order bought and is still sold is in the cart too; returns the titles of what is not."""
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
                put_in(cart, variant.pk, line.quantity, most=variant.most_per_order, seen_minor=price.amount_minor)
            except CartRefused:
                missing.append(line.title)
    return missing


def gift_positions(order: Order) -> set[int]:
    """Where in the order its gifts stand: they come with what they are given for."""
    if not can_be_derived(order.receipt):
        return set()
    return {position for position, line in enumerate(totals_of(order.receipt).lines, start=1) if line.gift_of}


def _pour(source: Cart, target: Cart, *, is_clamped: bool = True) -> None:
    """Quantities of one variant are added, saved lines stay saved, codes and gift cards join, texts of the target win.

    Clamped ones stop at what is available, and the line remembers what was asked for. What was said in another market,
    prices, codes and gift cards, does not count here.
    """
    if source.market != target.market:
        leave_market(source)
    move_gift_lines(source, target)
    lines = source.lines.filter(state=State.ACTIVE, variant__is_active=True, personal_key="").select_related("variant")
    for line in lines.order_by("pk"):
        try:
            _pour_line(line, target, is_clamped=is_clamped)
        except CartRefused:
            # A full cart: what does not fit is kept for later instead of being lost.
            CartLine.objects.filter(pk=line.pk).update(state=State.SAVED)
    with connection.cursor() as cursor:
        cursor.execute(KEEP_SAVED, [target.pk, source.pk])
    target.refresh_from_db()
    codes = list(dict.fromkeys([*target.codes, *source.codes]))[:MAX_CODES]
    Cart.objects.filter(pk=target.pk).update(
        codes=codes,
        note=target.note or source.note,
        gift_message=target.gift_message or source.gift_message,
        country=target.country or source.country,
    )
    target.gift_cards.add(*source.gift_cards.all())
    move_draft(source, target)
    touch(target)
    target.refresh_from_db()


def _pour_line(line: CartLine, target: Cart, *, is_clamped: bool) -> None:
    """What is sold out goes over too: the cart says so instead of losing it."""
    facts = {"most": line.variant.most_per_order, "seen_minor": line.seen_minor}
    try:
        put_in(target, line.variant_id, line.quantity, **facts, is_clamped=is_clamped)
    except SoldOut:
        put_in(target, line.variant_id, line.quantity, **facts, is_clamped=False)
