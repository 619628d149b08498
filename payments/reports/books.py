"""Sums of the books by day. Finished days come from their stored sums, later ones from the journals themselves.

Both halves are one statement, which was measured: over a million orders, the journals of a year take seconds
(docs/performance.md). Journals of test orders and of test mode are in no figure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection

from payments.models import DailySum, Journal, Posting
from payments.reports.periods import Period

Account, Kind = Posting.Account, Journal.Kind
SOLD = (Account.SALES, Account.SHIPPING, Account.TAX)  # what customers are charged for, gift cards aside

# The sums of the journals in a span of time, as rows of DailySum. An account is empty for the number of journals.
JOURNAL_SUMS = """
    SELECT (j.created_at AT TIME ZONE %(zone)s)::date AS day, coalesce(o.market, '') AS market, j.currency, j.kind,
           entry.account, sum(entry.amount_minor)::bigint AS amount_minor, count(*) AS journals
    FROM payments_journal j
    LEFT JOIN orders_order o ON o.id = j.order_id
    CROSS JOIN LATERAL (
        SELECT '' AS account, 0 AS amount_minor
        UNION ALL
        SELECT p.account, p.amount_minor FROM payments_posting p WHERE p.journal_id = j.id) AS entry
    WHERE j.created_at >= {begins} AND j.created_at < {ends} AND NOT j.is_test
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT (c.created_at AT TIME ZONE %(zone)s)::date, c.market, c.currency, 'cart', '', 0, count(*)
    FROM orders_cart c WHERE c.created_at >= {begins} AND c.created_at < {ends}
    GROUP BY 1, 2, 3
"""
# The tax of each rate that journals booked in a span of time, as rows of DailyTax.
JOURNAL_TAXES = """
    SELECT (j.created_at AT TIME ZONE %(zone)s)::date AS day, o.market, j.currency, o.country, o.treatment,
           (tax->>'percent')::numeric AS percent,
           sum((tax->>'base_minor')::bigint)::bigint AS base_minor,
           sum((tax->>'tax_minor')::bigint)::bigint AS tax_minor
    FROM payments_journal j
    JOIN orders_order o ON o.id = j.order_id
    CROSS JOIN LATERAL jsonb_array_elements(j.taxes) AS tax
    WHERE j.kind IN ('sale', 'reversal', 'cancel') AND j.created_at >= {begins} AND j.created_at < {ends}
      AND NOT j.is_test
    GROUP BY 1, 2, 3, 4, 5, 6
"""
# The goods that journals sold or took back in a span of time, as rows of DailyProduct. A canceled order takes back what
# its refunds left. A product that was deleted is 0 and has the title that the order kept. The net amounts add up to the
# account of sales.
JOURNAL_PRODUCTS = """
    SELECT (j.created_at AT TIME ZONE %(zone)s)::date AS day, o.market, j.currency,
           coalesce(v.product_id, 0) AS product, CASE WHEN v.id IS NULL THEN l.title ELSE '' END AS title,
           sum(CASE j.kind WHEN 'sale' THEN part.units ELSE 0 END)::bigint AS units,
           sum(CASE j.kind WHEN 'sale' THEN 0 ELSE part.units END)::bigint AS returned_units,
           sum(CASE j.kind WHEN 'sale' THEN 1 ELSE -1 END * part.net_minor)::bigint AS net_minor
    FROM payments_journal j
    JOIN orders_order o ON o.id = j.order_id
    JOIN orders_orderline l ON l.order_id = o.id AND NOT l.is_gift_card
    CROSS JOIN LATERAL (
        SELECT l.quantity AS units, l.total_minor - l.tax_minor AS net_minor WHERE j.kind = 'sale'
        UNION ALL
        SELECT b.quantity, b.total_minor - b.tax_minor FROM payments_refundline b
        JOIN payments_refundrequest r ON r.id = b.request_id
        WHERE j.kind = 'reversal' AND b.line_id = l.id AND r.journal_id = j.id
        UNION ALL
        SELECT l.quantity - coalesce(sum(b.quantity), 0)::int,
               l.total_minor - l.tax_minor - coalesce(sum(b.total_minor - b.tax_minor), 0)::bigint
        FROM payments_refundline b
        JOIN payments_refundrequest r ON r.id = b.request_id AND r.status = 'approved'
        WHERE b.line_id = l.id
        HAVING j.kind = 'cancel') AS part
    LEFT JOIN catalog_variant v ON v.id = l.variant_id
    WHERE j.kind IN ('sale', 'reversal', 'cancel') AND j.created_at >= {begins} AND j.created_at < {ends}
      AND NOT j.is_test
    GROUP BY 1, 2, 3, 4, 5
"""
# The moment from which on no day is closed.
OPEN_FROM = """
    coalesce((SELECT (max(day) + 1)::timestamp FROM payments_booksday WHERE zone = %(zone)s)
             AT TIME ZONE %(zone)s, '-infinity')
"""
BOTH = """
    SELECT {columns} FROM {table}
    WHERE day BETWEEN %(first)s AND %(last)s AND (%(market)s = '' OR market = %(market)s)
      AND day <= (SELECT max(day) FROM payments_booksday WHERE zone = %(zone)s)
    UNION ALL
    SELECT {columns} FROM ({journals}) AS journals WHERE %(market)s = '' OR market = %(market)s
    ORDER BY 1
"""
SUM_COLUMNS = "day, market, currency, kind, account, amount_minor, journals"
PRODUCT_COLUMNS = "day, market, currency, product, title, units, returned_units, net_minor"
TAX_COLUMNS = "day, market, currency, country, treatment, percent, base_minor, tax_minor"


@dataclass(frozen=True)
class SumRow:
    """The sum of an account over the journals of a kind on a day; without an account, the number of journals."""

    day: date
    market: str
    currency: str
    kind: str
    account: str
    amount_minor: int
    journals: int


@dataclass(frozen=True)
class TaxRow:
    """The tax of a rate in a country on a day."""

    day: date
    market: str
    currency: str
    country: str
    treatment: str
    percent: Decimal
    base_minor: int
    tax_minor: int


def sums_of(period: Period, market: str = "") -> list[SumRow]:
    """Return the sums of the period by day, of one market or of all of them and of journals without one."""
    return [SumRow(*row) for row in _rows("payments_dailysum", SUM_COLUMNS, JOURNAL_SUMS, period, market)]


def taxes_of(period: Period, market: str = "") -> list[TaxRow]:
    """Return the tax of the period by day, country and rate."""
    return [TaxRow(*row) for row in _rows("payments_dailytax", TAX_COLUMNS, JOURNAL_TAXES, period, market)]


def sums_between(begins: datetime, ends: datetime, market: str = "") -> list[SumRow]:
    """Return the sums between two moments, which may be parts of days. It reads every journal between them."""
    statement = f"SELECT * FROM ({JOURNAL_SUMS.format(begins='%(begins)s', ends='%(ends)s')}) AS journals"  # noqa: S608
    parameters = {"zone": settings.TIME_ZONE, "begins": begins, "ends": ends, "market": market}
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} WHERE %(market)s = '' OR market = %(market)s", parameters)
        return [SumRow(*row) for row in cursor.fetchall()]


def _rows(table: str, columns: str, journals: str, period: Period, market: str) -> list[tuple[Any, ...]]:
    open_part = journals.format(begins=f"greatest(%(begins)s, {OPEN_FROM})", ends="%(ends)s")
    statement = BOTH.format(columns=columns, table=table, journals=open_part)
    parameters = {
        "zone": settings.TIME_ZONE,
        "first": period.first,
        "last": period.last,
        "begins": period.begins,
        "ends": period.ends,
        "market": market,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


@dataclass(frozen=True)
class Sales:
    """What was sold, in minor units of one currency.

    `gross_minor` is what customers were charged for goods and delivery, with tax and without gift cards, which are no
    sale until they pay for something. `returned_minor` is what cancellations and refunds took back from it.
    """

    orders: int = 0
    goods_minor: int = 0
    shipping_minor: int = 0
    tax_minor: int = 0
    returned_minor: int = 0
    returned_tax_minor: int = 0
    carts: int = 0

    @property
    def gross_minor(self) -> int:
        return self.goods_minor + self.shipping_minor + self.tax_minor

    @property
    def net_sales_minor(self) -> int:
        """What is left after cancellations and refunds, with tax."""
        return self.gross_minor - self.returned_minor

    @property
    def average_minor(self) -> int | None:
        """The average order, rounded half up; None without orders."""
        return (2 * self.gross_minor + self.orders) // (2 * self.orders) if self.orders else None

    @property
    def cart_to_paid(self) -> Decimal | None:
        """Paid orders for each hundred carts that were started in the same period; None without carts."""
        return Decimal(100 * self.orders) / self.carts if self.carts else None


def sales_of(rows: Iterable[SumRow]) -> Sales:
    """Add up the rows, which must be of one currency."""
    rows = list(rows)

    def total(account: str, *, is_sale: bool) -> int:
        """Credits of the account are positive: sales, delivery and tax are booked as credits."""
        return -sum(row.amount_minor for row in rows if row.account == account and (row.kind == Kind.SALE) is is_sale)

    def count(kind: str) -> int:
        return sum(row.journals for row in rows if row.kind == kind and not row.account)

    return Sales(
        orders=count(Kind.SALE),
        goods_minor=total(Account.SALES, is_sale=True),
        shipping_minor=total(Account.SHIPPING, is_sale=True),
        tax_minor=total(Account.TAX, is_sale=True),
        returned_minor=-sum(total(account, is_sale=False) for account in SOLD),
        returned_tax_minor=-total(Account.TAX, is_sale=False),
        carts=count(DailySum.CART),
    )


HOURS = """
    SELECT extract(hour FROM j.created_at AT TIME ZONE %(zone)s)::int AS hour, j.currency,
           -sum(p.amount_minor)::bigint
    FROM payments_journal j
    JOIN orders_order o ON o.id = j.order_id AND (%(market)s = '' OR o.market = %(market)s)
    JOIN payments_posting p ON p.journal_id = j.id AND p.account IN ('sales', 'shipping', 'tax')
    WHERE j.created_at >= %(begins)s AND j.created_at < %(ends)s AND NOT j.is_test
    GROUP BY 1, 2
"""


def sales_by_hour(begins: datetime, ends: datetime, market: str, currency: str) -> dict[int, int]:
    """Return what was sold less what was returned, by hour of the day in the shop's time zone, in one currency."""
    parameters = {"zone": settings.TIME_ZONE, "market": market, "begins": begins, "ends": ends}
    with connection.cursor() as cursor:
        cursor.execute(HOURS, parameters)
        return {hour: amount for hour, row_currency, amount in cursor.fetchall() if row_currency == currency}
