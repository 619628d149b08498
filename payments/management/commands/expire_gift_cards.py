"""Empty the gift cards whose time is over."""

from typing import Any

from django.core.management.base import BaseCommand

from payments.tenders import expire_gift_cards


class Command(BaseCommand):
    help = "Empty the gift cards that have expired, and book their balance as revenue."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{expire_gift_cards()} gift cards expired.")
