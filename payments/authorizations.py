"""Authorized payments: what a bank holds, what ends that, and why the order is not shipped without the money.

`capturing.py` captures them. This module only writes our own rows, so that settlement can use it.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Sum

from catalog.formats import money
from catalog.models import Store
from orders.lifecycle import record_event
from orders.models import Order, OrderEvent
from payments import ledger
from payments.authorization_mails import send_lapsed
from payments.errors import CaptureRefused
from payments.models import AuthorizationRequest, Payment
from payments.statuses import move

log = logging.getLogger(__name__)
Status, Flag = Payment.Status, Payment.Flag
USUAL_LIFE = timedelta(days=7)  # of an authorization whose bank does not say how long it holds the amount
BEING_CAPTURED = "The payment of {} is being charged or released at Stripe. Try again in a minute."


def authorized_payment(order: Order) -> Payment | None:
    """Return the payment of the order that can be captured, or None."""
    held = [payment for payment in order.payments.all() if payment.status == Status.AUTHORIZED]
    return min((payment for payment in held if payment.flag == Flag.NONE), key=lambda payment: payment.pk, default=None)


def open_request_of(order: Order) -> AuthorizationRequest | None:
    """Return the open request to capture or release the order's payment, or None."""
    held = [payment for payment in _payments_of(order) if payment.flag == Flag.NONE]
    return next(
        (request for payment in held for request in payment.authorization_requests.all() if request.is_open), None
    )


def refuse_while_capturing(order: Order) -> None:
    """Raise CaptureRefused while Stripe is asked to capture or release the payment. The order must be locked."""
    if open_request_of(order):
        raise CaptureRefused(BEING_CAPTURED.format(order.number))


def hold_of(order: Order) -> str:
    """Return why an order is not shipped: it was authorized, and not all that is owed was captured; empty if it was."""
    held = [payment for payment in _payments_of(order) if payment.authorized_minor]
    if not held:
        return ""
    owed = ledger.left_to_pay(order)
    if owed <= 0:
        return ""
    amount = money(owed, order.currency)
    if any(payment.status == Status.AUTHORIZED for payment in held):
        return f"{amount} of {order.number} is authorized and not charged yet, so it is not shipped."
    return (
        f"{amount} of {order.number} was never charged, and the bank no longer holds it, so the order cannot ship. "
        "Cancel the order, or refund the items that will not be sent."
    )


def _payments_of(order: Order) -> Sequence[Payment]:
    """Return the payments that paid the order and were authorized. Pages have read them before."""
    counted = [payment for payment in order.payments.all() if payment.flag in (Flag.NONE, Flag.LAPSED)]
    return [payment for payment in counted if payment.authorized_minor]


def request_release(payment: Payment, reason: str, *, user_id: int | None = None) -> AuthorizationRequest:
    """Store a request to release the authorization, for a worker to carry out. Asking twice asks once.

    The payment and its order must be locked. Raise CaptureRefused if it is being captured.
    """
    Request = AuthorizationRequest
    known = payment.authorization_requests.filter(status=Request.Status.REQUESTED).first()
    if known and known.is_capture:
        raise CaptureRefused(BEING_CAPTURED.format(payment.order.number))
    return known or Request.objects.create(
        payment=payment, action=Request.Action.RELEASE, reason=reason[:100], user_id=user_id
    )


def release_if_nothing_owed(order: Order, user_id: int | None) -> None:
    """Release the authorization if refunds have left nothing to capture. The order and its payments must be locked."""
    payment = authorized_payment(order)
    if payment and ledger.left_to_pay(order) <= 0:
        request_release(payment, "nothing is left to charge", user_id=user_id)


def end_authorization(order: Order, payment: Payment, cancel_reason: str) -> None:
    """Record that the bank no longer holds the amount. If the order is then unpaid, staff decide about it."""
    if not move(payment, Status.CANCELED):
        return
    payment.refresh_from_db()
    amount = money(payment.authorized_minor, payment.currency)
    is_expired = cancel_reason == "automatic"
    text = f"The authorization of {amount} {'expired' if is_expired else 'was released'}"
    record_event(order, OrderEvent.Kind.PAYMENT, text)
    is_asked = payment.authorization_requests.filter(action=AuthorizationRequest.Action.RELEASE).exists()
    if flag_if_owed(order, payment) and not is_asked:
        tell_staff(order, text)


def flag_if_owed(order: Order, payment: Payment) -> bool:
    """Flag an authorized payment that ended before everything owed was captured; return whether it did."""
    if not order.is_paid or ledger.left_to_pay(order) <= 0:
        return False
    is_flagged = bool(Payment.objects.filter(pk=payment.pk, flag=Flag.NONE).update(flag=Flag.LAPSED))
    if is_flagged:
        log.warning("The authorization of order %s ended before all of it was captured", order.number)
    return is_flagged


def clear_lapsed(order: Order) -> None:
    """Remove the flag from payments of an order that no longer owes anything. The order must be locked."""
    lapsed = order.payments.filter(flag=Flag.LAPSED)
    if lapsed.exists() and (not order.is_paid or ledger.left_to_pay(order) <= 0):
        lapsed.update(flag=Flag.NONE)


def released_of(order: Order) -> int:
    """Return what banks held for a canceled order and gave back, in minor units."""
    held = order.payments.filter(status=Status.CANCELED, flag=Flag.NONE)
    return held.aggregate(sum=Sum("authorized_minor"))["sum"] or 0


def tell_staff(order: Order, sentence: str) -> None:
    """E-mail the shop that an order cannot be shipped because its money is gone."""
    if to := Store.objects.values_list("contact_email", flat=True).first():
        send_lapsed(order, sentence, to=to)
