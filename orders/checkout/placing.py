"""Place an order: turn a cart into an unpaid order, completely or not at all, and only once."""

import hashlib
import json
import secrets
import uuid
from dataclasses import asdict, dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog.inventory import Need, reserve
from catalog.models import Capture, Store
from catalog.money import charge_step
from orders.cart.contents import CartContents, price_cart
from orders.cart.editing import lock_cart
from orders.cart.gift_lines import gift_details_of
from orders.checkout.reservation_limit import check_unpaid_orders
from orders.checkout.ways_to_pay import WayToPay, find_way
from orders.customers import Buyer, customer_key
from orders.errors import (
    AlreadyPlaced,
    CartChanged,
    EmptyCart,
    NoAddress,
    NoDelivery,
    NotSold,
    TotalChanged,
    TotalTooSmall,
)
from orders.gift_cards import redeem
from orders.models import Cart, Order, OrderEvent, OrderLine
from orders.models.order import ONLINE
from orders.pricing import make_receipt
from orders.promotions import take_uses

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Submission:
    """The checkout form's contents: contact, addresses, shipping method and way to pay."""

    email: str
    country: str
    name: str
    shipping_code: str
    line1: str = ""
    postcode: str = ""
    city: str = ""
    state: str = ""
    line2: str = ""
    phone: str = ""
    company: str = ""
    vat_id: str = ""
    billing_name: str = ""
    billing_line1: str = ""
    billing_postcode: str = ""
    billing_city: str = ""
    billing_state: str = ""
    billing_country: str = ""
    payment_method: str = ""

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def buyer(self, user_id: int | None, ip: str | None = None) -> Buyer:
        return Buyer(self.country, self.postcode, self.email, user_id, self.vat_id, ip)


@dataclass(frozen=True)
class Seen:
    """The cart's version mark, total and amount due (minor units) on the page where the shopper placed the order."""

    cart_mark: str
    total_minor: int
    due_minor: int
    ip: str | None = None


@transaction.atomic
def place_order(cart_id: uuid.UUID, submission: Submission, *, seen: Seen, user_id: int | None = None) -> Order:
    """Turn the cart into an unpaid order and reserve its stock; submitting the same details again returns that order.

    Raise AlreadyPlaced if the cart is already an unpaid order with other details. Raise EmptyCart, CartChanged, NotSold,
    NoDelivery, NoAddress, TotalChanged, TotalTooSmall, WayNotOffered, TooManyUnpaid, TooMuchUnpaid, PromotionUsedUp,
    GiftCardSpent or InsufficientStock if the order cannot be placed as the shopper saw it. After any of them nothing has
    changed.
    """
    cart = lock_cart(pk=cart_id)
    if not cart:
        raise EmptyCart
    if not cart.is_open and (placed := Order.objects.filter(cart_id=cart.pk).first()):
        return _existing_order(placed, submission)
    buyer = submission.buyer(user_id, seen.ip)
    contents = price_cart(cart, buyer, shipping_code=submission.shipping_code, is_strict=True)
    _check(contents, seen, has_address=bool(submission.line1))
    way = find_way(contents, submission.payment_method)
    if not way or way.is_online:
        _check_charge(contents.due_minor, contents.market.currency)
    check_unpaid_orders(buyer, sum(line.quantity for line in contents.lines if line.variant.is_tracked))
    if way:
        way.check(contents)
    order = _write_order(contents, submission, seen, way)
    lines = _write_lines(order, contents)
    _mark_ordered(order)
    saved = {discount.rule_id: discount.minor for discount in contents.totals.discounts if discount.rule_id}
    take_uses(order, contents.rulebook.promotions, saved)
    redeem(order, contents.tenders)
    if way:
        way.begin(order)
    # Reserve last, because popular stock rows stay locked from here to COMMIT.
    reserve(order.number, [Need(line.pk, line.variant_id or 0, line.quantity) for line in lines if line.is_stocked])
    return order


def _mark_ordered(order: Order) -> None:
    """Mark the cart as ordered, and record the order's first event."""
    Cart.objects.filter(pk=order.cart_id).update(ordered_at=order.placed_at)
    kind = OrderEvent.Kind.PLACED
    OrderEvent.objects.create(order=order, kind=kind, text="Order received", is_public=True)


def _existing_order(placed: Order, submission: Submission) -> Order:
    if placed.is_unpaid and not is_same_submission(placed, submission):
        raise AlreadyPlaced(placed)
    return placed


def is_same_submission(placed: Order, submission: Submission) -> bool:
    """Return whether the order was placed with the same details."""
    return placed.digest == submission.digest


def _check(contents: CartContents, seen: Seen, *, has_address: bool) -> None:
    """Raise the matching OrderError unless the order equals what the shopper agreed to and can be placed."""
    if not contents.lines:
        raise EmptyCart
    unavailable = [line.line_id for line in contents.lines if not line.is_sold]
    if unavailable:
        raise NotSold(unavailable)
    if contents.mark != seen.cart_mark or any(line.is_too_many for line in contents.lines):
        raise CartChanged
    _check_delivery(contents, has_address=has_address)
    check_total(contents, seen)


def check_total(contents: CartContents, seen: Seen) -> None:
    """Raise TotalChanged unless the order costs what the shopper saw, in total and after gift cards."""
    if (contents.totals.total_minor, contents.due_minor) != (seen.total_minor, seen.due_minor):
        raise TotalChanged(expected=seen.total_minor, actual=contents.totals.total_minor)


def _check_charge(due_minor: int, currency: str) -> None:
    """Raise TotalTooSmall unless the amount due is 0 or an amount that the payment provider can charge."""
    smallest = settings.MIN_CHARGE_MINOR.get(currency, 0)
    if 0 < due_minor < smallest or due_minor % charge_step(currency):
        raise TotalTooSmall(smallest)


def _check_delivery(contents: CartContents, *, has_address: bool) -> None:
    if contents.chosen is None:
        raise NoDelivery
    if contents.needs_address and not has_address:
        raise NoAddress


def _write_order(contents: CartContents, submission: Submission, seen: Seen, way: WayToPay | None) -> Order:
    now = timezone.now()
    cart, totals, chosen = contents.cart, contents.totals, contents.chosen
    assert chosen  # noqa: S101  (_check guarantees it)
    return Order.objects.create(
        **{**asdict(submission), "payment_method": way.code if way else ONLINE},
        number=new_number(),
        cart_id=cart.pk,
        digest=submission.digest,
        user_id=contents.buyer.user_id,
        customer_key=customer_key(submission.email),
        market=contents.market.code,
        language=contents.market.language,
        currency=contents.market.currency,
        note=cart.note,
        gift_message=cart.gift_message,
        shipping_name=chosen.name,
        is_pickup=chosen.is_pickup,
        arrives_from=chosen.earliest,
        arrives_until=chosen.latest,
        ship_by=chosen.leaves,
        treatment=totals.treatment,
        taxes=[
            {"percent": f"{tax.percent.normalize():f}", "base_minor": tax.base_minor, "tax_minor": tax.tax_minor}
            for tax in totals.taxes
        ],
        is_tax_included=totals.is_tax_included,
        subtotal_minor=totals.subtotal_minor,
        discount_minor=totals.discount_minor,
        shipping_minor=totals.shipping_minor,
        tax_minor=totals.tax_minor,
        total_minor=totals.total_minor,
        tendered_minor=totals.total_minor - contents.due_minor,
        receipt=make_receipt(contents.basket, totals),
        capture=_capture_of(contents, way),
        payment_due_at=now + (way.window if way else settings.PAYMENT_WINDOW),
        is_test=settings.IS_TEST_MODE,
        terms_version=contents.rulebook.terms_version[:20],
        terms_id=contents.rulebook.terms_id,
        terms_accepted_at=now,
        terms_accepted_ip=seen.ip or None,
        placed_at=now,
    )


def _capture_of(contents: CartContents, way: WayToPay | None) -> str:
    """Return when the card is charged. What is delivered with the confirmation is charged at once."""
    lines = [*contents.lines, *contents.gifts]
    if (
        not way
        or not way.is_online
        or any(line.variant.is_gift_card or not line.variant.needs_shipping for line in lines)
    ):
        return Capture.AT_ONCE
    return Store.objects.values_list("capture", flat=True).first() or Capture.AT_ONCE


def new_number() -> str:
    """Return a random order number with 40 random bits, so that it cannot be guessed; a constraint keeps it unique."""
    return f"{settings.ORDER_NUMBER_PREFIX}-" + "".join(secrets.choice(CROCKFORD) for _ in range(8))


def _write_lines(order: Order, contents: CartContents) -> list[OrderLine]:
    gift_details = gift_details_of([line.line_id for line in contents.lines if line.variant.is_gift_card])
    lines = {line.key: line for line in [*contents.lines, *contents.gifts]}
    return OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            position=position,
            variant=line.variant,
            title=line.variant.product.title,
            variant_title=line.variant_title,
            sku=line.variant.sku,
            product_slug=line.variant.product.slug,
            image=line.image,
            grams=line.variant.grams,
            is_gift_card=line.variant.is_gift_card,
            needs_shipping=line.variant.needs_shipping,
            is_stocked=line.variant.is_tracked,
            is_backordered=line.is_backordered,
            expected_on=line.expected_on,
            return_days=line.variant.product.days_to_return(contents.rulebook.return_days),
            quantity=total.quantity,
            unit_minor=total.unit_minor,
            subtotal_minor=total.subtotal_minor,
            discount_minor=total.discount_minor,
            tax_percent=total.tax_percent,
            tax_minor=total.tax_minor,
            total_minor=total.total_minor,
            **gift_details.get(line.line_id, {}),
        )
        for position, total in enumerate(contents.totals.lines, start=1)
        for line in [lines[total.key]]
    )
