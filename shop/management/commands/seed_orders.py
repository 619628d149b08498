"""Add any number of made-up orders, for tests of performance."""

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shop.synthetic.orders import add_orders


class Command(BaseCommand):
    help = "Add made-up orders with lines, parcels, payments and books. A million takes minutes. Only for throw-away shops."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--orders", type=int, default=1000)
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same customers and baskets")

    def handle(self, *args: Any, orders: int, seed: int, **options: Any) -> None:
        if not 1 <= orders <= 10_000_000:
            raise CommandError("The number of orders must be from 1 to 10,000,000.")
        begun = time.monotonic()
        try:
            add_orders(orders, seed=seed, on_progress=self._show)
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{orders:,} orders in {time.monotonic() - begun:.0f} s.")

    def _show(self, done: int, total: int) -> None:
        if sys.stderr.isatty() or done == total or done % 100_000 == 0:
            self.stderr.write(f"\r{done:,} of {total:,} orders", ending="\n" if done == total else "")
