"""Make the renditions of new pictures."""

from typing import Any

from django.core.management.base import BaseCommand

from catalog.images import render_waiting


class Command(BaseCommand):
    help = "Create the renditions of every picture that has none."

    def handle(self, *args: Any, **options: Any) -> None:
        total = 0
        while done := render_waiting():
            total += done
        self.stdout.write(f"{total} pictures rendered.")
