"""Feed stored Stripe events through the inbox again, and show what that changed. Nothing should."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from orders.models import Order
from payments.event_handlers import payment_of, subject_of
from payments.inbox import process
from payments.models import Journal, Payment, Payout, Posting, Refund, StripeEvent

Status = StripeEvent.Status


@dataclass(frozen=True)
class Replay:
    """How many events were processed, and what is different since: lines as before (`-`) and after (`+`)."""

    events: int
    deliveries: int
    changes: list[str]


def events_to_replay(since: datetime) -> QuerySet[StripeEvent]:
    """Events that were processed since a moment and still have their body."""
    finished = StripeEvent.objects.filter(received_at__gte=since, status__in=[Status.DONE, Status.IGNORED])
    return finished.exclude(body="").order_by("pk")


def replay(since: datetime, *, copies: int = 1, shuffle: random.Random | None = None) -> Replay:
    """Process the events again, each that many times, in a random order if there is a source of chance."""
    events = list(events_to_replay(since))
    before = _picture(events)
    deliveries = [event.pk for event in events for _ in range(copies)]
    if shuffle:
        shuffle.shuffle(deliveries)
    for event_id in deliveries:
        # Attempts are kept, so that an event about an unknown object is not waited for again.
        StripeEvent.objects.filter(pk=event_id).update(status=Status.NEW, next_try_at=timezone.now())
        process(event_id)
    after = _picture(events)
    changes = [f"- {line}" for line in sorted((before - after).elements())]
    changes += [f"+ {line}" for line in sorted((after - before).elements())]
    return Replay(len(events), len(deliveries), changes)


def _picture(events: list[StripeEvent]) -> Counter[str]:
    """Return the books and statuses of everything that the events are about, as lines."""
    payments = [payment for event in events if (payment := payment_of(subject_of(event)))]
    order_ids = {payment.order_id for payment in payments}
    names = {event.object_id for event in events if event.object_id}
    return Counter([*_statuses(order_ids, names, [event.pk for event in events]), *_books(order_ids, names)])


def _statuses(order_ids: set[int], names: set[str], event_ids: list[int]) -> Iterator[str]:
    for order in Order.objects.filter(pk__in=order_ids).annotate(entries=Count("events")):
        yield f"order {order.number} is {order.status}, with {order.entries} entries"
    for payment in Payment.objects.filter(order__in=order_ids):
        yield (
            f"payment {payment.pk} is {payment.status} {payment.flag}: {payment.captured_minor} captured, "
            f"{payment.refunded_minor} refunded, {payment.disputed_minor} disputed"
        )
    for refund in Refund.objects.filter(payment__order__in=order_ids):
        yield f"refund {refund.key} is {refund.status}"
    for payout in Payout.objects.filter(stripe_id__in=names):
        yield f"payout {payout.stripe_id} is {payout.status}"
    for event in StripeEvent.objects.filter(pk__in=event_ids):
        yield f"event {event.stripe_id} is {event.status}"


def _books(order_ids: set[int], names: set[str]) -> Iterator[str]:
    journals = Journal.objects.filter(Q(order__in=order_ids) | Q(provider_ref__in=names))
    postings = Posting.objects.filter(journal__in=journals)
    for kind, reference, account, minor in postings.values_list(
        "journal__kind", "journal__provider_ref", "account", "amount_minor"
    ):
        yield f"journal {kind} {reference}: {account} {minor}"
