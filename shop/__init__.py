"""The front door: settings, URLs, Celery, the mail outbox, commands and pages that span apps."""

from shop.celery import app as celery_app

__all__ = ["celery_app"]
