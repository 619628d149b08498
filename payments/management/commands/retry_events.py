"""Queue failed Stripe events again."""

from typing import Any

from django.core.management.base import BaseCommand

from payments.inbox import retry_failed


class Command(BaseCommand):
    help = "Queue failed Stripe events again."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{retry_failed()} events queued again.")
