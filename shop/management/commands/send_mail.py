"""Deliver every due mail of the outbox."""

from typing import Any

from django.core.management.base import BaseCommand

from shop.outbox import send_waiting


class Command(BaseCommand):
    help = "Deliver every due mail of the outbox."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{send_waiting()} mails sent.")
