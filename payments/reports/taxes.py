"""The report of tax, by country of destination, rate and month."""

from collections import defaultdict

from payments.reports.books import Account, sums_of, taxes_of
from payments.reports.periods import Step
from payments.reports.tables import Cell, Column, Figure, Kind, Query, Report, Table

COLUMNS = (
    Column("Month", Kind.MONTH),
    Column("Country"),
    Column("Treatment"),
    Column("Rate", Kind.PERCENT),
    Column("Taxed amount, net", Kind.MONEY),
    Column("Tax", Kind.MONEY, is_main=True),
)
TREATMENTS = {"domestic": "Taxed", "export": "Export", "reverse_charge": "Reverse charge"}
UNASSIGNED = "Without a rate"  # tax that was booked for a part of an order, whose rates are not known


def read_taxes(query: Query) -> Table:
    """Read the tax of the market. The rows add up to the tax account in the books."""
    rows = [row for row in taxes_of(query.period, query.market.code) if row.currency == query.currency]
    groups: dict[tuple, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        key = (Step.MONTH.begin_of(row.day), row.country, TREATMENTS.get(row.treatment, row.treatment), row.percent)
        groups[key][0] += row.base_minor
        groups[key][1] += row.tax_minor
    booked = -sum(
        row.amount_minor
        for row in sums_of(query.period, query.market.code)
        if row.account == Account.TAX and row.currency == query.currency
    )
    listed: list[list[Cell]] = [[*key, *groups[key]] for key in sorted(groups, key=lambda key: (key[0], *key[1:]))]
    if rest := booked - sum(row.tax_minor for row in rows):
        listed.append([query.period.first, "", UNASSIGNED, None, None, rest])
    base = sum(row.base_minor for row in rows)
    return Table(
        COLUMNS,
        rows=listed,
        totals=["Total", "", "", None, base, booked],
        figures=(Figure("Tax", Kind.MONEY, booked), Figure("Taxed amount, net", Kind.MONEY, base)),
    )


TAXES = Report(
    "taxes",
    "Tax",
    "Tax of paid orders less that of refunds and cancellations, by the country that the order was sent to. It equals the tax "
    "account in the books.",
    read_taxes,
)
