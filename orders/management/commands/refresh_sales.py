"""Count what sold."""

from typing import Any

from django.core.management.base import BaseCommand

from orders.selling import refresh_sales


class Command(BaseCommand):
    help = "Update the catalogue with what sold in the last 30 days and what was bought together."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{refresh_sales()} products changed.")
