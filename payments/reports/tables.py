"""Reports as tables of plain values, which pages, files and mails show in their own way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from catalog.markets import Market
from payments.reports.periods import Period, Step

Cell = str | int | Decimal | date | None


class Kind(StrEnum):
    """How the values of a column are shown. Amounts are in minor units."""

    TEXT = "text"
    MONEY = "money"
    NUMBER = "number"
    PERCENT = "percent"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True)
class Column:
    """A column of a report. `is_main` is the figure that a phone shows beside the row's name."""

    label: str
    kind: Kind = Kind.TEXT
    is_main: bool = False


@dataclass(frozen=True)
class Figure:
    """One number of a report, for its head and for the comparison with another period."""

    label: str
    kind: Kind
    value: int | Decimal | None


@dataclass(frozen=True)
class Table:
    """The rows of a report, a row of totals, and its most important figures. `points` is what its chart draws."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    totals: Sequence[Cell] = ()
    figures: Sequence[Figure] = ()
    points: Sequence[tuple[date, int]] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class Query:
    """What a report is about: a market, a period, and the steps in which it lists it."""

    market: Market
    period: Period
    step: Step = Step.DAY

    @property
    def currency(self) -> str:
        return self.market.currency


@dataclass(frozen=True)
class Report:
    """A report: its name, a sentence about what it counts, and the function that reads it."""

    code: str
    title: str
    description: str
    read: Callable[[Query], Table]
    has_period: bool = True
    has_steps: bool = False
