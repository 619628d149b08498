"""The inbox: store a signed event once, work on it later, as often as it takes."""

import json
import logging
import re
import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from orders.lifecycle import record_event
from orders.models import OrderEvent
from payments import gateway
from payments.cancellation import close_payments
from payments.errors import NotAnEvent, StillProcessing
from payments.models import Payment, Refund, StripeEvent
from payments.refunds import note_foreign_refund, take_over_refund
from payments.settlement import settle, settle_second_session
from payments.sweeps import for_each

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 15
STRANGER_ATTEMPTS = 5  # for an event that names nothing of ours: it may only be early
FIRST_PAUSE = timedelta(seconds=2)
MAX_RETRY_DELAY = timedelta(minutes=30)
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def receive(body: bytes, signature: str) -> StripeEvent:
    """Store the signed event, once however often it comes.

    Raises BadSignature, NotAnEvent or ForeignEvent with nothing stored.
    """
    event = gateway.verify_event(body, signature)
    subject = event.get("data", {}).get("object", {}) if isinstance(event.get("data"), dict) else {}
    names = {
        "stripe_id": event["id"][:255],
        "type": str(event.get("type", ""))[:100],
        "account": str(event.get("account") or "")[:255],
        "object_id": str(subject.get("id") or "")[:255] if isinstance(subject, dict) else "",
    }
    if any(storable(name) != name for name in names.values()):
        raise NotAnEvent("characters that cannot be stored")
    StripeEvent.objects.bulk_create(
        [
            StripeEvent(
                **names,
                livemode=bool(event.get("livemode")),
                body=body.decode(),
                next_try_at=timezone.now(),
            )
        ],
        ignore_conflicts=True,
    )
    return StripeEvent.objects.get(stripe_id=names["stripe_id"])


def storable(value: Any) -> Any:
    """The value with what PostgreSQL cannot store, NUL and halves of surrogate pairs, replaced in every text of it."""
    if isinstance(value, str):
        return UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {storable(key): storable(inner) for key, inner in value.items()}
    return [storable(inner) for inner in value] if isinstance(value, list) else value


def process(event_id: int) -> StripeEvent.Status:
    """Work on one event; returns its status afterwards. Two workers never work on it at once."""
    if not _claim(event_id):
        return StripeEvent.Status(StripeEvent.objects.values_list("status", flat=True).get(pk=event_id))
    event = StripeEvent.objects.get(pk=event_id)
    try:
        status = _handle(event)
    except Exception as error:  # noqa: BLE001  (whatever it is, the event is tried again and in the end set aside)
        log.exception("Event %s could not be worked on", event.stripe_id)
        status = StripeEvent.Status.NEW if event.attempts < MAX_ATTEMPTS else StripeEvent.Status.FAILED
        StripeEvent.objects.filter(pk=event.pk).update(last_error=repr(error)[:300])
    StripeEvent.objects.filter(pk=event.pk, status=StripeEvent.Status.NEW).update(status=status)
    return status


def _claim(event_id: int) -> bool:
    """Take the event for this attempt: until the pause is over, nobody else will; a worker that dies gives it back so."""
    now = timezone.now()
    waiting = StripeEvent.objects.filter(pk=event_id, status=StripeEvent.Status.NEW, next_try_at__lte=now)
    attempts = waiting.values_list("attempts", flat=True).first()
    if attempts is None:
        return False
    pause = min(MAX_RETRY_DELAY, FIRST_PAUSE * 2 ** min(attempts + 2, 12))
    return bool(waiting.filter(attempts=attempts).update(attempts=F("attempts") + 1, next_try_at=now + pause))


def _handle(event: StripeEvent) -> StripeEvent.Status:
    if event.account:
        return StripeEvent.Status.IGNORED  # of a connected account: nothing of ours is there, whatever its marks say
    subject = _subject(event)
    kind = event.type.split(".")[0]
    if event.type.startswith(("checkout.session.", "payment_intent.", "charge.succeeded", "charge.failed")):
        payment = _payment_of(subject)
        if not payment:
            return _stranger(event)
        settled = settle(payment.pk)
        if _is_second_session(settled, subject) and settle_second_session(settled, str(subject["id"])):
            with suppress(StillProcessing):
                close_payments(settled.order)
        return StripeEvent.Status.DONE
    if event.type.startswith("charge.dispute."):
        return _handle_dispute(event, subject)
    if kind == "refund" or event.type in ("charge.refunded", "charge.refund.updated"):
        return _handle_refund(event, subject)
    return StripeEvent.Status.IGNORED


def _is_second_session(payment: Payment, subject: dict[str, Any]) -> bool:
    """The object is a session that carries the payment's mark, and the payment's row names another one or none."""
    return (
        subject.get("object") == "checkout.session" and bool(subject.get("id")) and subject["id"] != payment.session_id
    )


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


def process_waiting(limit: int = 100) -> int:
    """Every event whose time has come has been worked on; one that fails does not stop the others. Returns how many."""
    due = StripeEvent.objects.filter(status=StripeEvent.Status.NEW, next_try_at__lte=timezone.now())
    event_ids = list(due.order_by("next_try_at").values_list("pk", flat=True)[:limit])
    return for_each(event_ids, lambda event_id: process(event_id) != StripeEvent.Status.NEW)


def retry_failed() -> int:
    """Every failed event waits for work again; returns how many."""
    failed = StripeEvent.objects.filter(status=StripeEvent.Status.FAILED)
    return failed.update(status=StripeEvent.Status.NEW, attempts=0, next_try_at=timezone.now())


def old_bodies(days: int) -> QuerySet[StripeEvent]:
    """Events older than this that are worked off and still have their body."""
    old = StripeEvent.objects.filter(received_at__lt=timezone.now() - timedelta(days=days)).exclude(body="")
    return old.exclude(status=StripeEvent.Status.NEW)


def drop_bodies(events: QuerySet[StripeEvent]) -> int:
    """These events keep their ids, types and times only; returns how many there were."""
    return events.update(body="")
