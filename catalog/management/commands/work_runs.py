"""Carry out imports and bulk edits that wait."""

from typing import Any

from django.core.management.base import BaseCommand

from catalog.importing.runs import work_waiting


class Command(BaseCommand):
    help = "Apply or undo every import and bulk edit that is waiting."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{work_waiting()} runs handled.")
