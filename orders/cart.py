"""The cart: put in, change, take out and have back, save for later."""

import uuid
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F, OuterRef, Sum
from django.utils import timezone

from catalog.availability import UNLIMITED, supply_by_variant
from catalog.markets import Market, default_market
from catalog.models import Product, Variant
from catalog.prices import price_facts, price_of_facts
from orders.errors import CartRefused, SoldOut
from orders.models import Cart, CartLine

MAX_LINE_QUANTITY = 99  # units of one variant in a cart
MAX_LINES = 100
NO_COMBINATION = "This combination isn't available. Please choose another one."
UNDO_PERIOD = timedelta(minutes=10)  # how long a line that was taken out can be had back
State = CartLine.State

# One statement, so that thirty clicks at once add thirty (up to the limit) and make one line. The cart's row is locked
# by its own update, and a cart that became an order in the meantime is no row. `units` are what can be sold now; placing
# the order decides again, under a lock.
ADD = """
WITH cart AS (
  UPDATE orders_cart SET version = version + 1, updated_at = now()
  WHERE id = %(cart)s AND ordered_at IS NULL RETURNING id
), stock AS (
  SELECT CASE WHEN v.is_tracked AND %(is_clamped)s THEN (
    SELECT coalesce(sum(greatest(0, s.on_hand - s.reserved + s.backorder_limit)), 0)::int FROM catalog_stock s
    JOIN catalog_location l ON l.id = s.location_id AND l.is_active WHERE s.variant_id = v.id
  ) ELSE %(most)s END AS units FROM catalog_variant v WHERE v.id = %(variant)s
), room AS (
  SELECT id FROM cart WHERE (SELECT count(*) FROM orders_cartline WHERE cart_id = %(cart)s AND state = 'active') < %(lines)s
    OR EXISTS (SELECT 1 FROM orders_cartline WHERE cart_id = %(cart)s AND variant_id = %(variant)s AND state = 'active')
), added AS (
  INSERT INTO orders_cartline AS line
    (cart_id, variant_id, quantity, asked_quantity, state, seen_minor, created_at, changed_at)
  SELECT id, %(variant)s, least(%(quantity)s, %(most)s, units),
    CASE WHEN %(quantity)s > least(%(most)s, units) THEN %(quantity)s::int END, 'active', %(seen)s, now(), now()
  FROM room, stock WHERE units > 0
  ON CONFLICT (cart_id, variant_id, personal_key) DO UPDATE SET state = 'active', changed_at = now(),
    seen_minor = excluded.seen_minor,
    quantity = CASE WHEN line.state = 'active'
      THEN least(line.quantity + excluded.quantity, greatest(%(most)s, 1), (SELECT units FROM stock))
      ELSE excluded.quantity END,
    asked_quantity = CASE WHEN line.state <> 'active' THEN excluded.asked_quantity
      WHEN line.quantity + %(quantity)s > least(%(most)s, (SELECT units FROM stock)) THEN line.quantity + %(quantity)s END
  RETURNING 1
)
SELECT (SELECT count(*) FROM cart), (SELECT count(*) FROM added), (SELECT units FROM stock)
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
    return cart.lines.filter(state=State.ACTIVE).aggregate(total=Sum("quantity"))["total"] or 0


def open_cart(cart: Cart | None, *, user_id: int | None, market: Market | None = None) -> Cart:
    """A cart that things can be put into: the given one, or a new one where it has become an order.

    It is in the given market: whoever puts something in there means its prices.
    """
    market = market or default_market()
    if cart and cart.is_open:
        return cart if cart.market == market.code else _move(cart, market)
    facts = {"market": market.code, "currency": market.currency}
    if user_id:
        fresh = Cart.objects.get_or_create(user_id=user_id, ordered_at=None, defaults=facts)[0]
    else:
        fresh = Cart.objects.create(**facts)
    if cart:
        _keep_saved(cart, fresh)
    return fresh


def has_saved(cart: Cart) -> bool:
    return cart.lines.filter(state=State.SAVED).exists()


def _keep_saved(ordered: Cart, fresh: Cart) -> None:
    """What was saved for later was not ordered: it goes on with the shopper."""
    there = fresh.lines.values("variant")
    ordered.lines.filter(state=State.SAVED).exclude(variant__in=there).update(cart=fresh)


@transaction.atomic
def _move(cart: Cart, market: Market) -> Cart:
    """The cart is in another market: other prices, other countries."""
    facts = {"market": market.code, "currency": market.currency}
    Cart.objects.filter(pk=cart.pk, ordered_at=None).update(**facts, version=F("version") + 1)
    leave_market(cart)
    return cart


def leave_market(cart: Cart) -> None:
    """What the cart holds of its market is out: country, codes, gift cards, the prices that its shopper has seen."""
    Cart.objects.filter(pk=cart.pk).update(country="", codes=[])
    cart.lines.update(seen_minor=None)
    cart.gift_cards.clear()
    cart.refresh_from_db()


def find_variant(product_id: int, values: tuple[str, str, str], market: Market | None = None) -> Variant:
    """The variant that these option values name, or CartRefused with what the shopper can do.

    It carries `facts`: the price rows of now, for `price_of_facts`.
    """
    # At the real time, whatever moment staff look at the shop of.
    now = timezone.now()
    variants = Variant.objects.filter(
        product_id=product_id, product__in=Product.objects.visible(now), is_active=True
    ).select_related("product")
    priced = variants.annotate(facts=price_facts(OuterRef("pk"), market or default_market(), now))
    found = priced.filter(option1=values[0], option2=values[1], option3=values[2]).first()
    if found:
        return found
    count = variants.count()
    if count == 0:
        raise CartRefused("This is no longer sold.")
    if not any(values) and count == 1:
        return priced.get()
    raise CartRefused(NO_COMBINATION if any(values) else "Please choose an option first.")


def add_to_cart(cart: Cart, variant: Variant, quantity: int) -> None:
    """The cart holds that many more of the variant, as far as they are available, and remembers what was asked for.

    Raises SoldOut where none is, and CartRefused beyond 100 lines.
    """
    facts = getattr(variant, "facts", None)
    price = price_of_facts(facts) if facts else None
    put_in(cart, variant.pk, quantity, most=variant.most_per_order, seen_minor=price.amount_minor if price else None)


def put_in(  # noqa: PLR0913  (each is a fact of the line)
    cart: Cart, variant_id: int, quantity: int, *, most: int | None, seen_minor: int | None, is_clamped: bool = True
) -> None:
    """Add a variant that is known to be sold, as `add_to_cart` does; `most` is its own limit for one order.

    Unless clamped, stock does not count: the cart says what is missing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            ADD,
            {
                "cart": cart.pk,
                "variant": variant_id,
                "quantity": quantity,
                "most": min(most or MAX_LINE_QUANTITY, MAX_LINE_QUANTITY),
                "lines": MAX_LINES,
                "seen": seen_minor,
                "is_clamped": is_clamped,
            },
        )
        is_open, is_added, units = cursor.fetchone()
    if not is_open:
        raise CartRefused("This cart has already been ordered.")
    if units == 0:
        raise SoldOut(variant_id)
    if not is_added:
        raise CartRefused(f"A cart can hold at most {MAX_LINES} different items.")


@transaction.atomic
def set_quantity(cart: Cart, line_id: int, quantity: int) -> None:
    """The line holds this many, as far as they are available; 0 takes it out, in a way that `restore` undoes.

    A line of another cart is not there (CartLine.DoesNotExist). What it costs now is what the shopper has seen.
    """
    locked = locked_open(cart)
    line = CartLine.objects.select_for_update(of=("self",)).select_related("variant").get(pk=line_id, cart=locked)
    if quantity <= 0:
        _set_state(line, State.REMOVED)
    else:
        CartLine.objects.filter(pk=line.pk).update(**_clamped(line.variant, quantity), seen_minor=None)
    touch(locked)


def _clamped(variant: Variant, quantity: int) -> dict[str, int | None]:
    """The columns of a line for so many units: never more than there are, and what was asked for where that is more.

    Of what is sold out the line keeps its number; the cart says so.
    """
    supply = supply_by_variant([variant.pk])[variant.pk] if variant.is_tracked else UNLIMITED
    units = supply.available or quantity
    held = min(quantity, units, variant.most_per_order or MAX_LINE_QUANTITY, MAX_LINE_QUANTITY)
    return {"quantity": held, "asked_quantity": quantity if held < quantity else None}


@transaction.atomic
def save_for_later(cart: Cart, line_id: int) -> None:
    """The line stays with the shopper, but is not part of what will be ordered."""
    locked = locked_open(cart)
    _set_state(CartLine.objects.get(pk=line_id, cart=locked), State.SAVED)
    touch(locked)


@transaction.atomic
def restore(cart: Cart, line_id: int) -> None:
    """A line that was taken out or saved is in the cart again, as far as it is available.

    Raises SoldOut where none is, and CartRefused beyond 100 lines.
    """
    locked = locked_open(cart)
    line = CartLine.objects.select_related("variant").get(pk=line_id, cart=locked)
    if line.variant.is_tracked and not supply_by_variant([line.variant_id])[line.variant_id].available:
        raise SoldOut(line.variant_id)
    if line.state != State.ACTIVE and locked.lines.filter(state=State.ACTIVE).count() >= MAX_LINES:
        raise CartRefused(f"A cart can hold at most {MAX_LINES} different items.")
    CartLine.objects.filter(pk=line.pk).update(**_clamped(line.variant, line.quantity))
    _set_state(line, State.ACTIVE)
    touch(locked)


def _set_state(line: CartLine, state: str) -> None:
    CartLine.objects.filter(pk=line.pk).update(state=state, changed_at=timezone.now())


@transaction.atomic
def note_on(cart: Cart, *, note: str, gift_message: str) -> None:
    """What the shopper wants to tell the shop, and the person who gets the parcel."""
    locked = locked_open(cart)
    Cart.objects.filter(pk=locked.pk).update(note=note[:500], gift_message=gift_message[:500])
    touch(locked)


def choose_country(cart: Cart, country: str) -> None:
    """Where the cart would go to, for the estimate."""
    Cart.objects.filter(pk=cart.pk, ordered_at=None).update(country=country)


def locked_open(cart: Cart) -> Cart:
    """The cart as it is now, locked until the transaction ends; CartRefused for one that was ordered."""
    locked = Cart.objects.select_for_update().filter(pk=cart.pk, ordered_at=None).first()
    if not locked:
        raise CartRefused("This cart has already been ordered.")
    return locked


def touch(cart: Cart) -> None:
    """Whoever looks at an older state of the cart can tell."""
    Cart.objects.filter(pk=cart.pk).update(version=F("version") + 1, updated_at=timezone.now())
