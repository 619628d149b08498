"""How the values of a report are shown on pages and written to files."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import date_format

from catalog.formats import NOTHING, day, money
from catalog.importing.table import guarded
from catalog.money import MINUS, to_major
from payments.reports.tables import Cell, Column, Kind, Query, Report, Table
from shop.desk.figures import Change, change_of

NUMERIC = {Kind.MONEY, Kind.NUMBER, Kind.PERCENT}
ONE_DECIMAL = Decimal("0.1")


@dataclass(frozen=True)
class ShownCell:
    """A cell as the page shows it, with the heading that stands beside it on a phone."""

    text: str
    label: str
    css_class: str


@dataclass(frozen=True)
class ShownFigure:
    """A number at the head of a report, with its change."""

    label: str
    value: str
    change: Change

    @property
    def line(self) -> str:
        """`Sales: €100.00 (+25.0 %)`."""
        change = f" ({self.change.text})" if self.change.text else ""
        return f"{self.label}: {self.value}{change}"


def shown_figures(table: Table, before: Table | None, currency: str) -> list[ShownFigure]:
    """Return the figures of the table, each with its change against the other period."""
    earlier = {figure.label: figure.value for figure in before.figures} if before else {}
    return [
        ShownFigure(
            figure.label,
            shown(figure.value, figure.kind, currency),
            change_of(figure.value, earlier.get(figure.label)),
        )
        for figure in table.figures
    ]


def shown(value: Cell, kind: Kind, currency: str) -> str:
    """Return the value in words: `€1,234.50`, `1,204`, `3.4 %`, `26 Nov 2026`, `November 2026`, or a dash."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return date_format(value, "F Y") if kind is Kind.MONTH else day(value)
    if kind is Kind.MONEY:
        return money(int(value), currency)
    if kind is Kind.PERCENT:
        # A tax rate such as 5.5 or 8.875 keeps its decimals; a share of many decimals is rounded.
        exact = Decimal(value).quantize(Decimal("0.001"), ROUND_HALF_UP)
        rounded = exact.quantize(ONE_DECIMAL, ROUND_HALF_UP)
        text = f"{exact.normalize():f}" if exact == Decimal(value) else f"{rounded}"
        return f"{text} %".replace("-", MINUS)
    return f"{value:,}".replace("-", MINUS)


def head_of(table: Table) -> list[ShownCell]:
    """Return the headings of the columns."""
    return [ShownCell(column.label, column.label, "num" if column.kind in NUMERIC else "") for column in table.columns]


def shown_rows(table: Table, currency: str) -> list[list[ShownCell]]:
    """Return the rows of the table for the page."""
    return [cells_of(table.columns, row, currency) for row in table.rows]


def cells_of(columns: Sequence[Column], row: Sequence[Cell], currency: str) -> list[ShownCell]:
    """Return the cells of one row, shorter rows filled up."""
    padded = [*row, *[None] * (len(columns) - len(row))]
    return [
        ShownCell(shown(value, column.kind, currency), column.label, _css_class(column))
        for column, value in zip(columns, padded, strict=True)
    ]


@dataclass(frozen=True)
class ShownTable:
    """A whole table as a page shows it."""

    title: str
    columns: list[ShownCell]
    rows: list[list[ShownCell]]
    totals: list[ShownCell]


def shown_table(title: str, table: Table, currency: str) -> ShownTable:
    """Return the table for the page, without totals if it has no rows."""
    totals = cells_of(table.columns, table.totals, currency) if table.totals and table.rows else []
    return ShownTable(title, head_of(table), shown_rows(table, currency), totals)


def _css_class(column: Column) -> str:
    if column.is_main:
        return "num c-end strong"
    return "num c-half" if column.kind in NUMERIC else "c-half"


def csv_of(report: Report, query: Query, table: Table) -> str:
    """Return the report as CSV: plain numbers with a point, ISO dates, and texts that no spreadsheet executes."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([guarded(_heading(column, query)) for column in table.columns])
    for row in table.rows:
        writer.writerow(
            [_plain(value, column.kind, query.currency) for column, value in zip(table.columns, row, strict=False)]
        )
    return file.getvalue()


def _heading(column: Column, query: Query) -> str:
    return f"{column.label} ({query.currency})" if column.kind is Kind.MONEY else column.label


def _plain(value: Cell, kind: Kind, currency: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, date):
        return f"{value:%Y-%m}" if kind is Kind.MONTH else value.isoformat()
    if kind is Kind.MONEY:
        return f"{to_major(int(value), currency):f}"
    return (
        f"{Decimal(value).quantize(Decimal('0.001'), ROUND_HALF_UP).normalize():f}"
        if kind is Kind.PERCENT
        else str(value)
    )


def file_name(report: Report, query: Query) -> str:
    """Return the name of the file: `sales-main-2026-11-01-2026-11-30.csv`."""
    days = f"-{query.period.first}-{query.period.last}" if report.has_period else ""
    return f"{report.code}-{query.market.code}{days}.csv"
