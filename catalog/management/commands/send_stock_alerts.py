"""Write to everybody who waits for something that is back."""

from typing import Any

from django.core.management.base import BaseCommand

from catalog.alerts import send_stock_alerts


class Command(BaseCommand):
    help = "Send the e-mails about variants that are back in stock."

    def handle(self, *args: Any, **options: Any) -> None:
        total = 0
        while done := send_stock_alerts():
            total += done
        self.stdout.write(f"{total} mails written.")
