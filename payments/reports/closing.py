"""Write the sums of finished days, which reports read instead of the journals."""

from datetime import date, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from orders.models import Cart
from payments.models import BooksDay, CohortSum, DailyProduct, DailySum, DailyTax, Journal
from payments.reports.books import (
    JOURNAL_PRODUCTS,
    JOURNAL_SUMS,
    JOURNAL_TAXES,
    PRODUCT_COLUMNS,
    SUM_COLUMNS,
    TAX_COLUMNS,
)
from payments.reports.periods import ONE_DAY, Period

MAX_DAYS_A_RUN = 60
SETTLING = timedelta(hours=1)  # a transaction that began on the day has committed by then
LOCK = 74_110_001  # of pg_advisory_xact_lock: two runs never close the same day
STATEMENTS = tuple(
    f"INSERT INTO {table} ({columns}) {journals.format(begins='%(begins)s', ends='%(ends)s')}"  # noqa: S608  (our own text)
    for table, columns, journals in (
        ("payments_dailysum", SUM_COLUMNS, JOURNAL_SUMS),
        ("payments_dailytax", TAX_COLUMNS, JOURNAL_TAXES),
        ("payments_dailyproduct", PRODUCT_COLUMNS, JOURNAL_PRODUCTS),
    )
)


def close_days(most: int = MAX_DAYS_A_RUN) -> int:
    """Write the sums of up to `most` finished days, oldest first; return how many. Running it again continues.

    The journals of a finished day never change. If the shop's time zone has changed, days begin at other moments, so all
    sums are written again.
    """
    if BooksDay.objects.exclude(zone=settings.TIME_ZONE).exists():
        forget_closed_days()
    closed = 0
    while closed < most and _close_next():
        closed += 1
    return closed


@transaction.atomic
def forget_closed_days() -> None:
    """Delete the sums of all days, so that they are written again: days begin elsewhere, or the past has changed."""
    for model in (DailyProduct, DailySum, DailyTax, BooksDay):
        model.objects.all().delete()


@transaction.atomic
def _close_next() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        day = _next_day()
        if day is None or Period(day, day).ends > timezone.now() - SETTLING:
            return False
        period = Period(day, day)
        parameters = {"zone": settings.TIME_ZONE, "begins": period.begins, "ends": period.ends}
        for statement in STATEMENTS:
            cursor.execute(statement, parameters)
    BooksDay.objects.create(day=day, zone=settings.TIME_ZONE)
    return True


def _next_day() -> date | None:
    """Return the day after the last closed one, or else the day of the first journal or cart."""
    last = BooksDay.objects.order_by("-day").values_list("day", flat=True).first()
    if last:
        return last + ONE_DAY
    firsts = [
        model.objects.order_by("created_at").values_list("created_at", flat=True).first() for model in (Journal, Cart)
    ]
    return min((timezone.localdate(first) for first in firsts if first), default=None)


COHORTS = """
    INSERT INTO payments_cohortsum (market, currency, first_month, month, customers, came_back, sold_minor)
    WITH bought AS (
        SELECT o.market, j.currency, coalesce(nullif(o.customer_key, ''), lower(o.email)) AS customer_key,
               date_trunc('month', j.created_at AT TIME ZONE %(zone)s)::date AS month,
               count(*) AS orders, -sum(e.minor) AS minor
        FROM payments_journal j
        JOIN orders_order o ON o.id = j.order_id AND o.status <> 'canceled'
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(amount_minor), 0) AS minor FROM payments_posting p
            WHERE p.journal_id = j.id AND p.account IN ('sales', 'shipping', 'tax')) AS e
        WHERE j.kind = 'sale' AND NOT j.is_test
        GROUP BY 1, 2, 3, 4),
    customers AS (
        SELECT market, currency, customer_key, min(month) AS first_month, sum(orders) > 1 AS has_returned
        FROM bought GROUP BY 1, 2, 3)
    SELECT market, currency, first_month, month, count(*),
           count(*) FILTER (WHERE has_returned AND month = first_month), sum(minor)::bigint
    FROM bought JOIN customers USING (market, currency, customer_key)
    GROUP BY 1, 2, 3, 4
"""


@transaction.atomic
def refresh_cohorts() -> int:
    """Write the cohorts of customers again; return the number of rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        CohortSum.objects.all().delete()
        cursor.execute(COHORTS, {"zone": settings.TIME_ZONE})
        return int(cursor.rowcount)
