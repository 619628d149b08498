"""Payments and events that staff should look at, as their lists and the desk's tiles show them."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from orders.models import Order
from payments.models import Dispute, Payment, Refund, RefundRequest, StripeEvent
from payments.models.payment import IS_AWAITED, OFFLINE

MAX_WAITING = timedelta(hours=1)
EXPIRES_SOON = timedelta(hours=48)


def to_check() -> QuerySet[Payment]:
    """Flagged payments that no refund and no release has settled."""
    refunds = Refund.objects.filter(payment=OuterRef("pk")).exclude(status=Refund.Status.FAILED)
    stays = Q(flag__in=[Payment.Flag.MISMATCH, Payment.Flag.LAPSED])
    is_released = Q(status=Payment.Status.CANCELED, authorized_minor__gt=0)
    return Payment.objects.exclude(flag=Payment.Flag.NONE).filter(stays | (~Exists(refunds) & ~is_released))


def expiring() -> QuerySet[Payment]:
    """Authorized payments whose banks stop holding the amount soon."""
    soon = timezone.now() + EXPIRES_SOON
    return Payment.objects.filter(status=Payment.Status.AUTHORIZED, flag=Payment.Flag.NONE, capture_before__lte=soon)


def elevated_risk() -> QuerySet[Payment]:
    """Payments with elevated risk of orders that are to be shipped, which nobody has accepted."""
    return _risky(Payment.Risk.ELEVATED)


def highest_risk() -> QuerySet[Payment]:
    """Payments with the highest risk of orders that are to be shipped, which nobody has accepted."""
    return _risky(Payment.Risk.HIGHEST)


def _risky(level: str) -> QuerySet[Payment]:
    marked = Payment.objects.filter(risk_level__in=Payment.RAISED_RISK, risk_accepted_at=None)
    return marked.filter(risk_level=level, order__status=Order.Status.CONFIRMED)


def failed_refunds() -> QuerySet[Refund]:
    """Refunds that failed and that were not paid out again."""
    return Refund.objects.filter(status=Refund.Status.FAILED, replaced_by=None)


def overdue_payments() -> QuerySet[Payment]:
    """Invoices and cash orders whose money has not arrived by their due day."""
    return Payment.objects.filter(IS_AWAITED, status=Payment.Status.AGREED, due_at__lt=timezone.now())


def partly_paid() -> QuerySet[Payment]:
    """Transfers of which a part has arrived, so that staff decide about their orders."""
    return Payment.objects.filter(IS_AWAITED, status=Payment.Status.PROCESSING)


def refunds_to_send() -> QuerySet[Refund]:
    """Refunds of money that staff received, which they have to send back."""
    return Refund.objects.filter(status=Refund.Status.PENDING, payment__method__in=OFFLINE, gift_card=None)


def refunds_to_approve() -> QuerySet[RefundRequest]:
    """Refunds above the limit of who asked, which wait for a second person."""
    return RefundRequest.objects.filter(status=RefundRequest.Status.WAITING)


def refunds_to_assign() -> QuerySet[RefundRequest]:
    """Refunds made at Stripe that are goodwill until staff assign them to lines."""
    return RefundRequest.objects.filter(
        reason=RefundRequest.Reason.AT_STRIPE, journal=None, status=RefundRequest.Status.APPROVED
    )


def disputes_to_answer() -> QuerySet[Dispute]:
    """Disputes and inquiries that wait for evidence."""
    return Dispute.objects.filter(status__in=Dispute.TO_ANSWER)


def open_disputes() -> QuerySet[Dispute]:
    """Disputes and inquiries that are not decided."""
    return Dispute.objects.filter(status__in=Dispute.OPEN)


def stuck_events() -> QuerySet[StripeEvent]:
    """Events that failed, or that have waited for an hour."""
    Status = StripeEvent.Status
    waiting = Q(status=Status.NEW, received_at__lt=timezone.now() - MAX_WAITING)
    return StripeEvent.objects.filter(Q(status=Status.FAILED) | waiting)
