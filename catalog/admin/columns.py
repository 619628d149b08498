"""Columns and read-only fields that write stored values for people; each stands in `list_display` and in `fields`."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin

from catalog import formats
from catalog.markets import all_markets

Column = Callable[[Any], str]


def amount(field: str, label: str = "", *, currency: str = "currency", is_signed: bool = False) -> Column:
    """Minor units as money; `currency` is the way from the row to its currency, like `journal.currency`."""
    write = formats.signed_money if is_signed else formats.money

    def column(row: Any) -> str:
        code = row
        for name in currency.split("."):
            code = getattr(code, name)
        return write(getattr(row, field), code)

    return _named(column, label or field.removesuffix("_minor").replace("_", " "), field)


def change(field: str, label: str) -> Column:
    """A number that comes or goes."""
    return _named(lambda row: formats.signed(getattr(row, field)), label, field)


def span(field: str, label: str) -> Column:
    """A range of moments."""
    return _named(lambda row: formats.span(getattr(row, field)), label, field)


def market(field: str = "market") -> Column:
    """The market's name."""
    return _named(lambda row: formats.market_name(getattr(row, field)), "market", field)


def words(field: str, label: str = "") -> Column:
    """The parts of a list."""
    return _named(lambda row: formats.listed(getattr(row, field)), label or field, None)


def _named(column: Column, label: str, field: str | None) -> Column:
    column.__name__ = f"{field or label}_shown"
    return (
        admin.display(column, description=label, ordering=field) if field else admin.display(column, description=label)
    )


class MarketFilter(admin.SimpleListFilter):
    """The markets by their names."""

    title = "market"
    parameter_name = "market"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [(market.code, market.name) for market in all_markets().values()]

    def queryset(self, request: Any, queryset: Any) -> Any:
        return queryset.filter(market=self.value()) if self.value() else queryset
