"""Find what nobody told us: ask Stripe about everything that is still open."""

from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from orders.models import Order
from payments.models import Payment
from payments.refunds import carry_out_waiting
from payments.sessions import start_payment
from payments.settlement import settle
from payments.sweeps import for_each

# A shopper is at Stripe's page: ask often at first, then less.
FRESH = timedelta(minutes=10)
OFTEN, SELDOM = timedelta(seconds=15), timedelta(seconds=60)


def reconcile_open(limit: int = 500) -> int:
    """Open and processing payments say what Stripe says, waiting refunds have been tried; returns how many were asked for."""
    now = timezone.now()
    live = Payment.objects.filter(status__in=[Payment.Status.OPEN, Payment.Status.PROCESSING], flag="")
    is_fresh = Q(created_at__gt=now - FRESH)
    is_due = (is_fresh & Q(checked_at__lt=now - OFTEN)) | Q(checked_at__lt=now - SELDOM)
    never_asked = Q(checked_at=None, created_at__lt=now - OFTEN)
    payment_ids = (
        live.filter(is_due | never_asked).order_by(F("checked_at").asc(nulls_first=True)).values_list("pk", flat=True)
    )
    return for_each(list(payment_ids[:limit]), _ask) + confirm_paid_by_cards() + carry_out_waiting()


def confirm_paid_by_cards() -> int:
    """Orders of which gift cards or codes left nothing to pay are confirmed, also where the shopper's page was lost."""
    now = timezone.now()
    waiting = Order.objects.filter(
        status=Order.Status.PLACED, total_minor=F("tendered_minor"), placed_at__lt=now - OFTEN
    )
    return for_each(list(waiting.values_list("pk", flat=True)), _confirm)


def _confirm(order_id: int) -> bool:
    settle(start_payment(order_id).pk)
    return True


def _ask(payment_id: int) -> bool:
    Payment.objects.filter(pk=payment_id).update(checked_at=timezone.now())
    settle(payment_id)
    return True
