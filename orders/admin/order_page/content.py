"""The content of panels: a list of labels and values, or a table."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

DETAILS = "admin/orders/order/panels/facts.html"
TABLE = "admin/orders/order/panels/table.html"


@dataclass(frozen=True)
class Details:
    """The content of a DETAILS panel: labels and values."""

    rows: Sequence[tuple[str, Any]]


@dataclass(frozen=True)
class Column:
    """A column of a table. `value` returns the text of a cell for one record; numbers are aligned right."""

    title: str
    value: Callable[[Any], Any]
    is_number: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell of a table. On a phone, each cell is shown with the title of its column."""

    column: Column
    value: Any


@dataclass(frozen=True)
class Table:
    """The content of a TABLE panel. `empty` is the sentence that is shown instead of a table without rows."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    empty: str


def details(*rows: tuple[str, Any]) -> Details:
    """Return the rows that have a value."""
    return Details([(label, value) for label, value in rows if value not in ("", None)])


def table(columns: Sequence[Column], records: Iterable[Any], *, empty: str) -> Table:
    """Return a table with a row for each record."""
    rows = [[Cell(column, column.value(record)) for column in columns] for record in records]
    return Table(columns, rows, empty)
