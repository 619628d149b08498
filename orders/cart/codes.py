"""Add and remove the promotion codes, gift cards and store credit of a cart."""

from django.db import transaction

from orders.cart.editing import lock_open_cart, raise_version
from orders.errors import CartRefused
from orders.gift_cards import find_card, usable_credit
from orders.models import Cart, Coupon
from orders.promotions import plain_code

MAX_CODES = 5
CARD = "card-"  # how the page names a gift card by its id


@transaction.atomic
def enter_code(cart: Cart, text: str) -> str:
    """Add the code of a promotion or gift card to the cart; return a confirmation sentence.

    Raise CartRefused for an unknown code or more than five codes, GiftCardRefused for a gift card that cannot pay.
    """
    code = plain_code(text)
    if not code:
        raise CartRefused("Enter a code.")
    locked = lock_open_cart(cart)
    if code in locked.codes:
        return f"Code {code} is already in your cart."
    if Coupon.objects.filter(code=code, promotion__market=locked.market).exists():
        if len(locked.codes) >= MAX_CODES:
            raise CartRefused(f"A cart can have at most {MAX_CODES} codes. Please remove one first.")
        Cart.objects.filter(pk=locked.pk).update(codes=[*locked.codes, code])
        confirmation = f"Code {code} added."
    else:
        card = find_card(code, locked.currency)
        if card.user_id:
            raise CartRefused("We do not know this code.")
        locked.gift_cards.add(card)
        confirmation = f"Gift card ending in {card.last_characters} added."
    raise_version(locked)
    return confirmation


@transaction.atomic
def drop_code(cart: Cart, text: str) -> None:
    """Remove a code, or a gift card named "card-<id>", from the cart."""
    locked = lock_open_cart(cart)
    number = text.removeprefix(CARD)[:18]
    if text.startswith(CARD) and number.isascii() and number.isdecimal():
        locked.gift_cards.remove(*locked.gift_cards.filter(pk=int(number)))
    Cart.objects.filter(pk=locked.pk).update(codes=[code for code in locked.codes if code != text])
    raise_version(locked)


@transaction.atomic
def use_credit(cart: Cart, user_id: int) -> None:
    """Use the user's store credit to pay for the cart."""
    locked = lock_open_cart(cart)
    locked.gift_cards.add(*usable_credit(user_id, locked.currency))
    raise_version(locked)
