"""The inbox: store a signed event of Stripe's once, and work on it as often as it takes."""

import logging
from datetime import timedelta

from django.db.models import F, QuerySet
from django.utils import timezone

from payments import gateway
from payments.errors import NotAnEvent
from payments.event_handlers import handle, storable
from payments.models import StripeEvent
from payments.sweeps import for_each

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 15
FIRST_PAUSE = timedelta(seconds=2)
MAX_RETRY_DELAY = timedelta(minutes=30)


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


def process(event_id: int) -> StripeEvent.Status:
    """Work on one event; returns its status afterwards. Two workers never work on it at once."""
    if not _claim(event_id):
        return StripeEvent.Status(StripeEvent.objects.values_list("status", flat=True).get(pk=event_id))
    event = StripeEvent.objects.get(pk=event_id)
    try:
        status = handle(event)
    except Exception as error:  # noqa: BLE001  (whatever it is, the event is tried again and in the end set aside)
        log.exception("Event %s could not be processed", event.stripe_id)
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
