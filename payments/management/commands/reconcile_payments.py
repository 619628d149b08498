"""Ask Stripe about every open payment and carry out waiting refunds."""

from typing import Any

from django.core.management.base import BaseCommand

from payments.reconciliation import reconcile_open


class Command(BaseCommand):
    help = "Ask Stripe about every open payment and carry out waiting refunds."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{reconcile_open()} payments and refunds checked.")
