"""Cancel orders that were not paid in time. Their payments are closed at Stripe first."""

from typing import Any

from django.core.management.base import BaseCommand

from payments.cancellation import expire_unpaid


class Command(BaseCommand):
    help = "Cancel orders that were not paid in time. Their payments are closed at Stripe first."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{expire_unpaid()} orders handled.")
