"""Disputes: take over what Stripe reports, book the money at each step, and answer with evidence.

An order with an open dispute is not shipped. A dispute takes its amount out of what can be refunded, so nobody gives the
same money back twice.
"""

import logging
import uuid

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from catalog.formats import money
from catalog.models import Store
from orders.lifecycle import lock_order, record_event
from orders.models import Order, OrderEvent
from payments import gateway, ledger
from payments.dispute_mails import send_dispute
from payments.errors import DisputeRefused, GatewayRefused
from payments.gateway import DisputeState
from payments.models import Dispute, Payment

log = logging.getLogger(__name__)
Status = Dispute.Status


@transaction.atomic
def take_over_dispute(payment: Payment, state: DisputeState) -> Dispute:
    """Record Stripe's answer about a dispute, and book money that was taken away or given back, each once.

    Stripe is asked before anything is locked, so an older answer may arrive later: a closed dispute stays closed.
    """
    order = lock_order(payment.order_id)
    payment = Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
    dispute, is_new = Dispute.objects.select_for_update(of=("self",)).get_or_create(
        stripe_id=state.dispute_id,
        defaults={
            "payment": payment,
            "status": state.status,
            "reason": state.reason,
            "currency": state.currency,
            "amount_minor": state.amount_minor,
            "answer_by": state.answer_by,
            "opened_at": state.opened_at,
        },
    )
    _book_moves(payment, dispute, state)
    if is_new or _may_move(dispute, state.status):
        _move(order, dispute, state, is_new=is_new)
    return dispute


def _may_move(dispute: Dispute, target: str) -> bool:
    """Return whether the status changes. A bank may still decide otherwise after `lost`, never after `won`."""
    if target == dispute.status:
        return False
    return dispute.is_open or (dispute.status, target) == (Status.LOST, Status.WON)


def _book_moves(payment: Payment, dispute: Dispute, state: DisputeState) -> None:
    """Book what is not in the books yet. A journal that was deleted is booked again and counted once."""
    new = [ledger.book_dispute_move(dispute, move.transaction_id, move.amount_minor) for move in state.moves]
    withdrawn = -sum(move.amount_minor for move in state.moves)
    if any(new) and withdrawn != dispute.withdrawn_minor:
        more = withdrawn - dispute.withdrawn_minor
        Payment.objects.filter(pk=payment.pk).update(disputed_minor=F("disputed_minor") + more)
        Dispute.objects.filter(pk=dispute.pk).update(withdrawn_minor=withdrawn)


def _move(order: Order, dispute: Dispute, state: DisputeState, *, is_new: bool) -> None:
    was_to_answer, was_lost = dispute.is_to_answer and not is_new, dispute.status == Status.LOST and not is_new
    dispute.refresh_from_db()
    dispute.status = state.status
    dispute.answer_by = state.answer_by
    dispute.closed_at = None if dispute.is_open else timezone.now()
    dispute.save(update_fields=["status", "answer_by", "closed_at"])
    if dispute.status == Status.LOST:
        ledger.book_dispute_lost(dispute, dispute.withdrawn_minor)
    elif was_lost:
        ledger.book_dispute_lost(dispute, -dispute.amount_minor)
    record_event(order, OrderEvent.Kind.PAYMENT, sentence_of(dispute))
    if not was_to_answer or not dispute.is_to_answer:
        _tell_staff(dispute)


def sentence_of(dispute: Dispute) -> str:
    """Return how a dispute stands: `Dispute of €20.00 (fraudulent): answer it`."""
    reason = f" ({dispute.reason.replace('_', ' ')})" if dispute.reason else ""
    status = Status(dispute.status).label if dispute.status in Status.values else dispute.status
    return f"Dispute of {money(dispute.amount_minor, dispute.currency)}{reason}: {status[0].lower()}{status[1:]}"


def _tell_staff(dispute: Dispute) -> None:
    if to := Store.objects.values_list("contact_email", flat=True).first():
        send_dispute(dispute, sentence_of(dispute), to=to)


def hold_of(order: Order) -> str:
    """Return why an order is not shipped: a payment of it is disputed; empty if none is."""
    is_disputed = Dispute.objects.filter(payment__order=order, status__in=[*Dispute.OPEN, Status.LOST]).exists()
    return f"A payment of {order.number} is disputed, so it is not shipped." if is_disputed else ""


def answer(dispute: Dispute, evidence: dict[str, str], *, user_id: int) -> Dispute:
    """Answer a dispute with these texts at Stripe, once and for all.

    Raise DisputeRefused if it cannot be answered any more, and GatewayDown or GatewayRefused if Stripe does not take it.
    """
    current = Dispute.objects.select_related("payment").get(pk=dispute.pk)
    if not current.is_to_answer:
        raise DisputeRefused("This dispute was answered already, or is closed.")
    texts = {name: text for name, text in evidence.items() if text}
    state = _submit(current.stripe_id, texts)
    Dispute.objects.filter(pk=current.pk, answered_at=None).update(answered_at=timezone.now(), answered_by_id=user_id)
    return take_over_dispute(current.payment, state)


def _submit(dispute_id: str, texts: dict[str, str]) -> DisputeState:
    """Submit the texts, and return the state of the dispute, also if only the result of an earlier try was lost."""
    try:
        return gateway.submit_evidence(dispute_id, texts)
    except GatewayRefused:
        state = gateway.retrieve_dispute(dispute_id)
        if not state.has_answer:
            raise
        return state


@transaction.atomic
def note_fraud_warning(payment: Payment, warning_id: str, kind: str) -> bool:
    """Record on the order that its bank suspects fraud, once; return whether it was new.

    A refund now avoids a dispute with its fee, which staff decide.
    """
    order = lock_order(payment.order_id)
    key = uuid.uuid5(uuid.NAMESPACE_URL, warning_id)
    if order.events.filter(key=key).exists():
        return False
    text = f"The bank suspects fraud ({kind.replace('_', ' ')}). Check the order before it is shipped"
    record_event(order, OrderEvent.Kind.PAYMENT, text, key=key)
    log.warning("Order %s has an early fraud warning", order.number)
    return True
