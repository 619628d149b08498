"""The report of sales: what was sold and taken back, by day, week or month."""

from datetime import date

from payments.reports.books import Sales, SumRow, sales_of, sums_of
from payments.reports.tables import Cell, Column, Figure, Kind, Query, Report, Table

COLUMNS = (
    Column("Period", Kind.DAY),
    Column("Orders", Kind.NUMBER),
    Column("Goods, net", Kind.MONEY),
    Column("Delivery, net", Kind.MONEY),
    Column("Tax", Kind.MONEY),
    Column("Sold", Kind.MONEY),
    Column("Taken back", Kind.MONEY),
    Column("Sales", Kind.MONEY, is_main=True),
    Column("Tax in it", Kind.MONEY),
)


def read_sales(query: Query) -> Table:
    """Read the sales of the market in its currency."""
    rows = [row for row in sums_of(query.period, query.market.code) if row.currency == query.currency]
    by_step: dict[date, list[SumRow]] = {day: [] for day in query.period.steps(query.step)}
    for row in rows:
        by_step[query.step.begin_of(row.day)].append(row)
    steps = [(day, sales_of(step_rows)) for day, step_rows in by_step.items()]
    total = sales_of(rows)
    return Table(
        COLUMNS,
        rows=[[day, *_cells(sales)] for day, sales in reversed(steps)],
        totals=["Total", *_cells(total)],
        figures=(
            Figure("Sales", Kind.MONEY, total.net_sales_minor),
            Figure("Orders", Kind.NUMBER, total.orders),
            Figure("Average order", Kind.MONEY, total.average_minor),
            Figure("Carts that were paid", Kind.PERCENT, total.cart_to_paid),
        ),
        points=[(day, sales.net_sales_minor) for day, sales in steps],
    )


def _cells(sales: Sales) -> list[Cell]:
    return [
        *(sales.orders, sales.goods_minor, sales.shipping_minor, sales.tax_minor, sales.gross_minor),
        *(-sales.returned_minor, sales.net_sales_minor, sales.tax_minor - sales.returned_tax_minor),
    ]


SALES = Report(
    "sales",
    "Sales",
    "Goods and delivery of paid orders with tax, less cancellations and refunds, by the time they were booked. "
    "A gift card is no sale until it pays for something.",
    read_sales,
    has_steps=True,
)
