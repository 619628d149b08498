"""Add any number of made-up products, for tests of performance."""

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shop.synthetic.filling import fill


class Command(BaseCommand):
    help = "Add made-up products with variants, prices, stock and facets. A million takes minutes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--products", type=int, default=1000)
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same products")

    def handle(self, *args: Any, products: int, seed: int, **options: Any) -> None:
        if not 1 <= products <= 10_000_000:
            raise CommandError("The number of products must be from 1 to 10,000,000.")
        begun = time.monotonic()
        fill(products, seed=seed, on_progress=self._show)
        self.stdout.write(f"{products:,} products in {time.monotonic() - begun:.0f} s.")

    def _show(self, done: int, total: int) -> None:
        if sys.stderr.isatty() or done == total or done % 100_000 == 0:
            self.stderr.write(f"\r{done:,} of {total:,} products", ending="\n" if done == total else "")
