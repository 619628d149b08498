"""What each type of Stripe event makes the shop do. An event is a hint: its handler asks Stripe for the present state."""

import json
import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db.models import Q

from orders.lifecycle import record_event
from orders.models import OrderEvent
from payments import gateway
from payments.cancellation import close_payments
from payments.errors import StillProcessing
from payments.models import Payment, Refund, StripeEvent
from payments.refunds import note_foreign_refund, take_over_refund
from payments.settlement import settle, settle_second_session

STRANGER_ATTEMPTS = 5  # for an event that names nothing of ours: it may only be early
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def handle(event: StripeEvent) -> StripeEvent.Status:
    """Do what the event's type asks for, and return its status afterwards; a type without a handler is ignored."""
    if event.account:
        return StripeEvent.Status.IGNORED  # of a connected account: nothing of ours is there, whatever its marks say
    handler = next((HANDLERS[start] for start in HANDLERS if event.type.startswith(start)), None)
    return handler(event, _subject(event)) if handler else StripeEvent.Status.IGNORED


def _handle_payment(event: StripeEvent, subject: dict[str, Any]) -> StripeEvent.Status:
    """Settle the payment; where the object is a second session that was paid, that money is taken over too."""
    payment = _payment_of(subject)
    if not payment:
        return _stranger(event)
    settled = settle(payment.pk)
    if _is_second_session(settled, subject) and settle_second_session(settled, str(subject["id"])):
        with suppress(StillProcessing):
            close_payments(settled.order)
    return StripeEvent.Status.DONE


def _is_second_session(payment: Payment, subject: dict[str, Any]) -> bool:
    """The object is a session that carries the payment's mark, and the payment's row names another one or none."""
    return (
        subject.get("object") == "checkout.session" and bool(subject.get("id")) and subject["id"] != payment.session_id
    )


def storable(value: Any) -> Any:
    """The value with what PostgreSQL cannot store, NUL and halves of surrogate pairs, replaced in every text of it."""
    if isinstance(value, str):
        return UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {storable(key): storable(inner) for key, inner in value.items()}
    return [storable(inner) for inner in value] if isinstance(value, list) else value


def _subject(event: StripeEvent) -> dict[str, Any]:
    try:
        subject = storable(json.loads(event.body)["data"]["object"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return subject if isinstance(subject, dict) else {}


def _payment_of(subject: dict[str, Any]) -> Payment | None:
    """Our payment that the object belongs to: by its mark, or by the ids that we know already."""
    found = Q(session_id=str(subject.get("id") or "-")) | Q(payment_intent_id=_intent_id(subject) or "-")
    if key := _mark(subject, "payment"):
        found |= Q(key=key)
    return Payment.objects.filter(found).first()


def _intent_id(subject: dict[str, Any]) -> str:
    own = subject.get("id") if subject.get("object") == "payment_intent" else subject.get("payment_intent")
    return own if isinstance(own, str) else ""


def _mark(subject: dict[str, Any], name: str) -> uuid.UUID | None:
    marks = subject.get("metadata")
    try:
        return uuid.UUID(str(marks[name])) if isinstance(marks, dict) and name in marks else None
    except ValueError:
        return None


def _handle_refund(event: StripeEvent, subject: dict[str, Any]) -> StripeEvent.Status:
    """Ask for the refund's present state; one that we did not make is noted, if the payment is ours."""
    if subject.get("object") != "refund":
        return StripeEvent.Status.IGNORED  # a charge: the refund's own event follows
    refund_id = str(subject.get("id") or "-")
    found = Q(provider_ref=refund_id)
    if key := _mark(subject, "refund"):
        found |= Q(key=key)
    refund = Refund.objects.select_related("payment").filter(found).first()
    payment = refund.payment if refund else _payment_of(subject)
    if not payment:
        return _stranger(event)
    state = gateway.retrieve_refund(refund_id)
    if refund:
        take_over_refund(refund, state)
    else:
        note_foreign_refund(payment, state)
    return StripeEvent.Status.DONE


def _handle_dispute(event: StripeEvent, subject: dict[str, Any]) -> StripeEvent.Status:
    """Staff read on the order that its payment is disputed; the answer is given in Stripe's dashboard."""
    payment = _payment_of(subject)
    if not payment:
        return _stranger(event)
    words = (
        f"Dispute {subject.get('id')}: {str(subject.get('status')).replace('_', ' ')}. Answer it in Stripe's dashboard."
    )
    if not payment.order.events.filter(text=words).exists():
        record_event(payment.order, OrderEvent.Kind.PAYMENT, words)
    return StripeEvent.Status.DONE


def _stranger(event: StripeEvent) -> StripeEvent.Status:
    """Names nothing that we know: perhaps early, so tried again for a while; perhaps another shop's."""
    return StripeEvent.Status.NEW if event.attempts < STRANGER_ATTEMPTS else StripeEvent.Status.IGNORED


Handler = Callable[[StripeEvent, dict[str, Any]], StripeEvent.Status]
# By the beginning of the type: https://docs.stripe.com/api/events/types
HANDLERS: dict[str, Handler] = {
    "checkout.session.": _handle_payment,
    "payment_intent.": _handle_payment,
    "charge.succeeded": _handle_payment,
    "charge.failed": _handle_payment,
    "charge.refund": _handle_refund,
    "refund.": _handle_refund,
    "charge.dispute.": _handle_dispute,
}
