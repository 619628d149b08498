"""The trial balance, tax by rate and the journal as CSV: plain numbers with a point, ISO dates, nothing to execute."""

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal

from django.utils import timezone

from catalog.importing.table import guarded
from catalog.money import to_major
from payments.bookkeeping.chart import numbers
from payments.books import Account, balances, entries, tax_by_rate, trial_balance
from payments.models import Journal
from payments.reports.periods import Period
from payments.reports.taxes import TREATMENTS

Cell = str | int | Decimal | date | None


class _Line:
    """A file of one line, for csv.writer."""

    def write(self, text: str) -> str:
        return text


def csv_lines(rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """Yield the rows as lines of CSV. No text can begin a formula."""
    writer = csv.writer(_Line())
    for row in rows:
        yield str(writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in row]))


def trial_balance_rows(period: Period, currency: str) -> Iterator[list[Cell]]:
    chart = numbers()
    yield ["account", "number", "name", "currency", "opening", "debit", "credit", "closing"]
    for row in trial_balance(period, currency):
        amounts = (row.opening_minor, row.debit_minor, row.credit_minor, row.closing_minor)
        yield [row.account, chart[row.account], row.label, currency, *(to_major(minor, currency) for minor in amounts)]


def balance_rows(day: date, currency: str) -> Iterator[list[Cell]]:
    chart, at_end = numbers(), balances(day, currency)
    yield ["account", "number", "name", "currency", "day", "balance"]
    for account, label in Account.choices:
        if account in at_end:
            yield [account, chart[account], str(label), currency, day, to_major(at_end[account], currency)]


def tax_rows(period: Period, currency: str) -> Iterator[list[Cell]]:
    yield ["month", "country", "treatment", "rate", "currency", "net", "tax"]
    for row in tax_by_rate(period, currency):
        rate = "" if row.percent is None else f"{row.percent.normalize():f}"
        treatment = TREATMENTS.get(row.treatment, row.treatment or "Without a rate")
        amounts = (to_major(row.base_minor, currency), to_major(row.tax_minor, currency))
        yield [f"{row.month:%Y-%m}", row.country, treatment, rate, currency, *amounts]


def journal_rows(period: Period, currency: str) -> Iterator[list[Cell]]:
    """Yield a row for each entry, as most bookkeeping programs import a journal."""
    chart = numbers()
    labels = dict(Journal.Kind.choices)
    yield [
        *("journal", "date", "time", "kind", "text", "reference", "order", "account", "number", "name"),
        *("currency", "debit", "credit"),
    ]
    for entry in entries(period, currency):
        local = timezone.localtime(entry.booked_at)
        debit, credit = max(entry.amount_minor, 0), max(-entry.amount_minor, 0)
        yield [
            *(entry.journal_id, local.date(), f"{local:%H:%M:%S}", entry.kind, str(labels[entry.kind])),
            *(entry.reference, entry.order_number, entry.account, chart[entry.account]),
            *(str(Account(entry.account).label), currency),
            *(to_major(debit, currency) if debit else "", to_major(credit, currency) if credit else ""),
        ]


# What a file is called → its rows.
FILES: dict[str, Callable[[Period, str], Iterator[list[Cell]]]] = {
    "trial-balance": trial_balance_rows,
    "vat": tax_rows,
    "journal": journal_rows,
}
