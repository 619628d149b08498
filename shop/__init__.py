"""The project: settings, URLs, Celery, the mail outbox, and commands and pages that span apps."""
