"""The scheduled jobs. Celery's schedule, queues and time limits and `manage.py run` are derived from this list."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

EXPIRES_SECONDS = 60  # a run that no worker has started by then is dropped, because the next one is due
USUAL_LIMIT_SECONDS = 45


@dataclass(frozen=True)
class Job:
    """A Celery task that is scheduled, and that `manage.py run NAME` runs in its own process."""

    name: str
    task: str
    every: timedelta
    outcome: str  # what `manage.py run` prints, with the task's result
    soft_limit_seconds: int = USUAL_LIMIT_SECONDS
    is_repeated: bool = False  # each run does a part of the work: `manage.py run` repeats it until nothing is left

    @property
    def is_long(self) -> bool:
        """Whether the job takes too long to share a queue with quick jobs."""
        return self.soft_limit_seconds > USUAL_LIMIT_SECONDS


def seconds(number: int) -> timedelta:
    return timedelta(seconds=number)


JOBS = (
    Job("heartbeat", "shop.tasks.beat_heart", seconds(10), ""),  # without an outcome: only a worker may run it
    Job("process-events", "payments.tasks.process_events", seconds(10), "Events handled: {}"),
    Job("send-mail", "shop.tasks.send_mail", seconds(10), "Mails sent: {}"),
    Job("reconcile-payments", "payments.tasks.reconcile_payments", seconds(15), "Payments and refunds looked up: {}"),
    Job(
        "reconcile-stripe", "payments.tasks.reconcile_stripe", timedelta(minutes=10), "Differences from Stripe: {}", 540
    ),
    Job("reconcile-month", "payments.tasks.reconcile_month", timedelta(days=1), "Differences from Stripe: {}", 1500),
    Job("expire-unpaid-orders", "payments.tasks.expire_unpaid_orders", seconds(30), "Orders handled: {}"),
    Job("handle-expiring", "payments.tasks.handle_expiring", timedelta(minutes=30), "Authorized payments handled: {}"),
    Job("remind-payments", "payments.tasks.remind_payments", timedelta(hours=1), "Reminders sent: {}"),
    Job("expire-gift-cards", "payments.tasks.expire_gift_cards", timedelta(hours=1), "Gift cards expired: {}"),
    Job("close-days", "payments.tasks.close_days", timedelta(hours=1), "Days closed: {}", 600, is_repeated=True),
    Job("refresh-cohorts", "payments.tasks.refresh_cohorts", timedelta(days=1), "Rows written: {}", 1500),
    Job("send-gift-cards", "orders.tasks.send_gift_cards", timedelta(minutes=10), "Gift cards mailed: {}"),
    Job("extend-holidays", "orders.tasks.extend_public_holidays", timedelta(days=1), "Public holidays added: {}"),
    Job("refresh-sales", "orders.tasks.refresh_sales", timedelta(hours=6), "Products changed: {}", 600),
    Job("refresh-listings", "catalog.tasks.refresh_listings", seconds(5), "Products refreshed: {}", is_repeated=True),
    Job("render-images", "catalog.tasks.render_images", seconds(20), "Pictures rendered: {}", is_repeated=True),
    Job("work-runs", "catalog.tasks.work_runs", seconds(10), "Runs handled: {}", 1500),
    Job("work-order-runs", "orders.tasks.work_order_runs", seconds(10), "Runs handled: {}", 1500),
    Job("send-stock-alerts", "catalog.tasks.send_stock_alerts", seconds(60), "Mails written: {}", is_repeated=True),
    Job("send-low-stock", "catalog.tasks.send_low_stock", timedelta(minutes=10), "Variants reported: {}"),
    Job("refresh-search", "catalog.tasks.refresh_search", timedelta(hours=1), "Words known: {}", 600),
    Job("send-reports", "shop.tasks.send_reports", timedelta(hours=1), "Reports sent: {}", 600),
    Job("audit", "shop.tasks.audit", timedelta(minutes=10), "Rows that break an invariant: {}"),
    Job("purge", "shop.tasks.purge", timedelta(days=1), "{}", 1500),
)


def beat_schedule() -> dict[str, dict[str, Any]]:
    """Return the jobs as CELERY_BEAT_SCHEDULE."""
    options = {"expires": EXPIRES_SECONDS}
    return {job.name: {"task": job.task, "schedule": job.every, "options": options} for job in JOBS}


def task_routes() -> dict[str, dict[str, str]]:
    """Return the queue of long jobs as CELERY_TASK_ROUTES."""
    return {job.task: {"queue": "long"} for job in JOBS if job.is_long}


def task_limits() -> dict[str, dict[str, int]]:
    """Return the time limits of long jobs as CELERY_TASK_ANNOTATIONS."""
    return {
        job.task: {"soft_time_limit": job.soft_limit_seconds, "time_limit": job.soft_limit_seconds + 60}
        for job in JOBS
        if job.is_long
    }
