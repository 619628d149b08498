"""The inbox: store each signed event from Stripe once, and process it until it succeeds or is set aside."""

import logging
from datetime import timedelta

from django.db.models import F, QuerySet
from django.utils import timezone

from payments import gateway
from payments.errors import NotAnEvent
from payments.event_handlers import handle, storable
from payments.models import StripeEvent
from payments.sweep import for_each

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 15
FIRST_PAUSE = timedelta(seconds=2)
MAX_RETRY_DELAY = timedelta(minutes=30)


def receive(body: bytes, signature: str) -> StripeEvent:
    """Store a signed event and return it; an event that arrives again is stored once.

    Raise BadSignature, NotAnEvent or ForeignEvent, with nothing stored.
    """
    event = gateway.verify_event(body, signature)
    subject = event.get("data", {}).get("object", {}) if isinstance(event.get("data"), dict) else {}
    fields = {
        "stripe_id": event["id"][:255],
        "type": str(event.get("type", ""))[:100],
        "account": str(event.get("account") or "")[:255],
        "object_id": str(subject.get("id") or "")[:255] if isinstance(subject, dict) else "",
    }
    if any(storable(value) != value for value in fields.values()):
        raise NotAnEvent("characters that cannot be stored")
    StripeEvent.objects.bulk_create(
        [
            StripeEvent(
                **fields,
                livemode=bool(event.get("livemode")),
                body=body.decode(),
                next_try_at=timezone.now(),
            )
        ],
        ignore_conflicts=True,
    )
    return StripeEvent.objects.get(stripe_id=fields["stripe_id"])


def process(event_id: int) -> StripeEvent.Status:
    """Process one event and return its new status. Two workers never process the same event at once."""
    if not _claim(event_id):
        return StripeEvent.Status(StripeEvent.objects.values_list("status", flat=True).get(pk=event_id))
    event = StripeEvent.objects.get(pk=event_id)
    try:
        status = handle(event)
    except Exception as error:  # noqa: BLE001  (after any error the event is tried again, and finally set aside)
        log.exception("Event %s could not be processed", event.stripe_id)
        status = StripeEvent.Status.NEW if event.attempts < MAX_ATTEMPTS else StripeEvent.Status.FAILED
        StripeEvent.objects.filter(pk=event.pk).update(last_error=repr(error)[:300])
    StripeEvent.objects.filter(pk=event.pk, status=StripeEvent.Status.NEW).update(status=status)
    return status


def _claim(event_id: int) -> bool:
    """Claim the event for this attempt, and return whether it was free.

    The claim ends after a pause, so that another worker takes over if this one crashes.
    """
    now = timezone.now()
    waiting = StripeEvent.objects.filter(pk=event_id, status=StripeEvent.Status.NEW, next_try_at__lte=now)
    attempts = waiting.values_list("attempts", flat=True).first()
    if attempts is None:
        return False
    pause = min(MAX_RETRY_DELAY, FIRST_PAUSE * 2 ** min(attempts + 2, 12))
    return bool(waiting.filter(attempts=attempts).update(attempts=F("attempts") + 1, next_try_at=now + pause))


def process_waiting(limit: int = 100) -> int:
    """Process every event that is due, and return how many are finished. A failing event does not stop the others."""
    due = StripeEvent.objects.filter(status=StripeEvent.Status.NEW, next_try_at__lte=timezone.now())
    event_ids = list(due.order_by("next_try_at").values_list("pk", flat=True)[:limit])
    return for_each(event_ids, lambda event_id: process(event_id) != StripeEvent.Status.NEW)


def retry_failed() -> int:
    """Queue every failed event again; return how many."""
    failed = StripeEvent.objects.filter(status=StripeEvent.Status.FAILED)
    return failed.update(status=StripeEvent.Status.NEW, attempts=0, next_try_at=timezone.now())


def old_bodies(days: int) -> QuerySet[StripeEvent]:
    """Finished events older than `days` that still have their body."""
    old = StripeEvent.objects.filter(received_at__lt=timezone.now() - timedelta(days=days)).exclude(body="")
    return old.exclude(status=StripeEvent.Status.NEW)


def drop_bodies(events: QuerySet[StripeEvent]) -> int:
    """Delete the bodies of these events, keeping ids, types and times; return how many."""
    return events.update(body="")
