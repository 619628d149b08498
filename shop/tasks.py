"""Celery tasks that span apps. `shop/jobs.py` schedules them."""

import logging

from celery import shared_task

from shop.desk import checklist
from shop.desk.reports import mailing
from shop.mail import outbox
from shop.operations import audit as audit_verbs
from shop.operations import health
from shop.operations import purge as purge_verbs

log = logging.getLogger(__name__)


@shared_task
def beat_heart() -> None:
    health.beat_heart()


@shared_task
def send_mail() -> int:
    return outbox.send_waiting()


@shared_task
def audit() -> int:
    findings = audit_verbs.run_audit()
    for finding in findings:
        log.error("audit: %s", finding)
    health.record_audit(len(findings))
    health.record_completeness(is_complete=checklist.is_complete())
    return len(findings)


@shared_task
def send_reports() -> int:
    return mailing.send_reports()


@shared_task
def purge() -> str:
    return purge_verbs.purge()
