"""The cart: put in, change, take out, join at login, bring back from an order."""

import uuid

from django.db import connection, transaction
from django.db.models import F, Sum
from django.utils import timezone

from catalog.markets import Market, default_market
from catalog.models import Product, Variant
from orders.errors import CartRefused
from orders.models import Cart, CartLine

MOST_OF_ONE = 99  # units of one variant in a cart
MOST_LINES = 100

# One statement, so that thirty clicks at once add thirty (up to the limit) and make one line.
ADD = """
INSERT INTO orders_cartline AS line (cart_id, variant_id, quantity, created_at) VALUES (%s, %s, %s, now())
ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = least(line.quantity + excluded.quantity, %s)
"""


def token_from(text: str) -> uuid.UUID | None:
    """Read a cookie; anything that is not one of our tokens is no token."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def find_cart(*, token: uuid.UUID | None, user_id: int | None) -> Cart | None:
    """The shopper's latest cart, open or just ordered. A cart that belongs to a user is found by that user only."""
    if user_id:
        return (
            Cart.objects.filter(user_id=user_id).order_by(F("ordered_at").desc(nulls_first=True), "-created_at").first()
        )
    if token:
        return Cart.objects.filter(token=token, user=None).first()
    return None


def count_items(cart: Cart | None) -> int:
    if not cart or not cart.is_open:
        return 0
    return cart.lines.aggregate(total=Sum("quantity"))["total"] or 0


@transaction.atomic
def open_cart(cart: Cart | None, *, user_id: int | None, market: Market | None = None) -> Cart:
    """A cart that things can be put into: the given one, or a new one where it has become an order."""
    if cart and cart.is_open:
        return cart
    market = market or default_market()
    if user_id:
        return Cart.objects.get_or_create(
            user_id=user_id, ordered_at=None, defaults={"market": market.code, "currency": market.currency}
        )[0]
    return Cart.objects.create(market=market.code, currency=market.currency)


def find_variant(product_id: int, values: tuple[str, str, str]) -> Variant:
    """The variant that these option values name, or CartRefused with what the shopper can do."""
    # At the real time, whatever moment staff look at the shop of.
    visible = Product.objects.visible(timezone.now())
    variants = Variant.objects.filter(product_id=product_id, product__in=visible, is_active=True)
    found = variants.filter(option1=values[0], option2=values[1], option3=values[2]).first()
    if found:
        return found
    count = variants.count()
    if count == 0:
        raise CartRefused("This is not sold here any more.")
    if not any(values) and count == 1:
        return variants.get()
    chosen = " · ".join(value for value in values if value)
    raise CartRefused(
        f"{chosen} is not made. Please choose another combination." if chosen else "Please choose an option first."
    )


@transaction.atomic
def add_to_cart(cart: Cart, variant: Variant, quantity: int) -> None:
    """The cart holds that many more of the variant, at most 99; raises CartRefused beyond 100 lines."""
    locked = _locked_open(cart)
    has_line = locked.lines.filter(variant=variant).exists()
    if not has_line and locked.lines.count() >= MOST_LINES:
        raise CartRefused(f"A cart holds at most {MOST_LINES} different things.")
    with connection.cursor() as cursor:
        most = min(variant.most_per_order or MOST_OF_ONE, MOST_OF_ONE)
        cursor.execute(ADD, [locked.pk, variant.pk, min(quantity, most), most])
    _touch(locked)


@transaction.atomic
def set_quantity(cart: Cart, line_id: int, quantity: int) -> None:
    """The line holds exactly this many; 0 takes it out. A line of another cart is not there."""
    locked = _locked_open(cart)
    line = CartLine.objects.get(pk=line_id, cart=locked)
    if quantity <= 0:
        line.delete()
    else:
        CartLine.objects.filter(pk=line.pk).update(quantity=min(quantity, MOST_OF_ONE))
    _touch(locked)


def _locked_open(cart: Cart) -> Cart:
    locked = Cart.objects.select_for_update().filter(pk=cart.pk, ordered_at=None).first()
    if not locked:
        raise CartRefused("This cart has become an order in the meantime.")
    return locked


def _touch(cart: Cart) -> None:
    Cart.objects.filter(pk=cart.pk).update(version=F("version") + 1, updated_at=timezone.now())


@transaction.atomic
def join_carts(token: uuid.UUID, user_id: int) -> None:
    """What was in the anonymous cart is in the user's: quantities of the same variant are added, at most 99.

    The cookie goes on naming the cart: the user's cart takes over the anonymous one's token.
    """
    anonymous = Cart.objects.select_for_update().filter(token=token, user=None, ordered_at=None).first()
    if not anonymous:
        return
    own = Cart.objects.select_for_update().filter(user_id=user_id, ordered_at=None).first()
    if not own:
        Cart.objects.filter(pk=anonymous.pk).update(user_id=user_id)
        return
    _put_in(own, list(anonymous.lines.values_list("variant_id", "quantity")))
    anonymous.delete()
    Cart.objects.filter(pk=own.pk).update(token=token)


@transaction.atomic
def bring_back(cart_id: uuid.UUID, lines: list[tuple[int, int]]) -> Cart | None:
    """The things of a canceled order are in an open cart again, for whoever still holds the old cart's cookie.

    `lines` are (variant id, quantity). The old cart's row goes and its token moves to a new one; a shopper with an
    account who has begun another cart in the meantime finds them there. Returns the cart, or None where there is
    nobody to give it to.
    """
    old = Cart.objects.select_for_update().filter(pk=cart_id).first()
    if not old or old.is_open:
        return None
    facts = {"token": old.token, "market": old.market, "currency": old.currency, "user_id": old.user_id}
    old.delete()
    cart = Cart.objects.select_for_update().filter(user_id=old.user_id or 0, ordered_at=None).first()
    if not cart:
        cart = Cart.objects.create(**facts)
    _put_in(cart, lines)
    return cart


@transaction.atomic
def add_cart(target: Cart, other: Cart | None) -> None:
    """What was in the other open cart is in the target too, and the other one is gone."""
    if other and other.is_open and other.pk != target.pk:
        _put_in(target, list(other.lines.values_list("variant_id", "quantity")))
        other.delete()


def _put_in(cart: Cart, lines: list[tuple[int, int]]) -> None:
    wanted = [variant_id for variant_id, _ in lines]
    sold = set(Variant.objects.filter(pk__in=wanted, is_active=True).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        for variant_id, quantity in lines:
            if variant_id in sold:
                cursor.execute(ADD, [cart.pk, variant_id, min(quantity, MOST_OF_ONE), MOST_OF_ONE])
    _touch(cart)
    cart.refresh_from_db()
