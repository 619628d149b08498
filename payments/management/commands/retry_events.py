"""Put failed Stripe events back to work."""

from typing import Any

from django.core.management.base import BaseCommand

from payments.inbox import retry_failed


class Command(BaseCommand):
    help = "Put failed Stripe events back to work."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{retry_failed()} events wait again.")
