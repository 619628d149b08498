"""Columns of product files for what Shopify's columns do not hold: our own fields, and the prices of further markets."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from catalog.importing.cells import YES, RefusedRow, minor_amount
from catalog.markets import Market, further_markets
from catalog.models import Product, ProductImage, Variant
from catalog.products.document import IMAGE_FIELDS, PRODUCT_FIELDS, VARIANT_FIELDS, plain_value

# Fields that Shopify's columns hold, and the slug, which a shop makes from the handle.
PRODUCT_FIELDS_OF_SHOPIFY = {
    *("slug", "title", "status", "vendor", "description", "tags", "seo_title", "seo_description"),
}
VARIANT_FIELDS_OF_SHOPIFY = {
    *("sku", "barcode", "grams", "content", "content_unit", "base", "base_unit"),
    *("is_tracked", "is_taxable", "is_gift_card", "needs_shipping"),
}
IMAGE_FIELDS_OF_SHOPIFY = {"position", "alt"}


@dataclass(frozen=True)
class OwnColumn:
    """A column for one field of a model. An empty cell stands for the field's default."""

    header: str
    field: models.Field

    @property
    def key(self) -> str:
        """The column's name in rows."""
        return self.header.lower()

    def text(self, value: Any) -> str:
        """The cell for a value of a document."""
        if value is None:
            return ""
        if isinstance(value, list):
            return ", ".join(map(str, value))
        return str(value).upper() if isinstance(value, bool) else str(value)

    def value(self, text: str) -> Any:
        """The value of a document for a cell. Raises ValidationError if the field does not accept it."""
        if not text:
            return plain_value(self.field.get_default())
        return plain_value(self.field.clean(self._typed(text), None))

    def _typed(self, text: str) -> Any:
        if isinstance(self.field, ArrayField):
            parts = [part.strip() for part in text.split(",")]
            return [self.field.base_field.to_python(part) for part in parts if part]
        if isinstance(self.field, models.BooleanField):
            return text.lower() in YES
        value = self.field.to_python(text)
        return timezone.make_aware(value) if isinstance(value, datetime) and timezone.is_naive(value) else value


def _columns(model: type[models.Model], kind: str, names: Iterable[str], others: set[str]) -> dict[str, OwnColumn]:
    """The own columns of a model by field name: `Variant Tax Class`."""
    return {
        name: OwnColumn(f"{kind} {name.removeprefix('is_').replace('_', ' ').title()}", model._meta.get_field(name))
        for name in names
        if name not in others
    }


PRODUCT_COLUMNS = _columns(Product, "Product", PRODUCT_FIELDS, PRODUCT_FIELDS_OF_SHOPIFY)
VARIANT_COLUMNS = _columns(Variant, "Variant", VARIANT_FIELDS, VARIANT_FIELDS_OF_SHOPIFY)
IMAGE_COLUMNS = _columns(ProductImage, "Image", IMAGE_FIELDS, IMAGE_FIELDS_OF_SHOPIFY)
ALL_COLUMNS = [*PRODUCT_COLUMNS.values(), *VARIANT_COLUMNS.values(), *IMAGE_COLUMNS.values()]


@dataclass(frozen=True)
class MarketColumns:
    """The two columns for the prices in a further market."""

    market: Market

    @property
    def price(self) -> str:
        return f"Price / {self.market.code}"

    @property
    def compare_at(self) -> str:
        return f"Compare At Price / {self.market.code}"


def market_columns() -> list[MarketColumns]:
    """The price columns of the further markets."""
    return [MarketColumns(market) for market in further_markets()]


def own_headers() -> list[str]:
    """The headers of all own columns."""
    prices = [header for columns in market_columns() for header in (columns.price, columns.compare_at)]
    return [*(column.header for column in ALL_COLUMNS), *prices]


def own_fields(columns: dict[str, OwnColumn], row: dict[str, str], line: int) -> dict[str, Any]:
    """The values of the columns that the row has, by field name. Raises RefusedRow if a field does not accept its cell."""
    fields = {}
    for name, column in columns.items():
        if (text := row.get(column.key)) is None:
            continue
        try:
            fields[name] = column.value(text)
        except ValidationError as error:
            raise RefusedRow(line, f"'{text[:60]}' is not valid as '{column.header}': {error.messages[0]}") from error
    return fields


def market_prices(row: dict[str, str], line: int) -> dict[str, dict[str, int | None]]:
    """The prices by code of each further market for which the file has a price column."""
    prices = {}
    for columns in market_columns():
        headers = {"price": columns.price, "compare_at": columns.compare_at}
        cells = {name: header for name, header in headers.items() if header.lower() in row}
        if "price" in cells:
            code, currency = columns.market.code, columns.market.currency
            prices[code] = {
                name: minor_amount(row[header.lower()], line, currency, header) for name, header in cells.items()
            }
    return prices
