"""Refresh the stock classes of listings, rewrite all listing rows, or verify them."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from catalog.listings import in_batches, refresh_stock_classes, write_listings, wrong_listings
from catalog.models import Product


class Command(BaseCommand):
    help = "Refresh listings whose stock class may have changed. --all rewrites every row; --verify compares every row."

    def add_arguments(self, parser: ArgumentParser) -> None:
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--all", action="store_true", help="rewrite every listing row")
        mode.add_argument("--verify", action="store_true", help="compare every listing row with its product")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["all"]:
            rows = sum(write_listings(batch) for batch in in_batches(Product.objects.not_withdrawn()))
            self.stdout.write(f"{rows} listing rows written.")
        elif options["verify"]:
            self._verify()
        else:
            total = 0
            while done := refresh_stock_classes():
                total += done
            self.stdout.write(f"{total} products refreshed.")

    def _verify(self) -> None:
        wrong = [
            sentence for batch in in_batches(Product.objects.not_withdrawn()) for sentence in wrong_listings(batch)
        ]
        for sentence in wrong:
            self.stderr.write(sentence)
        if not wrong:
            self.stdout.write("Every listing row matches its product.")
            return
        self.stdout.write(f"{len(wrong)} products have wrong listing rows. Run the command with --all to correct them.")
        sys.exit(1)
