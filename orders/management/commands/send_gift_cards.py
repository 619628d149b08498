"""Mail the gift cards whose day has come."""

from typing import Any

from django.core.management.base import BaseCommand

from orders.gift_mails import send_due_gift_cards


class Command(BaseCommand):
    help = "Mail every gift card that was bought for today or an earlier day and was not mailed yet."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{send_due_gift_cards()} gift cards mailed.")
