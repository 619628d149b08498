"""Take products over from a Shopify CSV export."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.errors import UnreadableFile
from catalog.importing.apply import import_file


class Command(BaseCommand):
    help = "Import products from a Shopify CSV export; running it twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--images", type=Path, help="the folder that relative picture paths are looked up in")

    def handle(self, *args: Any, file: Path, images: Path | None, **options: Any) -> None:
        try:
            report = import_file(file, pictures=images, on_progress=self._show if sys.stderr.isatty() else None)
        except UnreadableFile as error:
            raise CommandError(str(error)) from error
        for problem in report.problems:
            self.stderr.write(f"{'refused' if problem.is_fatal else 'note'}: {problem}")
        self.stdout.write(str(report))
        if report.refused:
            sys.exit(1)

    def _show(self, number: int, total: int) -> None:
        if number % 20 == 0 or number == total:
            self.stderr.write(f"\r{number} of {total} products", ending="\n" if number == total else "")
