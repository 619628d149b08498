"""Empty the gift cards whose time is over."""

from typing import Any

from django.core.management.base import BaseCommand

from payments.tenders import expire_gift_cards


class Command(BaseCommand):
    help = "Empty the gift cards whose time is over; what was on them is booked as ours."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{expire_gift_cards()} gift cards expired.")
