"""Celery tasks of orders. `shop/jobs.py` schedules them."""

from celery import shared_task

from orders import bulk_actions, gift_card_emails, statistics
from orders.delivery import closing_days


@shared_task
def refresh_sales() -> int:
    return statistics.refresh_sales()


@shared_task
def send_gift_cards() -> int:
    return gift_card_emails.send_due_gift_cards()


@shared_task
def extend_public_holidays() -> int:
    return closing_days.extend_public_holidays()


@shared_task
def work_order_runs() -> int:
    """Work on the runs of actions over many orders."""
    return bulk_actions.work_waiting()
