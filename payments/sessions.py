"""Start payments, and create or find their Checkout Sessions at Stripe."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from catalog.models import Capture
from catalog.money import charge_step
from orders.emails import store_name
from orders.lifecycle import lock_order
from orders.models import Order
from payments import gateway
from payments.errors import GatewayDown, GatewayRefused, KeySpent, NotPayable
from payments.gateway import SessionState
from payments.models import Payment
from payments.models.payment import OFFLINE
from payments.statuses import give_up

log = logging.getLogger(__name__)
MAX_PAYMENTS_PER_ORDER = 5
LATEST_REQUEST = timedelta(minutes=1)  # later, less than the 30 minutes that Stripe requires for a session are left
MIN_TIME_LEFT = timedelta(minutes=1)  # do not send a shopper to a session that expires sooner


@dataclass(frozen=True)
class PaymentChoice:
    """How an order is paid: on Stripe's page, or in a page of the shop, and with whose saved cards (Stripe's customer)."""

    is_in_page: bool = False
    customer_id: str = ""


def start_payment(order_id: int, choice: PaymentChoice = PaymentChoice()) -> Payment:
    """Return a payment of the order that can be paid now.

    Its `session_url` is Stripe's page. Without one, its `client_secret` opens the form in a page of the shop. An open
    payment is returned as it is, but never one that shows the saved cards of another customer than the choice's.

    Stripe's last answer about the payment is forgotten, because the shopper may pay from now on. The row with its key and
    all parameters is committed before Stripe is called, so that a lost answer can be requested again. Raise NotPayable,
    GatewayDown or GatewayRefused.
    """
    payment = _open_payment(order_id, choice)
    if payment.method == Payment.Method.NONE or payment.session_url or payment.client_secret:
        return payment
    is_too_old = payment.created_at < timezone.now() - LATEST_REQUEST
    try:
        return ensure_session(payment)
    except GatewayRefused:
        if not is_too_old:
            raise
    # The payment's request was never answered and is too late now, so start another payment.
    return ensure_session(_open_payment(order_id, choice))


@transaction.atomic
def _open_payment(order_id: int, choice: PaymentChoice) -> Payment:
    """Return the order's open payment, or a new one. A unique index allows one open payment at most."""
    order = lock_order(order_id)
    _check_payable(order)
    live = order.payments.filter(status__in=[Payment.Status.OPEN, Payment.Status.PROCESSING]).first()
    if live:
        _check_usable(live, choice)
        _forget_answer(live)
        return live
    if order.payments.filter(flag=Payment.Flag.MISMATCH).exists():
        raise NotPayable("We are looking into your payment. Please contact us before you pay again.")
    if order.payments.count() >= MAX_PAYMENTS_PER_ORDER:
        raise NotPayable("There were too many attempts to pay this order. Please contact us.")
    if order.due_minor == 0:
        return Payment.objects.create(order=order, method=Payment.Method.NONE, currency=order.currency, amount_minor=0)
    return _new_payment(order, choice)


def _check_usable(live: Payment, choice: PaymentChoice) -> None:
    """Raise NotPayable unless the shopper who made this choice can pay the live payment now."""
    is_in_time = not live.expires_at or live.expires_at > timezone.now() + MIN_TIME_LEFT
    if live.status != Payment.Status.OPEN or not is_in_time:
        raise NotPayable("Your payment is being checked. Please reload this page in a minute.")
    if live.customer_id not in ("", choice.customer_id):
        raise NotPayable("Somebody else has just started to pay. Please reload this page in a minute.")


def _check_payable(order: Order) -> None:
    """Raise NotPayable unless the order waits for an online payment in the shop's mode."""
    if not order.is_unpaid:
        raise NotPayable("This order is not waiting for a payment.")
    if order.is_test is not settings.IS_TEST_MODE:
        raise NotPayable("This order was placed in another mode of the shop. Please order again.")
    if not order.is_paid_online and order.due_minor:
        raise NotPayable("This order is paid another way. Its page says how.")


def can_be_charged(order: Order) -> bool:
    """Return whether Stripe can charge what is due of the order, in the mode that the shop is in."""
    is_amount = order.due_minor >= settings.MIN_CHARGE_MINOR.get(order.currency, 0)
    is_whole = order.due_minor % charge_step(order.currency) == 0
    return is_amount and is_whole and order.is_test is settings.IS_TEST_MODE


def _forget_answer(payment: Payment) -> None:
    """Let the next page of the order ask Stripe again, however recent the last answer is."""
    payment.checked_at = None
    payment.save(update_fields=["checked_at"])


def _new_payment(order: Order, choice: PaymentChoice) -> Payment:
    now = timezone.now()
    expires_at = now + settings.PAYMENT_SESSION_LIFE
    due_at = expires_at + (settings.PAYMENT_WINDOW - settings.PAYMENT_SESSION_LIFE)
    if due_at > _last_chance(order):
        raise NotPayable("The time to pay for this order has run out. Please order again.")
    payment = Payment(
        order=order,
        livemode=gateway.is_live(),
        currency=order.currency,
        amount_minor=order.due_minor,
        expires_at=expires_at,
    )
    payment.parameters = _parameters(order, payment, choice)
    payment.save()
    Order.objects.filter(pk=order.pk).update(payment_due_at=due_at)
    return payment


def _last_chance(order: Order) -> datetime:
    """Return when every online payment has to end, so that unpaid orders do not hold their stock forever.

    The time begins anew when a shopper changes from an offline payment, which stores its end.
    """
    changed = order.payments.filter(method__in=OFFLINE).aggregate(last=Max("expires_at"))["last"]
    usual = order.placed_at + settings.PAYMENT_LAST_CHANCE
    return max(usual, changed) if changed else usual


def _parameters(order: Order, payment: Payment, choice: PaymentChoice) -> dict[str, object]:
    assert payment.expires_at  # noqa: S101
    back = settings.SHOP_URL + reverse("payments:return", args=[order.public_id])
    cancel = settings.SHOP_URL + reverse("payments:back", args=[order.public_id])
    return gateway.session_parameters(
        name=f"{store_name()} {order.number}",
        email=order.email,
        amount_minor=order.due_minor,
        currency=order.currency,
        expires_at=int(payment.expires_at.timestamp()),
        urls=(back, cancel),
        metadata={"order": order.number, "payment": str(payment.key)},
        is_manual=order.capture == Capture.ON_SHIPPING,
        is_in_page=choice.is_in_page,
        customer_id=choice.customer_id,
    )


def ensure_session(payment: Payment) -> Payment:
    """Give the payment a session at Stripe, either one made by an unanswered request or a new one.

    Shoppers are only sent to the session in the payment's row, so nobody can pay two. Raise NotPayable if the payment was
    closed meanwhile, GatewayDown or GatewayRefused.
    """
    state = (_search(payment) if payment.key_attempt else None) or _create(payment)
    payment = record_session(payment, state)
    if payment.status != Payment.Status.OPEN:
        raise NotPayable("This order has changed. Please look at it again.")
    return payment


def _create(payment: Payment, *, is_second_try: bool = False) -> SessionState:
    try:
        return gateway.create_session(payment.parameters, payment.idempotency_key)
    except KeySpent as spent:
        _take_next_key(payment)
        if is_second_try or not spent.is_replayed:
            raise
    except GatewayRefused as refused:
        give_up(payment, refused, session_id=None)
        raise
    # The failure was stored earlier, so Stripe may work again.
    return _search(payment) or _create(payment, is_second_try=True)


def _take_next_key(payment: Payment) -> None:
    """Switch to the next idempotency key. Two callers that saw the same failure switch to the same key."""
    Payment.objects.filter(pk=payment.pk, key_attempt=payment.key_attempt).update(key_attempt=payment.key_attempt + 1)
    payment.refresh_from_db()


def _search(payment: Payment) -> SessionState | None:
    """Return the payment's session at Stripe that an unanswered request made, preferring a paid one, or None."""
    states = gateway.find_sessions(str(payment.key), payment.created_at)
    return next((state for status in ("complete", "open") for state in states if state.status == status), None)


def record_session(payment: Payment, state: SessionState) -> Payment:
    """Store the session in the payment's row, or expire it if the row has another one or is no longer open."""
    Payment.objects.filter(pk=payment.pk, session_id=None, status=Payment.Status.OPEN).update(
        session_id=state.session_id, session_url=state.url, client_secret=state.client_secret
    )
    payment.refresh_from_db()
    if payment.session_id != state.session_id:
        log.warning("Payment %s already has a session, so the second one is closed", payment.pk)
        with suppress(GatewayDown, GatewayRefused):  # nobody has its URL, and it expires by itself
            gateway.expire_session(state.session_id)
    return payment


def recover_session(payment: Payment) -> Payment:
    """Search Stripe for the session of a payment that has none stored; create nothing."""
    state = _search(payment)
    return record_session(payment, state) if state else payment


def close_unanswered(payment: Payment) -> Payment:
    """Find the session of a payment whose answer was lost, or mark the payment failed so that nobody can pay it.

    No shopper is ever sent to a session that is not in the row. Raise GatewayDown while an answer may still arrive; none
    does after `expires_at`, when every session of the payment has expired.
    """
    is_over = payment.expires_at is not None and payment.expires_at <= timezone.now()
    try:
        state = _search(payment) or (None if is_over else _ask_once_more(payment))
    except GatewayDown:
        if not is_over:
            raise
        state = None
    if state:
        return record_session(payment, state)
    give_up(payment, "Stripe did not create a session", session_id=None)
    payment.refresh_from_db()
    return payment


def _ask_once_more(payment: Payment) -> SessionState | None:
    """Repeat the request, in case its answer was lost; return None if Stripe failed or refused."""
    try:
        return gateway.create_session(payment.parameters, payment.idempotency_key)
    except KeySpent:
        _take_next_key(payment)
        return _search(payment)
    except GatewayRefused as refused:
        log.info("Stripe refused to create a session for payment %s: %s", payment.pk, refused)
        return None
