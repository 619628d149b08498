"""Capture and release authorized payments: store a request, ask Stripe, take over its answer, then ship the parcel.

Decision 0038 says why in this order.
"""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from catalog.formats import money
from catalog.models import Store
from orders import fulfillment
from orders.editing import check_unchanged
from orders.errors import ReversalRefused, ShipmentRefused
from orders.fulfillment import NewFulfillment, check_parcel, ship
from orders.lifecycle import lock_order, record_event
from orders.models import Disposition, Order, OrderEvent
from orders.reversal import UnitsBack, plan_reversal
from payments import gateway, ledger, worklists
from payments.authorization_mails import send_expiring
from payments.authorizations import (
    authorized_payment,
    flag_if_owed,
    hold_of,
    refuse_while_capturing,
    request_release,
)
from payments.errors import CaptureRefused, GatewayDown, GatewayRefused, KeySpent, RefundRefused
from payments.models import AuthorizationRequest, Payment
from payments.modes import is_of_our_mode
from payments.refund_requests import drop_unsent, lock_payments
from payments.settlement import refund_surplus, settle
from payments.sweep import for_each

log = logging.getLogger(__name__)
Action, Status = AuthorizationRequest.Action, AuthorizationRequest.Status
MAX_RETRY_DELAY = timedelta(minutes=15)
FIRST_TRY = timedelta(seconds=30)  # the caller tries at once; the sweep waits this long
LAST_HOURS = timedelta(hours=12)  # before an authorization expires, the rule of the store decides
RULES = {
    Store.Expiring.CAPTURE: "Twelve hours before they expire, they are charged",
    Store.Expiring.RELEASE: "Twelve hours before they expire, they are released, and staff decide about the orders",
}


@dataclass(frozen=True)
class CapturePlan:
    """What will be captured of an authorized payment, and what will not be charged at all. Amounts are in minor units."""

    payment: Payment
    amount_minor: int
    dropped: tuple[UnitsBack, ...] = ()
    dropped_minor: int = 0

    @property
    def released_minor(self) -> int:
        """What the bank held and gives back."""
        return self.payment.authorized_minor - self.amount_minor


def plan_capture(order: Order, parcel: NewFulfillment | None = None, *, drops_rest: bool = False) -> CapturePlan:
    """Return what to capture: all that is owed, without the units that are not in the parcel if these are dropped.

    Raise CaptureRefused if nothing is authorized or nothing would be left to capture, and ReversalRefused for units that
    cannot be dropped.
    """
    payment = authorized_payment(order)
    if not payment:
        raise CaptureRefused(f"No payment of {order.number} is authorized.")
    dropped = tuple(_rest(order, parcel)) if parcel and drops_rest else ()
    dropped_minor = plan_reversal(order, dropped).total_minor if dropped else 0
    amount = ledger.left_to_pay(order) - dropped_minor
    if amount <= 0:
        raise CaptureRefused(
            "Nothing would be left to charge. Refund the items that will not be sent first, then ship."
        )
    if amount > payment.authorized_minor:
        owed, held = (money(minor, order.currency) for minor in (amount, payment.authorized_minor))
        raise CaptureRefused(f"{owed} is owed for {order.number}, and the bank holds only {held}.")
    return CapturePlan(payment, amount, dropped, dropped_minor)


def _rest(order: Order, parcel: NewFulfillment) -> Sequence[UnitsBack]:
    """Return the units that are to be sent and are not in the parcel."""
    return [
        UnitsBack(line.pk, rest, Disposition.NOT_SENT)
        for line in order.lines.all()
        if line.needs_shipping and not line.is_gift_card
        if (rest := line.open_quantity - parcel.quantities.get(line.pk, 0)) > 0
    ]


@transaction.atomic
def request_capture(  # noqa: PLR0913  (each says something else about what is wanted)
    order: Order,
    parcel: NewFulfillment | None = None,
    *,
    drops_rest: bool = False,
    reason: str = "",
    user_id: int | None = None,
    seen: int | None = None,
) -> AuthorizationRequest:
    """Store that the authorized payment is to be captured, with the parcel that is recorded once it is.

    The same parcel again returns the first request, unless Stripe refused it. With `seen`, raise OrderChanged if the order
    has changed since. Raise CaptureRefused, ShipmentRefused or ReversalRefused if the order or the parcel does not allow it.
    """
    order = lock_order(order.pk)
    if parcel and (known := _request_for(order, parcel.key)):
        return known
    check_unchanged(order, seen)
    lock_payments(order)
    refuse_while_capturing(order)
    if parcel:
        if hold := fulfillment.hold_of(order, besides=hold_of):
            raise ShipmentRefused(hold)
        check_parcel(order, parcel)
    plan = plan_capture(order, parcel, drops_rest=drops_rest)
    amount = money(plan.amount_minor, order.currency)
    record_event(order, OrderEvent.Kind.PAYMENT, f"{amount} is to be charged", user_id=user_id)
    return AuthorizationRequest.objects.create(
        payment=plan.payment,
        action=Action.CAPTURE,
        amount_minor=plan.amount_minor,
        reason=reason[:100],
        parcel=_stored(parcel) if parcel else {},
        parcel_key=parcel.key if parcel else None,
        dropped=[[back.line_id, back.quantity] for back in plan.dropped],
        user_id=user_id,
        next_try_at=timezone.now() + FIRST_TRY,
    )


def _request_for(order: Order, parcel_key: uuid.UUID) -> AuthorizationRequest | None:
    """Return the request that this parcel has made already, if Stripe did not refuse it."""
    requests = AuthorizationRequest.objects.filter(payment__order=order, parcel_key=parcel_key)
    return requests.exclude(status=Status.REFUSED).first()


def _stored(parcel: NewFulfillment) -> dict[str, Any]:
    quantities = {str(line): quantity for line, quantity in parcel.quantities.items() if quantity}
    tracking = {name: getattr(parcel, name) for name in ("carrier", "tracking_number", "tracking_url")}
    return {"quantities": quantities, **tracking}


def _parcel_of(request: AuthorizationRequest) -> NewFulfillment | None:
    """Return the parcel that waits for the money."""
    if not request.parcel_key:
        return None
    stored = dict(request.parcel)
    quantities = {int(line): quantity for line, quantity in stored.pop("quantities").items()}
    return NewFulfillment(quantities, **stored, key=request.parcel_key)


def carry_out(request_id: int) -> AuthorizationRequest:
    """Ask Stripe for what was requested, take over its answer, and finish the request; calling it again is safe.

    A request about a payment of the other mode waits for its key. Raise GatewayDown if Stripe does not answer; the
    request stays, and is tried again.
    """
    request = AuthorizationRequest.objects.select_related("payment").get(pk=request_id)
    if not request.is_open or not is_of_our_mode(request.payment):
        return request
    _schedule_next_try(request)
    error = ""
    try:
        # The answer to an earlier try may have been lost, so look first.
        payment = settle(request.payment_id) if request.attempts else request.payment
        if payment.status == Payment.Status.AUTHORIZED:
            error = _ask(request)
            settle(payment.pk)
    except GatewayDown as down:
        AuthorizationRequest.objects.filter(pk=request.pk).update(last_error=f"no answer: {down}"[:300])
        raise
    return _finish(request.pk, error)


def _schedule_next_try(request: AuthorizationRequest) -> None:
    """Count the attempt and schedule the next one, so that a crash during this one is retried."""
    pause = min(MAX_RETRY_DELAY, timedelta(seconds=15 * 2 ** min(request.attempts, 10)))
    row = AuthorizationRequest.objects.filter(pk=request.pk)
    row.update(attempts=F("attempts") + 1, next_try_at=timezone.now() + pause)


def _ask(request: AuthorizationRequest) -> str:
    """Ask Stripe to capture or release the payment; return why it refused, or an empty text.

    Stripe also refuses what it has already done; the state of the payment then says so.
    """
    intent_id = request.payment.payment_intent_id or ""
    try:
        if request.is_capture:
            gateway.capture_intent(intent_id, request.amount_minor, request.idempotency_key)
        else:
            gateway.cancel_intent(intent_id, request.idempotency_key)
    except KeySpent:
        same_key = AuthorizationRequest.objects.filter(pk=request.pk, key_attempt=request.key_attempt)
        same_key.update(key_attempt=F("key_attempt") + 1)
        raise
    except GatewayRefused as refused:
        return str(refused)
    return ""


@transaction.atomic
def _finish(request_id: int, error: str) -> AuthorizationRequest:
    """Record what became of the request, once. After a capture, drop the units and record the parcel.

    The state of the payment at Stripe decides, whatever caused it. A request whose payment is still authorized stays open,
    unless Stripe refused it.
    """
    request = AuthorizationRequest.objects.select_related("payment").get(pk=request_id)
    order = lock_order(request.payment.order_id)
    lock_payments(order)
    request = AuthorizationRequest.objects.select_for_update(of=("self",)).select_related("payment").get(pk=request_id)
    status = request.payment.status
    if not request.is_open or (status == Payment.Status.AUTHORIZED and not error):
        return request
    wanted = Payment.Status.CAPTURED if request.is_capture else Payment.Status.CANCELED
    is_done = status == wanted
    if not is_done and status != Payment.Status.AUTHORIZED:
        error = "The bank no longer holds the amount." if request.is_capture else "It was already charged."
    request.status, request.last_error = (Status.DONE, "") if is_done else (Status.REFUSED, error[:300])
    request.finished_at = timezone.now()
    request.save(update_fields=["status", "last_error", "finished_at"])
    if is_done and request.is_capture:
        _follow_capture(order, request)
    elif not is_done:
        verb = "Charging" if request.is_capture else "Releasing"
        amount = money(request.amount_minor or request.payment.authorized_minor, order.currency)
        record_event(order, OrderEvent.Kind.PAYMENT, f"{verb} {amount} was refused: {error}")
    return request


def _follow_capture(order: Order, request: AuthorizationRequest) -> None:
    """Drop the units that are not sent and record the parcel. Tell staff if the order no longer allows it."""
    try:
        with transaction.atomic():
            if request.dropped:
                units = [UnitsBack(line, quantity, Disposition.NOT_SENT) for line, quantity in request.dropped]
                drop_unsent(order, units, request.user_id)
            if parcel := _parcel_of(request):
                ship(order, parcel, user_id=request.user_id)
    except (ReversalRefused, ShipmentRefused, RefundRefused) as refused:
        log.error("Order %s was charged, but its parcel was not recorded: %s", order.number, refused)
        request.last_error = str(refused)[:300]
        request.save(update_fields=["last_error"])
        text = f"Charged, but the parcel was not recorded: {refused}"
        record_event(order, OrderEvent.Kind.PAYMENT, text)
    if not refund_surplus(order, request.payment):
        flag_if_owed(order, request.payment)


def capture_now(
    order: Order, *, user_id: int | None, reason: str = "", seen: int | None = None
) -> AuthorizationRequest:
    """Charge everything that is owed, without a parcel.

    Raise CaptureRefused if that is not possible or Stripe refuses, and GatewayDown if it does not answer, in which case it
    is asked again.
    """
    request = request_capture(order, reason=reason, user_id=user_id, seen=seen)
    return _checked(carry_out(request.pk))


def release(order: Order, *, user_id: int | None, reason: str, seen: int | None = None) -> None:
    """Release every authorization of the order.

    Raise CaptureRefused if one is being captured or was captured meanwhile, and GatewayDown if Stripe does not answer, in
    which case it is asked again.
    """
    for request_id in _request_releases(order, user_id, reason, seen):
        _checked(carry_out(request_id))


@transaction.atomic
def _request_releases(order: Order, user_id: int | None, reason: str, seen: int | None) -> list[int]:
    order = lock_order(order.pk)
    check_unchanged(order, seen)
    held = [payment for payment in lock_payments(order) if payment.status == Payment.Status.AUTHORIZED]
    return [request_release(payment, reason, user_id=user_id).pk for payment in held]


def _checked(request: AuthorizationRequest) -> AuthorizationRequest:
    """Raise CaptureRefused if Stripe refused the request."""
    if request.status == Status.REFUSED:
        raise CaptureRefused(request.last_error)
    return request


def carry_out_waiting(limit: int = 500) -> int:
    """Carry out every request that is due; return how many Stripe answered."""
    due = AuthorizationRequest.objects.filter(status=Status.REQUESTED, next_try_at__lte=timezone.now())
    due = due.filter(payment__livemode=gateway.is_live())
    request_ids = list(due.order_by("next_try_at").values_list("pk", flat=True)[:limit])
    return for_each(request_ids, lambda request_id: bool(carry_out(request_id)))


def handle_expiring() -> int:
    """E-mail the shop about payments that expire soon, and apply the store's rule to the first of them; return how many.

    The rule is written on the settings page: charge what is owed, or release it.
    """
    store = Store.objects.first() or Store()
    payments = list(worklists.expiring().select_related("order").order_by("capture_before"))
    if payments and store.contact_email:
        rule = RULES[Store.Expiring(store.expiring)]
        send_expiring(payments, rule, to=store.contact_email, day=timezone.localdate())
    last = timezone.now() + LAST_HOURS
    due = [payment.pk for payment in payments if payment.capture_before and payment.capture_before <= last]
    return for_each(due, lambda payment_id: _apply_rule(payment_id, store.expiring))


def _apply_rule(payment_id: int, rule: str) -> bool:
    payment = Payment.objects.select_related("order").get(pk=payment_id)
    try:
        if rule == Store.Expiring.CAPTURE:
            capture_now(payment.order, user_id=None, reason="about to expire")
        else:
            release(payment.order, user_id=None, reason="about to expire")
    except CaptureRefused as refused:
        log.warning("Order %s is about to lose its payment: %s", payment.order.number, refused)
        return False
    return True
