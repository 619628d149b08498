"""Read the books of a period in one currency: balances, the trial balance, tax by rate, and every entry.

Periods are whole days in the shop's time zone. Finished days before a period come from their stored sums, and the period
itself from its journals, so that debits and credits are the entries themselves. What was booked in test mode is left
out.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from catalog.markets import all_markets
from payments.models import Payout, Posting
from payments.reports.books import OPEN_FROM, taxes_of
from payments.reports.periods import ONE_DAY, Period, Step

Account = Posting.Account
BATCH = 2000  # entries that are held in memory at once

OPENING = f"""
    SELECT account, sum(minor)::bigint FROM (
        SELECT account, amount_minor AS minor FROM payments_dailysum
        WHERE account <> '' AND currency = %(currency)s AND day < %(first)s
          AND day <= (SELECT max(day) FROM payments_booksday WHERE zone = %(zone)s)
        UNION ALL
        SELECT p.account, p.amount_minor FROM payments_journal j JOIN payments_posting p ON p.journal_id = j.id
        WHERE j.currency = %(currency)s AND j.created_at < %(begins)s AND j.created_at >= {OPEN_FROM}
          AND NOT j.is_test) AS parts
    GROUP BY account
"""  # noqa: S608  (our own text)
MOVED = """
    SELECT p.account, sum(greatest(p.amount_minor, 0))::bigint, -sum(least(p.amount_minor, 0))::bigint
    FROM payments_journal j JOIN payments_posting p ON p.journal_id = j.id
    WHERE j.currency = %(currency)s AND j.created_at >= %(begins)s AND j.created_at < %(ends)s AND NOT j.is_test
    GROUP BY p.account
"""


@dataclass(frozen=True)
class Balance:
    """An account over a period, in minor units. Debit balances are positive, credit balances negative."""

    account: str
    opening_minor: int
    debit_minor: int
    credit_minor: int

    @property
    def label(self) -> str:
        return str(Account(self.account).label)

    @property
    def closing_minor(self) -> int:
        return self.opening_minor + self.debit_minor - self.credit_minor


@dataclass(frozen=True)
class Tax:
    """The tax of one rate, country and month: what was sold less what was taken back, in minor units.

    Without a rate, it is tax in the books whose rates are not known.
    """

    month: date
    country: str
    treatment: str
    percent: Decimal | None
    base_minor: int
    tax_minor: int


@dataclass(frozen=True)
class Entry:
    """An entry of a journal on one account. `amount_minor` is positive for a debit."""

    journal_id: int
    booked_at: datetime
    kind: str
    reference: str
    order_number: str
    country: str
    treatment: str
    vat_id: str
    taxes: list[dict[str, Any]]
    account: str
    amount_minor: int

    @property
    def day(self) -> date:
        return timezone.localdate(self.booked_at)


def currencies() -> list[str]:
    """Return the currencies of the books: of all markets, and those that Stripe pays out."""
    paid_out = Payout.objects.order_by().values_list("currency", flat=True).distinct()
    return sorted({market.currency for market in all_markets().values()} | set(paid_out))


def trial_balance(period: Period, currency: str) -> list[Balance]:
    """Return every account that the books use in this currency, in the order of the chart. The columns add up to zero."""
    opening = _opening(period.first, currency)
    moved = {account: (debit, credit) for account, debit, credit in _rows(MOVED, period, currency)}
    return [
        Balance(account, opening.get(account, 0), *moved.get(account, (0, 0)))
        for account in Account.values
        if account in opening or account in moved
    ]


def balances(day: date, currency: str) -> dict[str, int]:
    """Return the balance of every account at the end of a day."""
    return _opening(day + ONE_DAY, currency)


def tax_by_rate(period: Period, currency: str) -> list[Tax]:
    """Return the tax of the period by month, country and rate. It adds up to the tax account in the books."""
    sums: dict[tuple[date, str, str, Decimal], list[int]] = defaultdict(lambda: [0, 0])
    for row in taxes_of(period):
        if row.currency == currency:
            key = (Step.MONTH.begin_of(row.day), row.country, row.treatment, row.percent)
            sums[key][0] += row.base_minor
            sums[key][1] += row.tax_minor
    rows = [Tax(*key, *sums[key]) for key in sorted(sums)]
    booked = sum(debit - credit for account, debit, credit in _rows(MOVED, period, currency) if account == Account.TAX)
    if rest := -booked - sum(row.tax_minor for row in rows):
        rows.append(Tax(Step.MONTH.begin_of(period.first), "", "", None, 0, rest))
    return rows


def entries(period: Period, currency: str) -> Iterator[Entry]:
    """Yield every entry of the period, journal by journal, without holding all of them in memory."""
    postings = postings_of(period, currency)
    fields = (
        *("journal_id", "journal__created_at", "journal__kind", "journal__provider_ref"),
        *("journal__order__number", "journal__order__country", "journal__order__treatment", "journal__order__vat_id"),
        *("journal__taxes", "account", "amount_minor"),
    )
    for row in postings.order_by("journal_id", "pk").values_list(*fields).iterator(chunk_size=BATCH):
        journal_id, booked_at, kind, reference, number, country, treatment, vat_id, taxes, account, minor = row
        order = (number or "", country or "", treatment or "", vat_id or "")
        yield Entry(journal_id, booked_at, kind, reference, *order, taxes, account, minor)


def postings_of(period: Period, currency: str) -> QuerySet[Posting]:
    """The entries of the period in this currency, without those of test mode."""
    return Posting.objects.filter(
        journal__currency=currency,
        journal__created_at__gte=period.begins,
        journal__created_at__lt=period.ends,
        journal__is_test=False,
    )


def _opening(first: date, currency: str) -> dict[str, int]:
    return dict(_rows(OPENING, Period(first, first), currency))


def _rows(statement: str, period: Period, currency: str) -> list[tuple[Any, ...]]:
    parameters = {
        "zone": settings.TIME_ZONE,
        "currency": currency,
        "first": period.first,
        "begins": period.begins,
        "ends": period.ends,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
