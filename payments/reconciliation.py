"""Ask Stripe about all open payments and refunds, in case a webhook was lost."""

from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from orders.models import Order
from payments import capturing
from payments.customers import delete_left_customers
from payments.models import Payment
from payments.models.payment import OFFLINE
from payments.refunds import carry_out_waiting
from payments.sessions import start_payment
from payments.settlement import settle
from payments.sweep import for_each

# The shopper is on Stripe's page: ask often at first, then less.
FRESH_PERIOD = timedelta(minutes=10)
FRESH_INTERVAL, USUAL_INTERVAL = timedelta(seconds=15), timedelta(seconds=60)
HELD_INTERVAL = timedelta(hours=1)  # between two questions about an authorized payment, which ends days later


def reconcile_open(limit: int = 500) -> int:
    """Settle open and authorized payments, confirm orders with nothing to pay, and carry out waiting refunds, captures and
    releases; return how many. Delete what erased accounts left at Stripe.
    """
    now = timezone.now()
    live = Payment.objects.filter(status__in=[Payment.Status.OPEN, Payment.Status.PROCESSING], flag="")
    live = live.exclude(method__in=OFFLINE)
    is_fresh = Q(created_at__gt=now - FRESH_PERIOD)
    is_due = (is_fresh & Q(checked_at__lt=now - FRESH_INTERVAL)) | Q(checked_at__lt=now - USUAL_INTERVAL)
    never_asked = Q(checked_at=None, created_at__lt=now - FRESH_INTERVAL)
    payment_ids = (
        live.filter(is_due | never_asked).order_by(F("checked_at").asc(nulls_first=True)).values_list("pk", flat=True)
    )
    settled = for_each(list(payment_ids[:limit]), _settle) + for_each(authorized_to_ask(limit), _settle)
    return (
        settled
        + confirm_paid_by_cards()
        + carry_out_waiting()
        + capturing.carry_out_waiting()
        + delete_left_customers()
    )


def authorized_to_ask(limit: int = 500) -> list[int]:
    """Return the authorized payments to ask Stripe about: each now and then, and more often once it should have ended."""
    now = timezone.now()
    is_over = Q(capture_before__lt=now, checked_at__lt=now - USUAL_INTERVAL)
    due = Payment.objects.filter(is_over | Q(checked_at__lt=now - HELD_INTERVAL), status=Payment.Status.AUTHORIZED)
    return list(due.order_by("checked_at").values_list("pk", flat=True)[:limit])


def confirm_paid_by_cards() -> int:
    """Confirm orders with nothing left to pay whose confirming request was lost; return how many."""
    now = timezone.now()
    waiting = Order.objects.filter(
        status=Order.Status.PLACED, total_minor=F("tendered_minor"), placed_at__lt=now - FRESH_INTERVAL
    )
    return for_each(list(waiting.values_list("pk", flat=True)), _confirm)


def _confirm(order_id: int) -> bool:
    settle(start_payment(order_id).pk)
    return True


def _settle(payment_id: int) -> bool:
    Payment.objects.filter(pk=payment_id).update(checked_at=timezone.now())
    settle(payment_id)
    return True
