"""Change the status of orders: confirm, cancel, complete. The only writer of Order.status."""

import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.addresses import keep_address
from catalog.inventory import Need, release, reserve
from orders import gift_cards
from orders.cart.editing import lock_cart
from orders.cart.merging import restore_cart
from orders.emails import send_confirmation
from orders.errors import StatusRefused
from orders.gift_card_emails import mail_gift_cards
from orders.models import Cart, Order, OrderEvent
from orders.promotions import give_back_uses, keep_uses, take_uses_again

Status = Order.Status
ALLOWED = {
    (Status.PLACED, Status.CONFIRMED),
    (Status.PLACED, Status.CANCELED),
    (Status.CONFIRMED, Status.COMPLETED),
    (Status.CONFIRMED, Status.CANCELED),
    # A payment arrived after the order was canceled, and its stock is still available.
    (Status.CANCELED, Status.CONFIRMED),
}


@dataclass(frozen=True)
class Change:
    """A value of an order that staff changed, as texts for people."""

    label: str
    before: str
    after: str


def lock_order(order_id: int) -> Order:
    """Return the current order, locked until the transaction ends."""
    return Order.objects.select_for_update(of=("self",)).get(pk=order_id)


def lock_with_cart(order_id: int) -> Order:
    """Lock the order's cart and then the order until the transaction ends; return the order.

    All code that locks both takes the cart first, so that transactions cannot deadlock.
    """
    cart_id = Order.objects.values_list("cart_id", flat=True).get(pk=order_id)
    lock_cart(pk=cart_id)
    return lock_order(order_id)


def record_event(  # noqa: PLR0913  (each is a column of the event)
    order: Order,
    kind: str,
    text: str,
    *,
    is_public: bool = False,
    user_id: int | None = None,
    changes: Iterable[Change] = (),
    key: uuid.UUID | None = None,
) -> None:
    """Add an event to the order's history. The shopper sees it if `is_public`, but never its `changes`."""
    OrderEvent.objects.create(
        order=order,
        kind=kind,
        text=text[:300],
        is_public=is_public,
        user_id=user_id,
        changes=[asdict(change) for change in changes],
        key=key,
    )


def unchanged(order: Order) -> QuerySet[Order]:
    """The order's row, or none if its status has changed since the order was read."""
    return Order.objects.filter(pk=order.pk, status=order.status)


def _move(order: Order, target: Status, **fields: Any) -> None:
    """Change the status and these fields; raise StatusRefused if that is not allowed or the order has changed."""
    if (order.status, target) not in ALLOWED:
        raise StatusRefused(f"Order {order.number} is {order.status} and cannot become {target}.")
    moved = unchanged(order).update(status=target, **fields)
    if not moved:
        raise StatusRefused(f"Order {order.number} has changed in the meantime.")
    order.refresh_from_db()


@transaction.atomic
def confirm(order: Order, text: str = "Payment received") -> None:
    """Confirm an order that is paid, authorized or agreed on, or has nothing to pay, so that it can ship; send the e-mail.

    Issue the gift cards that the order bought and send their codes. Raise PromotionUsedUp, and change nothing, if another
    order with the same e-mail address was paid first and has used up a promotion of this one.
    """
    keep_uses(order)
    _move(order, Status.CONFIRMED, confirmed_at=timezone.now(), payment_due_at=None)
    record_event(order, OrderEvent.Kind.CONFIRMED, text, is_public=True)
    send_confirmation(order)
    _issue_gift_cards(order)


def _issue_gift_cards(order: Order) -> None:
    mail_gift_cards(order, gift_cards.issue_ordered(order))


@transaction.atomic
def confirm_late(order: Order, text: str = "Payment received late") -> None:
    """Confirm a canceled order whose payment arrived late, and take its stock, promotions and gift cards again.

    Raise InsufficientStock, PromotionUsedUp or GiftCardSpent if others have used them meanwhile.
    """
    _move(
        order,
        Status.CONFIRMED,
        confirmed_at=timezone.now(),
        canceled_at=None,
        cancel_reason="",
        payment_due_at=None,
    )
    record_event(order, OrderEvent.Kind.CONFIRMED, text, is_public=True)
    send_confirmation(order)
    _issue_gift_cards(order)
    take_uses_again(order)
    keep_uses(order)
    gift_cards.redeem_again(order)
    reserve(order.number, open_needs(order))


def open_needs(order: Order) -> list[Need]:
    """Return what to reserve for the order's open lines, except for deleted variants."""
    return [
        Need(line.pk, line.variant_id, line.open_quantity)
        for line in order.lines.all()
        if line.is_stocked and line.variant_id and line.open_quantity
    ]


@transaction.atomic
def cancel(order: Order, reason: str, *, text: str = "", user_id: int | None = None) -> Cart | None:
    """Cancel the order and release its stock and its uses of promotions.

    For an unpaid order, return the amounts taken from gift cards, and move its lines to an open cart, which is returned.
    For a paid order, void the gift cards that it bought; raise GiftCardRefused if one has been used.
    """
    cart = cancel_keeping_stock(order, reason, text=text, user_id=user_id)
    release_stock(order)
    return cart


@transaction.atomic
def cancel_keeping_stock(order: Order, reason: str, *, text: str = "", user_id: int | None = None) -> Cart | None:
    """Cancel the order as cancel() does, but keep its stock reserved.

    For callers that lock more rows, which must happen before stock is locked. They call release_stock() last, in the same
    transaction.
    """
    was_unpaid = order.is_unpaid
    _move(order, Status.CANCELED, canceled_at=timezone.now(), cancel_reason=reason, payment_due_at=None)
    event_text = text or f"Canceled: {Order.CancelReason(reason).label.lower()}"
    record_event(order, OrderEvent.Kind.CANCELED, event_text, is_public=True, user_id=user_id)
    # Lock carts before promotions and promotions before gift cards, as all other code does.
    cart = restore_cart(order.cart_id) if was_unpaid else None
    give_back_uses(order)
    if was_unpaid:
        gift_cards.release(order)
    else:
        gift_cards.void_ordered(order, user_id=user_id)
    return cart


def release_stock(order: Order) -> None:
    """Release what a canceled order still reserves. Call it last: popular stock rows stay locked until COMMIT."""
    release(order.number, reason=order.cancel_reason)


def claim_orders(user_id: int, email: str) -> int:
    """Assign guest orders with this e-mail address, which the user has confirmed, to the user; return how many."""
    return Order.objects.filter(user=None, email=email).update(user_id=user_id)


def keep_address_of(user_id: int, public_id: str) -> None:
    """Add the address of one of the user's orders to their address book."""
    order = Order.objects.filter(public_id=public_id, user_id=user_id).first()
    if order:
        keep_address(user_id, vars(order))


@transaction.atomic
def complete(order: Order) -> None:
    """Mark a confirmed order as completed, once all of it has been shipped."""
    _move(order, Status.COMPLETED, completed_at=timezone.now())
    record_event(order, OrderEvent.Kind.COMPLETED, "Everything is on its way")
