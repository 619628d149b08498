"""Write the products as a Shopify CSV."""

import contextlib
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.importing.apply import default_target
from catalog.importing.export import export_lines
from catalog.models import Product


class Command(BaseCommand):
    help = "Write every product as a Shopify CSV; importing the file again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="the file to write (default: standard output)")

    def handle(self, *args: Any, file: Path | None, **options: Any) -> None:
        target = default_target()
        lines = export_lines(Product.objects.all(), target.market, target.location)
        if file is None:
            # The reader of a pipe, such as `head`, may close it early.
            with contextlib.suppress(BrokenPipeError):
                sys.stdout.writelines(lines)
            return
        try:
            with file.open("w", encoding="utf-8", newline="") as target:
                target.writelines(lines)
        except OSError as error:
            raise CommandError(f"Cannot write {file}: {error.strerror}.") from error
        self.stdout.write(f"Written to {file}.")
