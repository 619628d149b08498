"""Tell staff what has run low."""

from typing import Any

from django.core.management.base import BaseCommand

from catalog.alerts import send_low_stock_notices


class Command(BaseCommand):
    help = "Send staff one e-mail about every variant that has run low since the last one."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Told staff about {send_low_stock_notices()} variants.")
