"""Celery tasks that span apps. `shop/jobs.py` schedules them."""

import logging

from celery import shared_task

from shop import auditing, health, outbox, purging

log = logging.getLogger(__name__)


@shared_task
def beat_heart() -> None:
    health.beat_heart()


@shared_task
def send_mail() -> int:
    return outbox.send_waiting()


@shared_task
def audit() -> int:
    findings = auditing.run_audit()
    for finding in findings:
        log.error("audit: %s", finding)
    return len(findings)


@shared_task
def purge() -> str:
    return purging.purge()
