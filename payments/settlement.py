"""Settle payments: take over Stripe's current answer, for the return page, webhooks, reconciliation and expiry."""

import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog.errors import InsufficientStock
from catalog.money import format_money
from orders.emails import send_late_refund
from orders.errors import GiftCardSpent, PromotionUsedUp
from orders.lifecycle import cancel, confirm, confirm_late, lock_with_cart, record_event
from orders.models import Order, OrderEvent
from payments import gateway, ledger
from payments.authorizations import USUAL_LIFE, end_authorization, flag_if_owed, open_request_of, request_release
from payments.gateway import SessionState
from payments.gift_cards import capture_gift_cards
from payments.models import Payment
from payments.modes import is_of_our_mode
from payments.refunds import request_refund
from payments.risk import known_level
from payments.sessions import recover_session
from payments.statuses import move

log = logging.getLogger(__name__)
Status = Payment.Status
# An order canceled by a person stays canceled; one that was only paid too late can be confirmed again.
CONFIRMABLE_LATE = {Order.CancelReason.EXPIRED, Order.CancelReason.PAYMENT}


def settle(payment_id: int) -> Payment:
    """Update the payment and its order to Stripe's current answer; calling it again changes nothing.

    Stripe is called before anything is locked, so an older answer may be written later: statuses only move forward.
    Raise GatewayDown or GatewayRefused, with nothing changed.
    """
    payment = Payment.objects.get(pk=payment_id)
    if payment.method == Payment.Method.NONE:
        return _settle_nothing(payment)
    if payment.is_offline or not is_of_our_mode(payment):
        return payment
    if not payment.session_id:
        payment = recover_session(payment)
    if not payment.session_id:
        return payment
    return take_over(payment, gateway.retrieve_session(payment.session_id))


def settle_second_session(payment: Payment, session_id: str) -> Payment | None:
    """Take over another session of the payment if it was paid or authorized, as a payment of its own; return it or None.

    An unanswered request may have made the session. No shopper gets its URL, so this is a last safeguard: the money is
    booked, and pays the order or goes back.
    """
    state = gateway.retrieve_session(session_id)
    if not (state.is_paid or state.is_held):
        return None
    second, _is_new = Payment.objects.get_or_create(
        session_id=session_id,
        defaults={
            "order": payment.order,
            "status": Status.FAILED,
            "livemode": payment.livemode,
            "currency": payment.currency,
            "amount_minor": payment.amount_minor,
            "expires_at": payment.expires_at,
        },
    )
    return take_over(second, state)


@transaction.atomic
def take_over(payment: Payment, state: SessionState) -> Payment:
    """Record Stripe's answer in the payment, the ledger and the order, in one transaction."""
    order = lock_with_cart(payment.order_id)
    payment = lock_payment(payment.pk)
    payment.checked_at = timezone.now()
    payment.last_error = state.last_error or payment.last_error
    payment.save(update_fields=["checked_at", "last_error"])
    if state.is_paid:
        _take_paid(order, payment, state)
    elif state.is_held:
        _take_held(order, payment, state)
    elif payment.status == Status.AUTHORIZED and state.intent_status == "canceled":
        end_authorization(order, payment, state.cancel_reason)
    elif state.status == "complete" and state.intent_status in {"requires_payment_method", "canceled"}:
        move(payment, Status.FAILED)
        _set_due_again(order)
    elif state.status == "complete":
        # A bank is processing the payment, or the state is unknown: wait, never treat it as paid.
        if move(payment, Status.PROCESSING):
            Order.objects.filter(pk=order.pk, status=Order.Status.PLACED).update(payment_due_at=None)
    elif state.status == "expired":
        move(payment, Status.CANCELED)
    payment.refresh_from_db()
    return payment


def lock_payment(payment_id: int) -> Payment:
    """Return the current payment, locked until the transaction ends."""
    return Payment.objects.select_for_update().get(pk=payment_id)


def _set_due_again(order: Order) -> None:
    """Give the order time to be paid another way after a bank debit failed."""
    Order.objects.filter(pk=order.pk, status=Order.Status.PLACED, payment_due_at=None).update(
        payment_due_at=timezone.now() + settings.PAYMENT_WINDOW
    )


@transaction.atomic
def _settle_nothing(payment: Payment) -> Payment:
    """Confirm an order that has nothing left to pay, once."""
    order = lock_with_cart(payment.order_id)
    is_moved = order.due_minor == 0 and move(payment, Status.CAPTURED, captured_at=timezone.now())
    if is_moved and order.is_unpaid:
        accept_payment(order)
    payment.refresh_from_db()
    return payment


def accept_payment(order: Order, *, is_held: bool = False) -> bool:
    """Confirm a placed order that is paid or authorized (`is_held`), and book its sale and its gift cards.

    Return whether it was confirmed. If another order with the same e-mail address was paid first and has used up a
    promotion, cancel the order instead.
    """
    try:
        confirm(order, "Payment authorized" if is_held else "Payment received")
    except PromotionUsedUp as used_up:
        text = f"Canceled: “{used_up.name}” was used by another order with this address"
        cancel(order, Order.CancelReason.PAYMENT, text=text)
        return False
    book_confirmed(order)
    return True


def book_confirmed(order: Order) -> None:
    """Book the sale of a confirmed order, and what gift cards pay of it."""
    ledger.book_sale(order)
    capture_gift_cards(order)


def _take_paid(order: Order, payment: Payment, state: SessionState) -> None:
    if payment.status == Status.CAPTURED:
        return
    if not is_amount_ordered(payment, state):
        _flag_mismatch(order, payment)
        return
    was_held = bool(payment.authorized_minor)
    move(
        payment,
        Status.CAPTURED,
        captured_minor=state.received_minor,
        captured_at=timezone.now(),
        authorized_minor=state.amount_minor if state.is_manual else 0,
        **_known_at_stripe(state),
    )
    payment.refresh_from_db()
    ledger.book_capture(payment, state.received_minor, state.charge_id or state.intent_id)
    if was_held:
        _note_captured(order, payment)
    else:
        confirm_or_refund(order, payment)


def _take_held(order: Order, payment: Payment, state: SessionState) -> None:
    """Record that the customer's bank holds the amount. What has been captured or has ended is not held again."""
    if payment.authorized_minor or payment.status == Status.CAPTURED:
        return
    if (state.amount_minor, state.currency) != (payment.amount_minor, payment.currency):
        _flag_mismatch(order, payment)
        return
    move(
        payment,
        Status.AUTHORIZED,
        authorized_minor=state.amount_minor,
        capture_before=state.capture_before or timezone.now() + USUAL_LIFE,
        **_known_at_stripe(state),
    )
    payment.refresh_from_db()
    confirm_or_refund(order, payment)


def _known_at_stripe(state: SessionState) -> dict[str, Any]:
    """Return the fields of a payment by which Stripe and the shopper know it, and what Stripe thinks of its risk."""
    return {
        "payment_intent_id": state.intent_id,
        "charge_id": state.charge_id,
        "card": state.card[:60],
        "risk_level": known_level(state.risk_level),
        "risk_score": state.risk_score,
        "last_error": "",
    }


def is_amount_ordered(payment: Payment, state: SessionState) -> bool:
    """Return whether Stripe received the amount and the currency of the payment, or a part of what the bank held."""
    if state.currency != payment.currency:
        return False
    is_part = state.is_manual and state.amount_minor == payment.amount_minor
    return state.received_minor == payment.amount_minor or (is_part and 0 < state.received_minor < payment.amount_minor)


def _flag_mismatch(order: Order, payment: Payment) -> None:
    """Mark the payment failed, so that staff can cancel the order. Staff decide about the money."""
    move(payment, Status.FAILED)
    _flag(
        order,
        payment,
        Payment.Flag.MISMATCH,
        "Stripe charged a different amount or currency than the order's. Check the payment in Stripe's dashboard",
    )


def _note_captured(order: Order, payment: Payment) -> None:
    """Record on the order that its authorized payment was captured. What should have been released is refunded."""
    text = f"{format_money(payment.captured_minor, payment.currency)} charged to {payment.shown_method}"
    record_event(order, OrderEvent.Kind.PAYMENT, text, is_public=True)
    if payment.flag in (Payment.Flag.LATE, Payment.Flag.DUPLICATE) or not order.is_paid:
        request_refund(payment, payment.captured_minor, reason="charged although it was to be released")
        return
    request = open_request_of(order)
    if request and request.is_capture:
        return  # what follows from it is up to the request
    if not refund_surplus(order, payment) and not request:
        flag_if_owed(order, payment)


def refund_surplus(order: Order, payment: Payment) -> bool:
    """Refund what a captured payment holds beyond what was left to pay; return whether there is any.

    Stripe's dashboard offers to charge all that was held, also after a part of it was refunded before it was charged.
    """
    surplus = min(-ledger.left_to_pay(order), payment.captured_minor)
    if surplus > 0:
        request_refund(payment, surplus, reason="charged although it was refunded before")
    return surplus > 0


def confirm_or_refund(order: Order, payment: Payment) -> None:
    """Let the payment pay the order, or give it back if the order is paid or its stock is gone."""
    if order.status == Order.Status.PLACED:
        if not accept_payment(order, is_held=payment.status == Status.AUTHORIZED):
            give_back_late(order, payment)
    elif order.status == Order.Status.CANCELED:
        _take_late(order, payment)
    else:
        _flag(order, payment, Payment.Flag.DUPLICATE, f"A second payment arrived and will be {_way_back(payment)}")
        _give_back(payment, "paid twice")
    if payment.status == Status.CAPTURED and payment.captured_minor < payment.amount_minor:
        flag_if_owed(order, payment)


def _way_back(payment: Payment) -> str:
    return "released" if payment.status == Status.AUTHORIZED else "refunded"


def _give_back(payment: Payment, reason: str) -> tuple[int, str]:
    """Release or refund all of the payment; return the amount and a key of what gives it back."""
    if payment.status == Status.AUTHORIZED:
        return payment.authorized_minor, request_release(payment, reason).key.hex
    refund = request_refund(payment, payment.captured_minor, reason=reason)
    return refund.amount_minor, refund.key.hex


def _take_late(order: Order, payment: Payment) -> None:
    """Confirm the canceled order if its stock, promotions and gift cards are still available; otherwise refund."""
    if order.cancel_reason in CONFIRMABLE_LATE:
        try:
            confirm_late(
                order, "Payment authorized late" if payment.status == Status.AUTHORIZED else "Payment received late"
            )
        except (InsufficientStock, PromotionUsedUp, GiftCardSpent):
            log.info("Order %s was paid late, and its stock, promotion or gift card is used up", order.number)
        else:
            book_confirmed(order)
            return
    give_back_late(order, payment)


def give_back_late(order: Order, payment: Payment) -> None:
    """Give back or release what a payment of a closed order holds, and tell the shopper."""
    is_held = payment.status == Status.AUTHORIZED
    _flag(order, payment, Payment.Flag.LATE, f"The payment arrived too late and will be {_way_back(payment)}")
    amount_minor, key = _give_back(payment, "paid too late")
    send_late_refund(order, refunded_minor=amount_minor, is_held=is_held, key=key)


def _flag(order: Order, payment: Payment, flag: Payment.Flag, text: str) -> None:
    if Payment.objects.filter(pk=payment.pk, flag="").update(flag=flag):
        record_event(order, OrderEvent.Kind.PAYMENT, text)
        log.error("Payment %s of order %s is flagged %s", payment.pk, order.number, flag)
