"""The only writer of Order.status."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.addresses import keep_address
from catalog.inventory import Need, release, reserve
from orders import gift_cards
from orders.emails import send_confirmation
from orders.errors import StatusRefused
from orders.gift_mails import mail_gift_cards
from orders.joining import bring_back
from orders.models import Cart, Order, OrderEvent
from orders.promotions import give_back_uses, keep_uses, take_uses_again

Status = Order.Status
ALLOWED = {
    (Status.PLACED, Status.CONFIRMED),
    (Status.PLACED, Status.CANCELED),
    (Status.CONFIRMED, Status.COMPLETED),
    (Status.CONFIRMED, Status.CANCELED),
    # A payment that came after the order was given up, while there is still stock.
    (Status.CANCELED, Status.CONFIRMED),
}


def lock_order(order_id: int) -> Order:
    """The order as it is now, locked until the transaction ends."""
    return Order.objects.select_for_update(of=("self",)).get(pk=order_id)


def lock_with_cart(order_id: int) -> Order:
    """Lock the order's cart, then the order, in the order in which all code locks both."""
    cart_id = Order.objects.values_list("cart_id", flat=True).get(pk=order_id)
    list(Cart.objects.select_for_update().filter(pk=cart_id))
    return lock_order(order_id)


def record_event(order: Order, kind: str, text: str, *, is_public: bool = False, user_id: int | None = None) -> None:
    OrderEvent.objects.create(order=order, kind=kind, text=text[:300], is_public=is_public, user_id=user_id)


def _move(order: Order, target: Status, **facts: Any) -> None:
    """Change the status if it still is what we saw, or raise StatusRefused."""
    if (order.status, target) not in ALLOWED:
        raise StatusRefused(f"Order {order.number} is {order.status} and cannot become {target}.")
    moved = Order.objects.filter(pk=order.pk, status=order.status).update(status=target, **facts)
    if not moved:
        raise StatusRefused(f"Order {order.number} has changed in the meantime.")
    order.refresh_from_db()


@transaction.atomic
def confirm(order: Order) -> None:
    """The order may ship: it is paid, or nothing is to be paid. The confirmation mail waits in the outbox.

    Gift cards that it bought are issued, and their codes wait there too. Raises PromotionUsedUp where another order
    with the same address was paid first and has used what this one holds; then nothing has changed.
    """
    keep_uses(order)
    _move(order, Status.CONFIRMED, confirmed_at=timezone.now(), payment_due_at=None)
    record_event(order, OrderEvent.Kind.CONFIRMED, "Payment received", is_public=True)
    send_confirmation(order)
    _hand_out_gift_cards(order)


def _hand_out_gift_cards(order: Order) -> None:
    mail_gift_cards(order, gift_cards.issue_ordered(order))


@transaction.atomic
def confirm_late(order: Order) -> None:
    """A canceled order lives again because its payment came after all.

    Raises InsufficientStock, PromotionUsedUp or GiftCardSpent where others have had what it held.
    """
    _move(
        order,
        Status.CONFIRMED,
        confirmed_at=timezone.now(),
        canceled_at=None,
        cancel_reason="",
        payment_due_at=None,
    )
    record_event(order, OrderEvent.Kind.CONFIRMED, "Payment received late", is_public=True)
    send_confirmation(order)
    _hand_out_gift_cards(order)
    take_uses_again(order)
    keep_uses(order)
    gift_cards.redeem_again(order)
    reserve(order.number, needs_of(order))


def needs_of(order: Order) -> list[Need]:
    """What the order's lines want of the stock; a line whose variant is gone cannot be reserved again."""
    return [
        Need(line.pk, line.variant_id, line.open_quantity)
        for line in order.lines.all()
        if line.is_stocked and line.variant_id and line.open_quantity
    ]


@transaction.atomic
def cancel(order: Order, reason: str, *, text: str = "", user_id: int | None = None) -> Cart | None:
    """The order is canceled, and its stock and its uses of promotions are free.

    An unpaid order's things are back in a cart, which is returned, and its gift cards hold what they held; of a paid
    one the gift cards that it bought are void (GiftCardRefused where one was used).
    """
    cart = cancel_but_stock(order, reason, text=text, user_id=user_id)
    free_stock(order)
    return cart


@transaction.atomic
def cancel_but_stock(order: Order, reason: str, *, text: str = "", user_id: int | None = None) -> Cart | None:
    """Like cancel(), for callers that hold more locks before the stock; call `free_stock` in the same transaction."""
    was_unpaid = order.is_unpaid
    _move(order, Status.CANCELED, canceled_at=timezone.now(), cancel_reason=reason, payment_due_at=None)
    words = text or f"Canceled: {Order.CancelReason(reason).label.lower()}"
    record_event(order, OrderEvent.Kind.CANCELED, words, is_public=True, user_id=user_id)
    # Carts before promotions, promotions before gift cards, as everybody does who locks some of them.
    cart = bring_back(order.cart_id) if was_unpaid else None
    give_back_uses(order)
    if was_unpaid:
        gift_cards.release(order)
    else:
        gift_cards.void_ordered(order, user_id=user_id)
    return cart


def free_stock(order: Order) -> None:
    """What a canceled order still holds of the stock is free. Last: popular rows stay locked from here to COMMIT."""
    release(order.number, reason=order.cancel_reason)


def claim_orders(user_id: int, email: str) -> int:
    """The orders that a guest placed with this address, which the user has proved to own, are theirs; returns how many."""
    return Order.objects.filter(user=None, email=email).update(user_id=user_id)


def keep_address_of(user_id: int, public_id: str) -> None:
    """Put the address of one of the user's own orders into their address book."""
    order = Order.objects.filter(public_id=public_id, user_id=user_id).first()
    if order:
        keep_address(user_id, vars(order))


@transaction.atomic
def complete(order: Order) -> None:
    """Everything has been shipped."""
    _move(order, Status.COMPLETED, completed_at=timezone.now())
    record_event(order, OrderEvent.Kind.COMPLETED, "Everything is on its way")
