"""Count the words that listings hold."""

from typing import Any

from django.core.management.base import BaseCommand

from catalog.search import refresh_terms


class Command(BaseCommand):
    help = "Bring the vocabulary of autocomplete and typing errors up to date."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{refresh_terms():,} words known.")
