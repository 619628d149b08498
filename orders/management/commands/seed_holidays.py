"""Add public holidays as closing days."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders.delivery.closing_days import coming_years, extend_public_holidays, seed_public_holidays


def years_of(text: str) -> list[int]:
    """Parse `2026` or `2026-2028` into a list of years."""
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal() and 2000 <= int(first) <= int(last or first) <= 2100):
        raise argparse.ArgumentTypeError("Enter years like 2026 or 2026-2028.")
    return list(range(int(first), int(last or first) + 1))


class Command(BaseCommand):
    help = (
        "Add the nationwide public holidays of these countries as closing days. "
        "Without a country, extend those that already have some."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("countries", nargs="*", metavar="COUNTRY", help="Two letters, like DE.")
        parser.add_argument("--years", type=years_of, help="2026 or 2026-2028; without it this year and the next.")

    def handle(self, *args: Any, **options: Any) -> None:
        countries = [country.upper() for country in options["countries"]]
        if invalid := [country for country in countries if len(country) != 2]:
            raise CommandError(f"{invalid[0]} is not a country code. Enter two letters, like DE.")
        years = options["years"] or coming_years()
        counts = [seed_public_holidays(country, years) for country in countries] or [extend_public_holidays()]
        if options["verbosity"]:
            self.stdout.write(f"{sum(counts)} public holidays added.")
