"""Write the products as a Shopify CSV."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from catalog.importing.apply import here
from catalog.importing.export import export_lines
from catalog.models import Product


class Command(BaseCommand):
    help = "Write every product as a Shopify CSV; importing the file again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="where to write; without it, to the terminal")

    def handle(self, *args: Any, file: Path | None, **options: Any) -> None:
        shop = here()
        lines = export_lines(Product.objects.all(), shop.market, shop.location)
        if file is None:
            for line in lines:
                sys.stdout.write(line)
            return
        with file.open("w", encoding="utf-8", newline="") as target:
            target.writelines(lines)
        self.stdout.write(f"Written to {file}.")
