"""Handle Stripe events by their type. An event is only a hint: its handler asks Stripe for the current state."""

import json
import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db.models import Q

from payments import gateway
from payments.balance import take_over_listed
from payments.cancellation import close_payments
from payments.disputes import note_fraud_warning, take_over_dispute
from payments.errors import StillProcessing
from payments.models import Payment, Refund, StripeEvent
from payments.refunds import note_foreign_refund, take_over_refund
from payments.settlement import settle, settle_second_session

UNKNOWN_OBJECT_ATTEMPTS = 5  # for an event about an object unknown to us, which may have arrived early
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def handle(event: StripeEvent) -> StripeEvent.Status:
    """Handle the event and return its new status. Events of a type without a handler are ignored."""
    if event.account:
        # A connected account has none of our objects, whatever the metadata says.
        return StripeEvent.Status.IGNORED
    handler = next((HANDLERS[start] for start in HANDLERS if event.type.startswith(start)), None)
    return handler(event, subject_of(event)) if handler else StripeEvent.Status.IGNORED


def _handle_payment(event: StripeEvent, subject: dict[str, Any]) -> StripeEvent.Status:
    """Settle the payment. If the object is a second session of it that was paid, take that payment over too."""
    payment = payment_of(subject)
    if not payment:
        return _status_of_unknown(event)
    settled = settle(payment.pk)
    if _is_second_session(settled, subject) and settle_second_session(settled, str(subject["id"])):
        with suppress(StillProcessing):
            close_payments(settled.order)
    return StripeEvent.Status.DONE


def _is_second_session(payment: Payment, subject: dict[str, Any]) -> bool:
    """Return whether the object is a session of this payment, but not the one stored in the payment's row."""
    return (
        subject.get("object") == "checkout.session" and bool(subject.get("id")) and subject["id"] != payment.session_id
    )


def storable(value: Any) -> Any:
    """Return the value with characters that PostgreSQL cannot store (NUL, lone surrogates) replaced in all texts."""
    if isinstance(value, str):
        return UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {storable(key): storable(inner) for key, inner in value.items()}
    return [storable(inner) for inner in value] if isinstance(value, list) else value


def subject_of(event: StripeEvent) -> dict[str, Any]:
    try:
        subject = storable(json.loads(event.body)["data"]["object"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return subject if isinstance(subject, dict) else {}


def payment_of(subject: dict[str, Any]) -> Payment | None:
    """Return our payment that the object belongs to, by the key in its metadata or by known Stripe ids, or None."""
    condition = Q(session_id=str(subject.get("id") or "-")) | Q(payment_intent_id=_intent_id(subject) or "-")
    if key := _metadata_key(subject, "payment"):
        condition |= Q(key=key)
    return Payment.objects.filter(condition).first()


def _intent_id(subject: dict[str, Any]) -> str:
    intent_id = subject.get("id") if subject.get("object") == "payment_intent" else subject.get("payment_intent")
    return intent_id if isinstance(intent_id, str) else ""


def _metadata_key(subject: dict[str, Any], name: str) -> uuid.UUID | None:
    metadata = subject.get("metadata")
    try:
        return uuid.UUID(str(metadata[name])) if isinstance(metadata, dict) and name in metadata else None
    except ValueError:
        return None


def _handle_refund(event: StripeEvent, subject: dict[str, Any]) -> StripeEvent.Status:
    """Take over the refund's current state. A refund made in Stripe's dashboard is recorded if the payment is ours.

    A refund of what a bank held and was never captured is ignored: it gives nothing back that was paid.
    """
    if subject.get("object") != "refund":
        return StripeEvent.Status.IGNORED  # a charge: the refund's own event follows
    refund_id = str(subject.get("id") or "-")
    condition = Q(provider_ref=refund_id)
    if key := _metadata_key(subject, "refund"):
        condition |= Q(key=key)
    refund = Refund.objects.select_related("payment").filter(condition).first()
    payment = refund.payment if refund else payment_of(subject)
    if not payment:
        return _status_of_unknown(event)
    state = gateway.retrieve_refund(refund_id)
    if refund:
        take_over_refund(refund, state)
    elif payment.authorized_minor and state.is_release:
        return StripeEvent.Status.IGNORED
    else:
        note_foreign_refund(payment, state)
    return StripeEvent.Status.DONE


def _handle_dispute(event: StripeEvent, subject: dict[str, Any]) -> StripeEvent.Status:
    """Take over the dispute's current state."""
    payment = _payment_with(_intent_id(subject), str(subject.get("charge") or ""))
    if not payment:
        return _status_of_unknown(event)
    take_over_dispute(payment, gateway.retrieve_dispute(str(subject.get("id") or "-")))
    return StripeEvent.Status.DONE


def _handle_payout(event: StripeEvent, subject: dict[str, Any]) -> StripeEvent.Status:
    """Record the payout's current state, and which balance transactions it holds once Stripe knows."""
    if subject.get("object") != "payout":
        return StripeEvent.Status.IGNORED
    take_over_listed(gateway.retrieve_payout(str(subject.get("id") or "-")))
    return StripeEvent.Status.DONE


def _handle_fraud_warning(event: StripeEvent, subject: dict[str, Any]) -> StripeEvent.Status:
    """Record on the order that its bank suspects fraud. The event says all there is to know."""
    payment = _payment_with(_intent_id(subject), str(subject.get("charge") or ""))
    if not payment:
        return _status_of_unknown(event)
    note_fraud_warning(payment, str(subject.get("id") or ""), str(subject.get("fraud_type") or "unknown"))
    return StripeEvent.Status.DONE


def _payment_with(intent_id: str, charge_id: str) -> Payment | None:
    """Return our payment with this payment intent or charge, or None."""
    return Payment.objects.filter(Q(payment_intent_id=intent_id or "-") | Q(charge_id=charge_id or "-")).first()


def _status_of_unknown(event: StripeEvent) -> StripeEvent.Status:
    """Return NEW to retry an event about an unknown object, which may be early, or IGNORED after several attempts."""
    return StripeEvent.Status.NEW if event.attempts < UNKNOWN_OBJECT_ATTEMPTS else StripeEvent.Status.IGNORED


Handler = Callable[[StripeEvent, dict[str, Any]], StripeEvent.Status]
# By the prefix of the event type: https://docs.stripe.com/api/events/types
HANDLERS: dict[str, Handler] = {
    "checkout.session.": _handle_payment,
    "payment_intent.": _handle_payment,
    "charge.succeeded": _handle_payment,
    "charge.failed": _handle_payment,
    "charge.captured": _handle_payment,
    "charge.expired": _handle_payment,
    "charge.refund": _handle_refund,
    "refund.": _handle_refund,
    "charge.dispute.": _handle_dispute,
    "payout.": _handle_payout,
    "radar.early_fraud_warning.": _handle_fraud_warning,
}
