"""Bring the listings' stock classes up to date, or write all listing rows anew."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from catalog.listings import refresh_stock_classes, write_listings
from catalog.models import Product


class Command(BaseCommand):
    help = "Refresh listings whose stock class may have changed; --all writes every listing row anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["all"]:
            self.stdout.write(f"{write_listings(Product.objects.all())} listing rows written.")
            return
        total = 0
        while done := refresh_stock_classes():
            total += done
        self.stdout.write(f"{total} products refreshed.")
