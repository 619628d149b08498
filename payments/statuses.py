"""The only writer of Payment.status. Refunded and disputed are amounts on a payment, never statuses."""

import logging
from typing import Any

from django.db.models import QuerySet

from payments.models import Payment

log = logging.getLogger(__name__)
Status = Payment.Status
LIVE = (Status.OPEN, Status.PROCESSING)  # somebody may still pay it
# A payment that failed or was canceled here may have been captured at Stripe meanwhile; nothing undoes a capture.
ALLOWED = {
    Status.PROCESSING: {Status.OPEN},
    Status.CAPTURED: {Status.OPEN, Status.PROCESSING, Status.FAILED, Status.CANCELED},
    Status.FAILED: set(LIVE),
    Status.CANCELED: set(LIVE),
}


def move(payment: Payment, target: Payment.Status, **facts: Any) -> bool:
    """Change the status where the stored one allows it, and return whether it did; `facts` are written with it."""
    return bool(_movable(payment, target).update(status=target, **facts))


def give_up(payment: Payment, reason: object, **seen: Any) -> None:
    """Mark a live payment that nobody can pay as failed: Stripe did not create a session for it, or has none any more.

    It stays as it is where another request has changed one of the fields in `seen` meanwhile.
    """
    log.error("Payment %s cannot be paid: %s", payment.pk, reason)
    _movable(payment, Status.FAILED).filter(**seen).update(status=Status.FAILED, last_error=str(reason)[:300])


def _movable(payment: Payment, target: Payment.Status) -> QuerySet[Payment]:
    return Payment.objects.filter(pk=payment.pk, status__in=ALLOWED[target])
