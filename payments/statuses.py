"""Change the status of payments. The only writer of Payment.status; refunds and disputes are amounts, not statuses."""

import logging
from typing import Any

from django.db.models import QuerySet

from payments.models import Payment

log = logging.getLogger(__name__)
Status = Payment.Status
LIVE = (Status.OPEN, Status.PROCESSING)  # can still be paid
# A payment that failed or was canceled here may have been captured at Stripe meanwhile. A capture is final.
ALLOWED = {
    Status.PROCESSING: {Status.OPEN},
    Status.AUTHORIZED: {Status.OPEN, Status.PROCESSING, Status.FAILED, Status.CANCELED},
    Status.CAPTURED: {
        *(Status.OPEN, Status.PROCESSING, Status.AUTHORIZED, Status.AGREED, Status.FAILED, Status.CANCELED),
    },
    Status.FAILED: set(LIVE),
    Status.CANCELED: {*LIVE, Status.AUTHORIZED, Status.AGREED},
}


def move(payment: Payment, target: Payment.Status, **fields: Any) -> bool:
    """Change the status and these fields if the stored status allows it; return whether it did."""
    return bool(_movable(payment, target).update(status=target, **fields))


def give_up(payment: Payment, reason: object, **expected: Any) -> None:
    """Mark a live payment as failed because Stripe has no session for it, so that nobody can pay it.

    Do nothing if the payment's fields no longer have the values in `expected`.
    """
    log.error("Payment %s cannot be paid: %s", payment.pk, reason)
    _movable(payment, Status.FAILED).filter(**expected).update(status=Status.FAILED, last_error=str(reason)[:300])


def _movable(payment: Payment, target: Payment.Status) -> QuerySet[Payment]:
    return Payment.objects.filter(pk=payment.pk, status__in=ALLOWED[target])
