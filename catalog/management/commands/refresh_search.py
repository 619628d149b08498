"""Rebuild the vocabulary of autocomplete and spelling correction."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from catalog.listings import write_search_again
from catalog.listings.search import refresh_terms


class Command(BaseCommand):
    help = (
        "Update the vocabulary of autocomplete and spelling correction. "
        "--all first rewrites the search words of every listing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="also rewrite the search words of every listing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["all"]:
            self.stdout.write(f"{write_search_again():,} listing rows written.")
        self.stdout.write(f"{refresh_terms():,} words in the vocabulary.")
