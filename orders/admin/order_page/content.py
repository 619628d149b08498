"""The two usual kinds of panels: a list of facts, and a table."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

FACTS = "admin/orders/order/panels/facts.html"
TABLE = "admin/orders/order/panels/table.html"


@dataclass(frozen=True)
class Facts:
    """The content of a FACTS panel: labels and values."""

    rows: Sequence[tuple[str, Any]]


@dataclass(frozen=True)
class Column:
    """A column of a table. `value` returns the text of a cell for one record; numbers are aligned at the right."""

    title: str
    value: Callable[[Any], Any]
    is_number: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell of a table. On a phone, each cell stands beside its column's title."""

    column: Column
    value: Any


@dataclass(frozen=True)
class Table:
    """The content of a TABLE panel. `empty` is the sentence that stands in the place of a table without rows."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    empty: str


def facts(*rows: tuple[str, Any]) -> Facts:
    """Return the facts that have a value."""
    return Facts([(label, value) for label, value in rows if value not in ("", None)])


def table(columns: Sequence[Column], records: Iterable[Any], *, empty: str) -> Table:
    """Return a table with a row for each record."""
    rows = [[Cell(column, column.value(record)) for column in columns] for record in records]
    return Table(columns, rows, empty)
