"""Mail the gift cards whose day has come."""

from typing import Any

from django.core.management.base import BaseCommand

from orders.gift_mails import send_due_gift_cards


class Command(BaseCommand):
    help = "Send every gift card that is due today or earlier and has not been sent yet."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{send_due_gift_cards()} gift cards sent.")
