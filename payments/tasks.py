"""Celery tasks of payments. `shop/jobs.py` schedules them."""

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from payments import cancellation, capturing, gift_cards, inbox, offline_mails, reconcile, reconciliation
from payments.errors import GatewayDown, GatewayRefused
from payments.reports import closing

log = logging.getLogger(__name__)


@shared_task
def process_event(event_id: int) -> str:
    return str(inbox.process(event_id))


@shared_task
def process_events() -> int:
    return inbox.process_waiting()


@shared_task
def reconcile_payments() -> int:
    return reconciliation.reconcile_open()


@shared_task
def expire_unpaid_orders() -> int:
    return cancellation.expire_unpaid()


@shared_task
def handle_expiring() -> int:
    return capturing.handle_expiring()


@shared_task
def remind_payments() -> int:
    return offline_mails.send_reminders()


@shared_task
def expire_gift_cards() -> int:
    return gift_cards.expire_gift_cards()


@shared_task
def close_days() -> int:
    return closing.close_days()


@shared_task
def refresh_cohorts() -> int:
    return closing.refresh_cohorts()


@shared_task
def reconcile_stripe() -> int:
    return _reconcile(timedelta(days=2))


@shared_task
def reconcile_month() -> int:
    return _reconcile(timedelta(days=30))


def _reconcile(span: timedelta) -> int:
    """Reconcile with Stripe, log every difference, and return how many there are."""
    try:
        report = reconcile.reconcile(timezone.now() - span)
    except (GatewayDown, GatewayRefused) as down:
        log.warning("The books are not reconciled, because Stripe did not answer: %s", down)
        return 0
    for booked in report.booked:
        log.warning("reconcile: booked %s", booked)
    for difference in report.differences:
        log.error("reconcile: %s", difference)
    return len(report.differences)
