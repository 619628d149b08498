"""Process stored Stripe events."""

from typing import Any

from django.core.management.base import BaseCommand

from payments.webhooks import process_waiting


class Command(BaseCommand):
    help = "Process stored Stripe events."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{process_waiting()} events handled.")
