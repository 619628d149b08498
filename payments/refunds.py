"""Refund payments: write a row first, then call Stripe with the row's key."""

import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from catalog.money import format_money
from orders.lifecycle import lock_order, record_event
from orders.models import GiftCard, Order, OrderEvent
from payments import gateway, ledger
from payments.errors import GatewayDown, GatewayRefused, KeySpent, RefundRefused
from payments.gateway import RefundState
from payments.gift_cards import refund_to_gift_card
from payments.models import Payment, Refund, RefundRequest
from payments.models.payment import OFFLINE
from payments.modes import is_of_our_mode
from payments.refund_mails import mail_when_done
from payments.sweep import for_each

Status = Refund.Status
MAX_RETRY_DELAY = timedelta(hours=1)


@transaction.atomic
def request_refund(  # noqa: PLR0913  (each is a column of the refund)
    payment: Payment,
    amount_minor: int,
    *,
    reason: str,
    user_id: int | None = None,
    request: RefundRequest | None = None,
    gift_card: GiftCard | None = None,
) -> Refund:
    """Store a refund for a worker to carry out. One to a gift card is done at once: to the card that paid, or to a new
    card, which holds the amount already. One of an offline payment waits until staff mark it as sent.

    Raise RefundRefused if the amount exceeds what is left after all refunds, including those in progress.
    """
    locked = Payment.objects.select_for_update(of=("self",)).select_related("order").get(pk=payment.pk)
    left = left_to_refund(locked)
    if not 0 < amount_minor <= left:
        left_text, asked_text = (format_money(minor, locked.currency) for minor in (left, amount_minor))
        raise RefundRefused(f"Only {left_text} of this payment can still be refunded, not {asked_text}.")
    refund = Refund(
        payment=locked,
        request=request,
        gift_card=gift_card,
        amount_minor=amount_minor,
        currency=locked.currency,
        reason=reason[:100],
        user_id=user_id,
    )
    if gift_card or locked.method == Payment.Method.GIFT_CARD:
        return refund_to_gift_card(refund)
    if locked.is_offline:
        refund.status = Status.PENDING  # until staff mark it as sent
    refund.save()
    return refund


def carry_out(refund_id: int) -> Refund:
    """Ask Stripe for the refund and record its answer; calling it again is safe.

    A refund of a payment of the other mode waits for its key. Raise GatewayDown if Stripe does not answer.
    """
    refund = Refund.objects.select_related("payment__order").get(pk=refund_id)
    if refund.status in (Status.SUCCEEDED, Status.FAILED) or refund.payment.is_offline:
        return refund
    if not is_of_our_mode(refund.payment):
        return refund
    _schedule_next_try(refund)
    try:
        state = _current_state(refund)
    except GatewayRefused as refused:
        return _mark_failed(refund, str(refused))
    except GatewayDown as down:
        Refund.objects.filter(pk=refund.pk).update(last_error=f"no answer: {down}"[:300])
        raise
    return take_over_refund(refund, state)


def _schedule_next_try(refund: Refund) -> None:
    """Count the attempt and schedule the next one, so that a crash during this one is retried."""
    pause = min(MAX_RETRY_DELAY, timedelta(seconds=15 * 2 ** min(refund.attempts, 10)))
    Refund.objects.filter(pk=refund.pk).update(attempts=F("attempts") + 1, next_try_at=timezone.now() + pause)


def _current_state(refund: Refund) -> RefundState:
    """Return the refund's current state at Stripe, creating it if it does not exist yet.

    The answer to a create call can be an old stored one, and Stripe forgets keys after a while. So search for the refund
    before creating it again, and read it after creating it.
    """
    if refund.provider_ref:
        return gateway.retrieve_refund(refund.provider_ref)
    payment = refund.payment
    intent_id = payment.payment_intent_id or ""
    if refund.attempts and (known := gateway.find_refund(intent_id, str(refund.key))):
        return known
    metadata = {"order": payment.order.number, "refund": str(refund.key)}
    try:
        created = gateway.create_refund(intent_id, refund.amount_minor, refund.idempotency_key, metadata)
    except KeySpent:
        # The next attempt searches for the refund first, and only then uses the next key.
        same_key = Refund.objects.filter(pk=refund.pk, key_attempt=refund.key_attempt)
        same_key.update(key_attempt=F("key_attempt") + 1)
        raise
    return gateway.retrieve_refund(created.refund_id)


@transaction.atomic
def take_over_refund(refund: Refund, state: RefundState) -> Refund:
    """Record Stripe's answer in the refund, its payment and the ledger. A refund that failed at Stripe stays failed."""
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
        _take_succeeded(order, payment, refund, state)
    elif state.status in ("failed", "canceled"):
        _take_failed(order, payment, refund, state)
    elif state.status in ("pending", "requires_action") and refund.status in (Status.REQUESTED, Status.FAILED):
        _set_status(refund, Status.PENDING)
    return refund


def _take_succeeded(order: Order, payment: Payment, refund: Refund, state: RefundState) -> None:
    _set_status(refund, Status.SUCCEEDED)
    if ledger.book_refund(refund, state.refund_id):
        Payment.objects.filter(pk=payment.pk).update(refunded_minor=F("refunded_minor") + refund.amount_minor)
    amount = format_money(refund.amount_minor, refund.currency)
    record_event(order, OrderEvent.Kind.PAYMENT, f"{amount} refunded", is_public=True)
    if refund.request_id:
        mail_when_done(refund.request_id)
    else:
        book_goodwill_of(order, refund)


def _take_failed(order: Order, payment: Payment, refund: Refund, state: RefundState) -> None:
    if refund.status == Status.FAILED:
        return
    if refund.status == Status.SUCCEEDED and ledger.book_failed_refund(refund, state.refund_id):
        Payment.objects.filter(pk=payment.pk).update(refunded_minor=F("refunded_minor") - refund.amount_minor)
    _set_status(refund, Status.FAILED, state.failure)
    record_event(order, OrderEvent.Kind.PAYMENT, "A refund failed and needs attention")


def book_goodwill_of(order: Order, refund: Refund) -> RefundRequest | None:
    """Book what a refund gave back without a reason that we know, like one made in Stripe's dashboard, as goodwill.

    Return the request that staff can assign to lines; None if the shopper was owed the amount, as after a cancellation or
    for a payment that came too late or twice. What the order still has to be paid is never given away for that.
    """
    if refund.payment.flag in (Payment.Flag.LATE, Payment.Flag.DUPLICATE):
        return None
    owed = min(ledger.owed_by_shopper(order), refund.amount_minor)
    if not order.is_paid or owed <= 0:
        return None
    request = RefundRequest.objects.create(
        order=order,
        status=RefundRequest.Status.APPROVED,
        currency=order.currency,
        goodwill_minor=owed,
        total_minor=owed,
        reason=RefundRequest.Reason.AT_STRIPE,
        has_mail=False,
        decided_at=timezone.now(),
    )
    Refund.objects.filter(pk=refund.pk).update(request=request)
    ledger.book_goodwill(request)
    return request


@transaction.atomic
def note_foreign_refund(payment: Payment, state: RefundState) -> Refund:
    """Record a refund that somebody made in Stripe's dashboard."""
    fields = {
        "payment": payment,
        "amount_minor": state.amount_minor,
        "currency": payment.currency,
        "key": uuid.uuid5(uuid.NAMESPACE_URL, state.refund_id),
        "reason": "made at Stripe",
    }
    return take_over_refund(find_or_create_foreign(state.refund_id, fields), state)


def find_or_create_foreign(provider_ref: str, fields: dict[str, Any]) -> Refund:
    """Return the refund with this ID at Stripe. A unique constraint allows one."""
    return Refund.objects.get_or_create(provider_ref=provider_ref, defaults=fields)[0]


def _set_status(refund: Refund, status: Status, error: str = "") -> None:
    refund.status = status
    refund.last_error = error[:300]
    refund.save(update_fields=["status", "last_error"])


@transaction.atomic
def _mark_failed(refund: Refund, error: str) -> Refund:
    """Mark a refund that Stripe refused as failed, for staff to look at, unless Stripe has already created it."""
    order = lock_order(refund.payment.order_id)
    refund = Refund.objects.select_for_update(of=("self",)).select_related("payment__order").get(pk=refund.pk)
    if refund.status == Status.REQUESTED and refund.provider_ref is None:
        _set_status(refund, Status.FAILED, error)
        record_event(order, OrderEvent.Kind.PAYMENT, f"A refund was refused: {error}")
    return refund


def left_to_refund(payment: Payment) -> int:
    """Return the captured minor units that no refund, finished or in progress, and no dispute has taken."""
    taken = payment.refunds.exclude(status=Status.FAILED).aggregate(total=Sum("amount_minor"))["total"] or 0
    return max(0, int(payment.captured_minor - taken - payment.disputed_minor))


def carry_out_waiting(limit: int = 500) -> int:
    """Carry out every refund that is due; return how many Stripe answered."""
    due = Refund.objects.filter(status__in=[Status.REQUESTED, Status.PENDING], next_try_at__lte=timezone.now())
    due = due.filter(payment__livemode=gateway.is_live()).exclude(payment__method__in=OFFLINE)
    refund_ids = list(due.order_by("next_try_at").values_list("pk", flat=True)[:limit])
    return for_each(refund_ids, lambda refund_id: bool(carry_out(refund_id)))
