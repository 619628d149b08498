"""Merge carts: at login, and when an unpaid order is canceled (decision 0015)."""

import uuid

from django.db import connection, transaction

from orders.cart.codes import MAX_CODES
from orders.cart.drafts import drop_foreign_draft, move_draft
from orders.cart.editing import State, add_units, leave_market, lock_cart, raise_version
from orders.cart.gift_lines import move_gift_lines
from orders.errors import CartRefused, SoldOut
from orders.models import Cart, CartLine

KEEP_SAVED = """
INSERT INTO orders_cartline (cart_id, variant_id, quantity, state, seen_minor, created_at, changed_at)
SELECT %s, variant_id, quantity, state, seen_minor, created_at, changed_at FROM orders_cartline
WHERE cart_id = %s AND state = 'saved' AND personal_key = '' ON CONFLICT (cart_id, variant_id, personal_key) DO NOTHING
"""


@transaction.atomic
def join_carts(token: uuid.UUID, user_id: int) -> None:
    """Merge the anonymous cart with this token into the user's cart.

    The user's cart takes over the token, so that the shopper's cookie stays valid.
    """
    anonymous = lock_cart(token=token, user=None, ordered_at=None)
    if not anonymous:
        return
    user_cart = lock_cart(user_id=user_id, ordered_at=None)
    if not user_cart:
        anonymous.user_id = user_id
        Cart.objects.filter(pk=anonymous.pk).update(user_id=user_id)
        drop_foreign_draft(anonymous)
        return
    _merge(anonymous, user_cart)
    anonymous.delete()
    Cart.objects.filter(pk=user_cart.pk).update(token=token)


@transaction.atomic
def add_cart(target: Cart, other: Cart | None) -> None:
    """Merge the other open cart into the target and delete it."""
    if other and other.is_open and other.pk != target.pk:
        _merge(other, target)
        other.delete()


@transaction.atomic
def restore_cart(cart_id: uuid.UUID) -> Cart | None:
    """Move the lines of a canceled order's cart to an open cart; return it, or None if the cart is gone or open.

    A shopper with an account and another open cart gets the lines there. Otherwise a new cart takes over the old cart's
    token, because an order refers to its cart for good, and the old row is deleted. Stock is ignored, because the order
    still holds its reservations at this moment.
    """
    old = lock_cart(pk=cart_id)
    if not old or old.is_open:
        return None
    cart = lock_cart(user_id=old.user_id or 0, ordered_at=None)
    if cart:
        _merge(old, cart, is_clamped=False)
        old.delete()
        return cart
    cart = Cart.objects.create(market=old.market, currency=old.currency, user_id=old.user_id, country=old.country)
    _merge(old, cart, is_clamped=False)
    token = old.token
    old.delete()
    Cart.objects.filter(pk=cart.pk).update(token=token)
    cart.refresh_from_db()
    return cart


def _merge(source: Cart, target: Cart, *, is_clamped: bool = True) -> None:
    """Add the lines, codes, gift cards, texts and draft of the source to the target.

    Quantities of a variant add up, saved lines stay saved, and texts of the target take precedence. If `is_clamped`,
    quantities stop at the units available. Codes, gift cards and seen prices of another market are dropped.
    """
    if source.market != target.market:
        leave_market(source)
    move_gift_lines(source, target)
    lines = source.lines.filter(state=State.ACTIVE, variant__is_active=True, personal_key="").select_related("variant")
    for line in lines.order_by("pk"):
        try:
            _merge_line(line, target, is_clamped=is_clamped)
        except CartRefused:
            # The target is full: save the line for later instead of losing it.
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
    raise_version(target)
    target.refresh_from_db()


def _merge_line(line: CartLine, target: Cart, *, is_clamped: bool) -> None:
    """Add the line to the target, even if it is sold out: the cart page says so instead of losing the line."""
    options = {"most": line.variant.most_per_order, "seen_minor": line.seen_minor}
    try:
        add_units(target, line.variant_id, line.quantity, **options, is_clamped=is_clamped)
    except SoldOut:
        add_units(target, line.variant_id, line.quantity, **options, is_clamped=False)
