"""Columns that format stored values, for `list_display`, `fields` and `readonly_fields` of model admins."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog import formats
from catalog.markets import all_markets

Column = Callable[[Any], str]
MAX_VALUES = 100  # that a filter offers


def amount(field: str, label: str = "", *, currency: str = "currency", is_signed: bool = False) -> Column:
    """A column of money. `currency` is the path from the row to its currency, like `journal.currency`."""
    format_amount = formats.signed_money if is_signed else formats.money

    def column(row: Any) -> str:
        code = row
        for name in currency.split("."):
            code = getattr(code, name)
        return format_amount(getattr(row, field), code)

    return _named(column, label or field.removesuffix("_minor").replace("_", " "), field)


def change(field: str, label: str) -> Column:
    """A column of numbers with their signs."""
    return _named(lambda row: formats.signed(getattr(row, field)), label, field)


def span(field: str, label: str) -> Column:
    """A column of periods."""
    return _named(lambda row: formats.span(getattr(row, field)), label, field)


def market(field: str = "market") -> Column:
    """A column of market names."""
    return _named(lambda row: formats.market_name(getattr(row, field)), "market", field)


def comma_list(field: str, label: str = "") -> Column:
    """A column of lists, separated by commas."""
    return _named(lambda row: formats.listed(getattr(row, field)), label or field, None)


def _named(column: Column, label: str, field: str | None) -> Column:
    column.__name__ = f"{field or label}_shown"
    return (
        admin.display(column, description=label, ordering=field) if field else admin.display(column, description=label)
    )


class ValuesFilter(admin.AllValuesFieldListFilter):
    """A filter by the values that a column has. They are read from its index, where Django would read every row."""

    def __init__(self, field: Any, request: Any, params: Any, model: Any, model_admin: Any, field_path: str) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        self.lookup_choices = _values(model._meta.db_table, field.column)


def _values(table: str, column: str) -> list[str]:
    """The different values of the column, each found by the index as the first one above the value before."""
    first = f'SELECT min("{column}") FROM "{table}"'  # noqa: S608  (names of a model)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE known(value) AS ({first} UNION ALL"  # noqa: S608  (as above)
            f' SELECT ({first} WHERE "{column}" > known.value) FROM known WHERE known.value IS NOT NULL)'
            f" SELECT value FROM known WHERE value IS NOT NULL LIMIT {MAX_VALUES}"
        )
        return [value for (value,) in cursor.fetchall()]


class MarketFilter(admin.SimpleListFilter):
    """A filter by market, with the markets' names."""

    title = "market"
    parameter_name = "market"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [(market.code, market.name) for market in all_markets().values()]

    def queryset(self, request: Any, queryset: Any) -> Any:
        return queryset.filter(market=self.value()) if self.value() else queryset


class WorkFilter(admin.SimpleListFilter):
    """A filter whose choices are lists of work: value → the label and the rows that it shows."""

    work: ClassVar[dict[str, tuple[str, Callable[[], QuerySet[Any]]]]] = {}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, label) for value, (label, _rows) in self.work.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in self.work:
            return queryset
        _label, rows = self.work[str(self.value())]
        return queryset.filter(pk__in=rows().values("pk"))
