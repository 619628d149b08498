"""The front door: settings, URLs, Celery, the mail outbox, commands and pages that span apps."""
