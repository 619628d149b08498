"""Delete personal data and leftovers that are no longer needed."""

from typing import Any

from django.core.management.base import BaseCommand

from shop.operations.purge import purge


class Command(BaseCommand):
    help = "Delete old mail and event bodies, carts, counters and sessions."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(purge())
