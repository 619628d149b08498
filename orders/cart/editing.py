"""Change a cart: add products, set quantities, remove and restore lines, save lines for later."""

import uuid
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F, Sum
from django.utils import timezone

from catalog.inventory.availability import UNLIMITED, available_sql, supply_by_variant
from catalog.markets import Market, default_market
from catalog.models import Product, Variant
from catalog.prices import price_from_rows, valid_price_rows
from orders.errors import CartRefused, SoldOut
from orders.models import Cart, CartLine

MAX_LINE_QUANTITY = 99  # units of one variant in a cart
MAX_LINES = 100
NO_COMBINATION = "This combination isn't available. Please choose another one."
UNDO_PERIOD = timedelta(minutes=10)  # how long the shopper can restore a removed line
State = CartLine.State

# The quantity of a line after adding to it. It uses the row's own column, which PostgreSQL reads again after waiting for a
# lock, so that 30 simultaneous clicks add 30 units (up to the limit) to one line.
RAISED_QUANTITY = "line.quantity + excluded.quantity"
# Adds units to a cart in a single statement. Updating the cart's row locks it, and finds no row once the cart has become an
# order. `units` is what can be sold now; placing the order checks the stock again, under a lock.
ADD = """
WITH cart AS (
  UPDATE orders_cart SET version = version + 1, updated_at = now()
  WHERE id = %(cart)s AND ordered_at IS NULL RETURNING id
), stock AS (
  SELECT CASE WHEN v.is_tracked AND %(is_clamped)s THEN (
    SELECT coalesce(sum({available}), 0)::int FROM catalog_stock s
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
      THEN least({raised_quantity}, greatest(%(most)s, 1), (SELECT units FROM stock))
      ELSE excluded.quantity END,
    asked_quantity = CASE WHEN line.state <> 'active' THEN excluded.asked_quantity
      WHEN line.quantity + %(quantity)s > least(%(most)s, (SELECT units FROM stock)) THEN line.quantity + %(quantity)s END
  RETURNING 1
)
SELECT (SELECT count(*) FROM cart), (SELECT count(*) FROM added), (SELECT units FROM stock)
"""


def parse_token(text: str) -> uuid.UUID | None:
    """Return the cart token in a cookie's text, or None if the text is not a token."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def find_cart(*, token: uuid.UUID | None, user_id: int | None) -> Cart | None:
    """Return the shopper's latest cart, open or ordered, with its draft, or None. A user's is found by the user only."""
    carts = Cart.objects.select_related("draft")
    if user_id:
        return carts.filter(user_id=user_id).order_by(F("ordered_at").desc(nulls_first=True), "-created_at").first()
    if token:
        return carts.filter(token=token, user=None).first()
    return None


def count_items(cart: Cart | None) -> int:
    """Return the number of units in an open cart; 0 without one."""
    if not cart or not cart.is_open:
        return 0
    return cart.lines.filter(state=State.ACTIVE).aggregate(total=Sum("quantity"))["total"] or 0


def open_cart(cart: Cart | None, *, user_id: int | None, market: Market | None = None) -> Cart:
    """Return an open cart in the given market: this one, or a new one if there is none or it has been ordered.

    An open cart of another market moves to this market. A new cart takes over the lines saved for later.
    """
    market = market or default_market()
    if cart and cart.is_open:
        return cart if cart.market == market.code else _move(cart, market)
    market_fields = {"market": market.code, "currency": market.currency}
    if user_id:
        fresh = Cart.objects.get_or_create(user_id=user_id, ordered_at=None, defaults=market_fields)[0]
    else:
        fresh = Cart.objects.create(**market_fields)
    if cart:
        _keep_saved(cart, fresh)
    return fresh


def has_saved(cart: Cart) -> bool:
    """Return whether the cart has lines saved for later."""
    return cart.lines.filter(state=State.SAVED).exists()


def _keep_saved(ordered: Cart, fresh: Cart) -> None:
    """Move the lines saved for later, which were not ordered, into the new cart."""
    existing = fresh.lines.values("variant")
    ordered.lines.filter(state=State.SAVED).exclude(variant__in=existing).update(cart=fresh)


@transaction.atomic
def _move(cart: Cart, market: Market) -> Cart:
    """Move the cart to another market, which has other prices and countries."""
    market_fields = {"market": market.code, "currency": market.currency}
    Cart.objects.filter(pk=cart.pk, ordered_at=None).update(**market_fields, version=F("version") + 1)
    leave_market(cart)
    return cart


def leave_market(cart: Cart) -> None:
    """Clear what depends on the cart's market: country, codes, gift cards and the prices seen by the shopper."""
    Cart.objects.filter(pk=cart.pk).update(country="", codes=[])
    cart.lines.update(seen_minor=None)
    cart.gift_cards.clear()
    cart.refresh_from_db()


def find_variant(product_id: int, values: tuple[str, str, str], market: Market | None = None) -> Variant:
    """Return the variant with these option values, annotated with its current price rows for `price_from_rows`.

    Raise CartRefused with a sentence that tells the shopper what to do if there is none.
    """
    # The current time, even if staff are looking at the shop as of another moment.
    now = timezone.now()
    variants = Variant.objects.filter(
        product_id=product_id, product__in=Product.objects.visible(now), is_active=True
    ).select_related("product")
    priced = variants.annotate(price_rows=valid_price_rows(market or default_market(), now))
    variant = priced.filter(option1=values[0], option2=values[1], option3=values[2]).first()
    if variant:
        return variant
    count = variants.count()
    if count == 0:
        raise CartRefused("This is no longer sold.")
    if not any(values) and count == 1:
        return priced.get()
    raise CartRefused(NO_COMBINATION if any(values) else "Please choose an option first.")


def add_to_cart(cart: Cart, variant: Variant, quantity: int) -> None:
    """Add units of the variant to the cart, as many as are available, and remember the quantity asked for.

    Raise SoldOut if none is available, and CartRefused if the cart is ordered or would hold more than 100 lines.
    """
    price_rows = getattr(variant, "price_rows", None)
    price = price_from_rows(price_rows) if price_rows else None
    add_units(cart, variant.pk, quantity, most=variant.most_per_order, seen_minor=price.amount_minor if price else None)


def add_units(  # noqa: PLR0913  (each is a value of the line)
    cart: Cart, variant_id: int, quantity: int, *, most: int | None, seen_minor: int | None, is_clamped: bool = True
) -> None:
    """Add units of a variant that the caller has checked to be on sale. `most` is its limit for one order.

    If `is_clamped`, the quantity stops at the units in stock; otherwise stock is ignored and the cart page shows what is
    missing. Raise SoldOut and CartRefused as `add_to_cart` does.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            ADD.format(raised_quantity=RAISED_QUANTITY, available=available_sql("s")),
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
    """Set the line's quantity, limited to the units available; 0 removes the line, which `restore` can undo.

    The current price counts as seen by the shopper. Raise CartLine.DoesNotExist for a line of another cart.
    """
    locked = lock_open_cart(cart)
    line = CartLine.objects.select_for_update(of=("self",)).select_related("variant").get(pk=line_id, cart=locked)
    if quantity <= 0:
        _set_state(line, State.REMOVED)
    else:
        CartLine.objects.filter(pk=line.pk).update(**_clamped(line.variant, quantity), seen_minor=None)
    raise_version(locked)


def _clamped(variant: Variant, quantity: int) -> dict[str, int | None]:
    """Return the quantity columns of a line for this many units: limited to the stock, with the quantity asked for.

    A sold-out line keeps its quantity, and the cart page says that it is sold out.
    """
    supply = supply_by_variant([variant.pk])[variant.pk] if variant.is_tracked else UNLIMITED
    units = supply.available or quantity
    held = min(quantity, units, variant.most_per_order or MAX_LINE_QUANTITY, MAX_LINE_QUANTITY)
    return {"quantity": held, "asked_quantity": quantity if held < quantity else None}


@transaction.atomic
def save_for_later(cart: Cart, line_id: int) -> None:
    """Save the line for later: it stays with the shopper, but will not be ordered."""
    locked = lock_open_cart(cart)
    _set_state(CartLine.objects.get(pk=line_id, cart=locked), State.SAVED)
    raise_version(locked)


@transaction.atomic
def restore(cart: Cart, line_id: int) -> None:
    """Put a removed or saved line back into the cart, limited to the units available.

    Raise SoldOut if none is available, and CartRefused if the cart would hold more than 100 lines.
    """
    locked = lock_open_cart(cart)
    line = CartLine.objects.select_related("variant").get(pk=line_id, cart=locked)
    if line.variant.is_tracked and not supply_by_variant([line.variant_id])[line.variant_id].available:
        raise SoldOut(line.variant_id)
    if line.state != State.ACTIVE and locked.lines.filter(state=State.ACTIVE).count() >= MAX_LINES:
        raise CartRefused(f"A cart can hold at most {MAX_LINES} different items.")
    CartLine.objects.filter(pk=line.pk).update(**_clamped(line.variant, line.quantity))
    _set_state(line, State.ACTIVE)
    raise_version(locked)


def _set_state(line: CartLine, state: str) -> None:
    CartLine.objects.filter(pk=line.pk).update(state=state, changed_at=timezone.now())


@transaction.atomic
def save_notes(cart: Cart, *, note: str, gift_message: str) -> None:
    """Store the shopper's note for the shop and message for the recipient, 500 characters each."""
    locked = lock_open_cart(cart)
    Cart.objects.filter(pk=locked.pk).update(note=note[:500], gift_message=gift_message[:500])
    raise_version(locked)


def choose_country(cart: Cart, country: str) -> None:
    """Store the destination country for the cart's delivery and tax estimate."""
    Cart.objects.filter(pk=cart.pk, ordered_at=None).update(country=country)


def lock_cart(**conditions: object) -> Cart | None:
    """Return the cart that meets these conditions, locked until the transaction ends, or None if there is none."""
    return Cart.objects.select_for_update().filter(**conditions).first()


def lock_open_cart(cart: Cart) -> Cart:
    """Return the current cart, locked until the transaction ends; raise CartRefused if it has been ordered."""
    locked = lock_cart(pk=cart.pk, ordered_at=None)
    if not locked:
        raise CartRefused("This cart has already been ordered.")
    return locked


def raise_version(cart: Cart) -> None:
    """Raise the cart's version, so that pages showing an older state are recognised."""
    Cart.objects.filter(pk=cart.pk).update(version=F("version") + 1, updated_at=timezone.now())
