"""A cart becomes an order: all of it or nothing, and twice is once."""

import hashlib
import json
import secrets
import uuid
from dataclasses import asdict, dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog.inventory import Need, reserve
from orders.errors import (
    AlreadyPlaced,
    CartChanged,
    EmptyCart,
    NoDelivery,
    NotSold,
    TotalChanged,
    TotalTooSmall,
)
from orders.lifecycle import record_event
from orders.models import Cart, Order, OrderEvent, OrderLine
from orders.queries import CartContents, price_cart

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Submission:
    """What the shopper typed and chose."""

    email: str
    country: str
    name: str
    line1: str
    postcode: str
    city: str
    shipping_code: str
    line2: str = ""
    phone: str = ""

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Seen:
    """What the shopper saw when pressing the button: the state of the cart and the total in minor units."""

    cart_mark: str
    total_minor: int
    ip: str | None = None


@transaction.atomic
def place_order(cart_id: uuid.UUID, submission: Submission, *, seen: Seen, user_id: int | None = None) -> Order:
    """The cart is an unpaid order with its stock reserved; the same submission again returns the same order.

    Raises AlreadyPlaced where the cart is an unpaid order with other details, EmptyCart, CartChanged, NotSold,
    NoDelivery, TotalChanged, TotalTooSmall or InsufficientStock; then nothing has changed.
    """
    cart = Cart.objects.select_for_update().filter(pk=cart_id).first()
    if not cart:
        raise EmptyCart
    if placed := Order.objects.filter(cart_id=cart.pk).first():
        return _again(placed, submission)
    contents = price_cart(cart, country=submission.country, shipping_code=submission.shipping_code, is_strict=True)
    _check(contents, seen)
    order = _write_order(contents, submission, seen, user_id)
    lines = _write_lines(order, contents)
    Cart.objects.filter(pk=cart.pk).update(ordered_at=order.placed_at)
    record_event(order, OrderEvent.Kind.PLACED, "Order received", is_public=True)
    # Last: popular stock rows stay locked from here to COMMIT.
    reserve(order.number, [Need(line.pk, line.variant_id, line.quantity) for line in lines if line.is_stocked])
    return order


def _again(placed: Order, submission: Submission) -> Order:
    if placed.is_unpaid and placed.digest != submission.digest:
        raise AlreadyPlaced(placed)
    return placed


def _check(contents: CartContents, seen: Seen) -> None:
    """What the shopper agreed to is what would be ordered."""
    if not contents.items:
        raise EmptyCart
    gone = [item.line_id for item in contents.items if not item.is_sold]
    if gone:
        raise NotSold(gone)
    if contents.mark != seen.cart_mark or any(item.is_too_many for item in contents.items):
        raise CartChanged
    if contents.chosen is None:
        raise NoDelivery
    if contents.totals.total_minor != seen.total_minor:
        raise TotalChanged(expected=seen.total_minor, actual=contents.totals.total_minor)
    smallest = settings.SMALLEST_CHARGE.get(contents.market.currency, 0)
    if 0 < contents.totals.total_minor < smallest:
        raise TotalTooSmall(smallest)


def _write_order(contents: CartContents, submission: Submission, seen: Seen, user_id: int | None) -> Order:
    now = timezone.now()
    totals = contents.totals
    assert contents.chosen  # noqa: S101  (_check has seen to it)
    return Order.objects.create(
        **asdict(submission),
        number=new_number(),
        cart_id=contents.cart.pk,
        digest=submission.digest,
        user_id=user_id,
        market=contents.market.code,
        language=contents.market.language,
        currency=contents.market.currency,
        shipping_name=contents.chosen.name,
        tax_rate=totals.tax_rate,
        is_tax_included=totals.is_tax_included,
        subtotal_minor=totals.subtotal_minor,
        discount_minor=totals.discount_minor,
        shipping_minor=totals.shipping_minor,
        tax_minor=totals.tax_minor,
        total_minor=totals.total_minor,
        receipt=totals.receipt([item.priced for item in contents.items], submission.shipping_code),
        payment_due_at=now + settings.PAYMENT_WINDOW,
        terms_version=settings.TERMS_VERSION,
        terms_accepted_at=now,
        terms_accepted_ip=seen.ip or None,
        placed_at=now,
    )


def new_number() -> str:
    """A number that nobody can guess the next one of; 40 random bits, and unique by constraint."""
    return f"{settings.ORDER_NUMBER_PREFIX}-" + "".join(secrets.choice(CROCKFORD) for _ in range(8))


def _write_lines(order: Order, contents: CartContents) -> list[OrderLine]:
    pairs = zip(contents.items, contents.totals.lines, strict=True)
    return OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            position=position,
            variant=item.variant,
            title=item.variant.product.title,
            variant_title=item.variant.title,
            sku=item.variant.sku,
            product_slug=item.variant.product.slug,
            image=item.image.facts() if item.image else {},
            grams=item.variant.grams,
            is_stocked=item.variant.is_tracked,
            quantity=item.quantity,
            unit_minor=item.priced.unit_minor,
            subtotal_minor=total.subtotal_minor,
            discount_minor=total.discount_minor,
            tax_minor=total.tax_minor,
            total_minor=total.total_minor,
        )
        for position, (item, total) in enumerate(pairs, start=1)
    )
