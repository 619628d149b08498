"""Find what nobody told us: ask Stripe about everything that is still open."""

import logging
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from payments.errors import GatewayDown, GatewayRefused
from payments.models import Payment
from payments.refunds import carry_out_waiting
from payments.settlement import settle

log = logging.getLogger(__name__)
# A shopper is at Stripe's page: ask often at first, then less.
FRESH = timedelta(minutes=10)
OFTEN, SELDOM = timedelta(seconds=15), timedelta(seconds=60)


def reconcile_open(limit: int = 50) -> int:
    """Open and processing payments say what Stripe says, waiting refunds have been tried; returns how many were asked for."""
    now = timezone.now()
    live = Payment.objects.filter(status__in=[Payment.Status.OPEN, Payment.Status.PROCESSING], flag="")
    is_fresh = Q(created_at__gt=now - FRESH)
    is_due = (is_fresh & Q(checked_at__lt=now - OFTEN)) | Q(checked_at__lt=now - SELDOM)
    never_asked = Q(checked_at=None, created_at__lt=now - OFTEN)
    asked = 0
    for payment_id in list(
        live.filter(is_due | never_asked).order_by("checked_at").values_list("pk", flat=True)[:limit]
    ):
        Payment.objects.filter(pk=payment_id).update(checked_at=now)
        try:
            settle(payment_id)
        except GatewayDown:
            break  # Stripe is away; the next run goes on
        except GatewayRefused:
            log.exception("Stripe does not know the session of payment %s", payment_id)
        asked += 1
    return asked + carry_out_waiting()
