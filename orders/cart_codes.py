"""What lowers or pays a cart's total: promotion codes, gift cards, store credit."""

from django.db import transaction

from orders.cart import locked_open, touch
from orders.errors import CartRefused
from orders.gift_cards import find_card, usable_credit
from orders.models import Cart, Coupon
from orders.promotions import plain_code

MAX_CODES = 5
CARD = "card-"  # how the page names a gift card by its id


@transaction.atomic
def enter_code(cart: Cart, text: str) -> str:
    """The code of a promotion or of a gift card is with the cart; returns a sentence that says so.

    Raises CartRefused for a code that is neither, and for more than five.
    """
    code = plain_code(text)
    if not code:
        raise CartRefused("Enter a code.")
    locked = locked_open(cart)
    if code in locked.codes:
        return f"Code {code} is already in your cart."
    if Coupon.objects.filter(code=code, promotion__market=locked.market).exists():
        if len(locked.codes) >= MAX_CODES:
            raise CartRefused(f"A cart can have at most {MAX_CODES} codes. Please remove one first.")
        Cart.objects.filter(pk=locked.pk).update(codes=[*locked.codes, code])
        said = f"Code {code} added."
    else:
        card = find_card(code, locked.currency)
        if card.user_id:
            raise CartRefused("We do not know this code.")
        locked.gift_cards.add(card)
        said = f"Gift card ending in {card.last_characters} added."
    touch(locked)
    return said


@transaction.atomic
def drop_code(cart: Cart, text: str) -> None:
    """The code, or the gift card of this id, is not with the cart any more."""
    locked = locked_open(cart)
    number = text.removeprefix(CARD)[:18]
    if text.startswith(CARD) and number.isascii() and number.isdecimal():
        locked.gift_cards.remove(*locked.gift_cards.filter(pk=int(number)))
    Cart.objects.filter(pk=locked.pk).update(codes=[code for code in locked.codes if code != text])
    touch(locked)


@transaction.atomic
def use_credit(cart: Cart, user_id: int) -> None:
    """The shopper's store credit pays with."""
    locked = locked_open(cart)
    locked.gift_cards.add(*usable_credit(user_id, locked.currency))
    touch(locked)
