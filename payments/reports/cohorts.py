"""The report of cohorts: customers by the month of their first order, and how many of them came back."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

from payments.models import CohortSum
from payments.reports.tables import Cell, Column, Figure, Kind, Query, Report, Table

MAX_MONTHS = 12  # columns after the first month
COLUMNS = (
    Column("First order in", Kind.MONTH),
    Column("Customers", Kind.NUMBER),
    Column("Sold to them", Kind.MONEY, is_main=True),
    *(Column(f"+{number}", Kind.PERCENT) for number in range(1, MAX_MONTHS + 1)),
)


def read_cohorts(query: Query) -> Table:
    """Read the customers whose first order in this market falls into the period, by month."""
    months = query.period.first.replace(day=1), query.period.last
    found = CohortSum.objects.filter(
        market=query.market.code, currency=query.currency, first_month__range=months
    ).order_by("first_month", "month")
    groups: dict[date, list[CohortSum]] = defaultdict(list)
    for row in found:
        groups[row.first_month].append(row)
    rows = [_row(first, groups[first]) for first in sorted(groups, reverse=True)]
    customers = sum(_customers(first, group) for first, group in groups.items())
    came_back = sum(group[0].came_back for group in groups.values())
    return Table(
        COLUMNS,
        rows=rows,
        totals=["Total", customers, sum(row.sold_minor for group in groups.values() for row in group)],
        figures=(
            Figure("New customers", Kind.NUMBER, customers),
            Figure("Came back", Kind.PERCENT, Decimal(100 * came_back) / customers if customers else None),
        ),
        note="A customer is an e-mail address. A column tells how many of them ordered in that later month. "
        "Counted once a day.",
    )


def _customers(first: date, group: list[CohortSum]) -> int:
    return next((row.customers for row in group if row.month == first), 0)


def _row(first: date, group: list[CohortSum]) -> list[Cell]:
    customers = _customers(first, group)
    later = {(row.month.year - first.year) * 12 + row.month.month - first.month: row.customers for row in group}
    shares = [
        Decimal(100 * later[number]) / customers if customers and number in later else None
        for number in range(1, MAX_MONTHS + 1)
    ]
    return [first, customers, sum(row.sold_minor for row in group), *shares]


COHORTS = Report(
    "cohorts",
    "Returning customers",
    "Customers by the month of their first paid order in this market, and how many of them ordered again.",
    read_cohorts,
)
