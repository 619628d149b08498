"""Celery tasks of payments. `shop/jobs.py` schedules them."""

from celery import shared_task

from payments import cancellation, gift_cards, inbox, reconciliation
from payments.reports import closing


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
def expire_gift_cards() -> int:
    return gift_cards.expire_gift_cards()


@shared_task
def close_days() -> int:
    return closing.close_days()


@shared_task
def refresh_cohorts() -> int:
    return closing.refresh_cohorts()
