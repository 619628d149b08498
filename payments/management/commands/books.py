"""Write balances, the trial balance, tax by rate or the journal of a period, as CSV or for DATEV."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.markets import default_market
from payments.bookkeeping.datev import datev_file
from payments.bookkeeping.files import FILES, balance_rows, csv_lines
from payments.errors import BooksRefused
from payments.reports.periods import Period

HELP = {
    "balances": "the balance of every account at the end of a day",
    "trial-balance": "opening balance, debits, credits and closing balance of every account",
    "vat": "net sales and tax by month, country and rate",
    "journal": "every entry, as bookkeeping programs import it",
    "datev": "the journal as a DATEV Buchungsstapel (EXTF)",
}


class Command(BaseCommand):
    help = (
        "Write the books of a period in one currency: to standard output, or to a file. "
        "Days are those of the shop's time zone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        subcommands = parser.add_subparsers(dest="what", required=True)
        for name, text in HELP.items():
            one = subcommands.add_parser(name, help=text)
            if name == "balances":
                one.add_argument("--on", type=a_day, help="the day, like 2026-12-31; default: today")
            else:
                one.add_argument("--from", type=a_day, dest="first", help="default: the first day of the last month")
                one.add_argument("--until", type=a_day, dest="last", help="default: the last day of that month")
            one.add_argument(
                "--currency", type=str.upper, default=default_market().currency, help="default: %(default)s"
            )
            one.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            lines = self._lines(**options)
        except BooksRefused as refused:
            raise CommandError(str(refused)) from refused
        if options["output"]:
            with options["output"].open("wb") as file:
                file.writelines(lines)
        else:
            sys.stdout.buffer.writelines(lines)  # bytes, because a DATEV file has an encoding of its own

    def _lines(self, what: str, currency: str, **options: Any) -> Iterable[bytes]:
        if what == "balances":
            rows = balance_rows(options["on"] or timezone.localdate(), currency)
            return (line.encode() for line in csv_lines(rows))
        period = period_of(options["first"], options["last"])
        if what == "datev":
            return datev_file(period, currency, timezone.now())
        return (line.encode() for line in csv_lines(FILES[what](period, currency)))


def a_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a day like 2026-12-31") from error


def period_of(first: date | None, last: date | None) -> Period:
    """Return the typed period, or the last month. With one day only, it is the period's first or last day."""
    month = Period.last_days(1, timezone.localdate().replace(day=1)).before.last
    period = Period(first or (last or month).replace(day=1), last or (month if not first else timezone.localdate()))
    if period.first > period.last:
        raise CommandError(f"{period.first} is after {period.last}.")
    return period
