"""Money goes back: the row first, then Stripe, by the row's key."""

import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from orders.lifecycle import lock_order, record_event
from orders.models import OrderEvent
from payments import gateway, ledger
from payments.crash_points import crash_point
from payments.errors import GatewayDown, GatewayRefused, KeySpent, RefundRefused
from payments.gateway import RefundState
from payments.models import Payment, Refund
from payments.sweeps import for_each
from payments.tenders import refund_to_gift_card

Status = Refund.Status
MAX_RETRY_DELAY = timedelta(hours=1)


@transaction.atomic
def request_refund(payment: Payment, amount_minor: int, *, reason: str, user_id: int | None = None) -> Refund:
    """A refund that a worker will carry out; raises RefundRefused for more than is left, those in flight included."""
    locked = Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
    left = left_to_refund(locked)
    if not 0 < amount_minor <= left:
        raise RefundRefused(f"Only {left} minor units of this payment can still be refunded, not {amount_minor}.")
    if locked.method == Payment.Method.GIFT_CARD:
        return refund_to_gift_card(locked, amount_minor, reason=reason, user_id=user_id)
    return Refund.objects.create(
        payment=locked,
        amount_minor=amount_minor,
        currency=locked.currency,
        reason=reason[:100],
        user_id=user_id,
    )


def carry_out(refund_id: int) -> Refund:
    """Stripe has been asked for the refund and our books say what it answered; safe to call again and again."""
    refund = Refund.objects.select_related("payment__order").get(pk=refund_id)
    if refund.status in (Status.SUCCEEDED, Status.FAILED):
        return refund
    _note_try(refund)
    try:
        state = _ask(refund)
    except GatewayRefused as refused:
        return _fail(refund, str(refused))
    except GatewayDown as down:
        Refund.objects.filter(pk=refund.pk).update(last_error=f"no answer: {down}"[:300])
        raise
    crash_point("refund.after_create")
    return take_over_refund(refund, state)


def _note_try(refund: Refund) -> None:
    """Whoever dies now is followed by the next try a little later."""
    pause = min(MAX_RETRY_DELAY, timedelta(seconds=15 * 2 ** min(refund.attempts, 10)))
    Refund.objects.filter(pk=refund.pk).update(attempts=F("attempts") + 1, next_try_at=timezone.now() + pause)


def _ask(refund: Refund) -> RefundState:
    """Stripe's present state of the refund, which is made if it is not there yet.

    What a create call answers may be a stored answer of long ago, and a key may be forgotten: so the refund is looked
    for before it is asked for again, and read once more after it was made.
    """
    if refund.provider_ref:
        return gateway.retrieve_refund(refund.provider_ref)
    payment = refund.payment
    intent_id = payment.payment_intent_id or ""
    if refund.attempts and (known := gateway.find_refund(intent_id, str(refund.key))):
        return known
    marks = {"order": payment.order.number, "refund": str(refund.key)}
    try:
        made = gateway.create_refund(intent_id, refund.amount_minor, refund.idempotency_key, marks)
    except KeySpent:
        # The next try looks for the refund first, and only then asks with the next key.
        same_key = Refund.objects.filter(pk=refund.pk, key_attempt=refund.key_attempt)
        same_key.update(key_attempt=F("key_attempt") + 1)
        raise
    return gateway.retrieve_refund(made.refund_id)


@transaction.atomic
def take_over_refund(refund: Refund, state: RefundState) -> Refund:
    """Write Stripe's answer into the refund, its payment and the books. What has failed at Stripe stays failed."""
    order = lock_order(refund.payment.order_id)
    payment = Payment.objects.select_for_update(of=("self",)).get(pk=refund.payment_id)
    refund = Refund.objects.select_for_update(of=("self",)).select_related("payment__order").get(pk=refund.pk)
    is_final = refund.status == Status.FAILED and refund.provider_ref is not None
    if refund.provider_ref is None:
        refund.provider_ref = state.refund_id
        refund.save(update_fields=["provider_ref"])
    if is_final:
        return refund
    if state.status == "succeeded" and refund.status != Status.SUCCEEDED:
        _set(refund, Status.SUCCEEDED)
        if ledger.book_refund(refund, state.refund_id):
            Payment.objects.filter(pk=payment.pk).update(refunded_minor=F("refunded_minor") + refund.amount_minor)
        record_event(order, OrderEvent.Kind.PAYMENT, "Payment refunded", is_public=True)
    elif state.status in ("failed", "canceled"):
        if refund.status == Status.SUCCEEDED and ledger.book_failed_refund(refund, state.refund_id):
            Payment.objects.filter(pk=payment.pk).update(refunded_minor=F("refunded_minor") - refund.amount_minor)
        _set(refund, Status.FAILED, state.failure)
        record_event(order, OrderEvent.Kind.PAYMENT, "A refund failed and needs attention")
    elif state.status in ("pending", "requires_action") and refund.status in (Status.REQUESTED, Status.FAILED):
        _set(refund, Status.PENDING)
    return refund


@transaction.atomic
def note_foreign_refund(payment: Payment, state: RefundState) -> Refund:
    """A refund that somebody made in Stripe's dashboard is in our books too."""
    refund, _is_new = Refund.objects.get_or_create(
        provider_ref=state.refund_id,
        defaults={
            "payment": payment,
            "amount_minor": state.amount_minor,
            "currency": payment.currency,
            "key": uuid.uuid5(uuid.NAMESPACE_URL, state.refund_id),
            "reason": "made at Stripe",
        },
    )
    return take_over_refund(refund, state)


def _set(refund: Refund, status: Status, error: str = "") -> None:
    refund.status = status
    refund.last_error = error[:300]
    refund.save(update_fields=["status", "last_error"])


@transaction.atomic
def _fail(refund: Refund, error: str) -> Refund:
    """Stripe will not make it: a human must look. A refund that Stripe knows is never failed by a refused question."""
    order = lock_order(refund.payment.order_id)
    refund = Refund.objects.select_for_update(of=("self",)).select_related("payment__order").get(pk=refund.pk)
    if refund.status == Status.REQUESTED and refund.provider_ref is None:
        _set(refund, Status.FAILED, error)
        record_event(order, OrderEvent.Kind.PAYMENT, f"A refund was refused: {error}")
    return refund


def left_to_refund(payment: Payment) -> int:
    """Minor units of the capture that no refund, done or in flight, has taken."""
    taken = payment.refunds.exclude(status=Status.FAILED).aggregate(total=Sum("amount_minor"))["total"] or 0
    return int(payment.captured_minor - taken)


def carry_out_waiting(limit: int = 500) -> int:
    """Every refund whose time has come has been tried; returns how many got an answer."""
    due = Refund.objects.filter(status__in=[Status.REQUESTED, Status.PENDING], next_try_at__lte=timezone.now())
    refund_ids = list(due.order_by("next_try_at").values_list("pk", flat=True)[:limit])
    return for_each(refund_ids, lambda refund_id: bool(carry_out(refund_id)))
