"""Keyset pagination: a page continues after the last row of the previous one, so page 2,000 is as fast as page 1."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import BooleanField, F, Func, QuerySet, Value

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TOKEN = re.compile(r"(-?\d{1,18})\.(\d{1,18})", re.ASCII)


class RowComparison(Func):
    """The row comparison `(a, b) > (x, y)`, which an index on (a, b) can answer."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, *expressions: Any, operator: str = ">") -> None:
        super().__init__(*expressions)
        self.operator = operator

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list]:
        texts, parameters = [], []
        for expression in self.get_source_expressions():
            text, values = compiler.compile(expression)
            texts.append(text)
            parameters += values
        half = len(texts) // 2
        return f"(({', '.join(texts[:half])}) {self.operator} ({', '.join(texts[half:])}))", parameters


@dataclass(frozen=True)
class Order:
    """A sort order by one column and then by product, both ascending or both descending."""

    column: str
    is_falling: bool = False

    @property
    def fields(self) -> list[str]:
        sign = "-" if self.is_falling else ""
        return [f"{sign}{self.column}", f"{sign}product_id"]

    def token(self, row: Any) -> str:
        """The position after this row, as a token for URLs."""
        value = getattr(row, self.column)
        number = (value - EPOCH) // timedelta(microseconds=1) if isinstance(value, datetime) else value
        return f"{number}.{row.product_id}"

    def after(self, rows: QuerySet, token: str) -> QuerySet:
        """The rows after the token's position, or all rows if the token is invalid."""
        match = TOKEN.fullmatch(token)
        if not match:
            return rows
        number, product_id = int(match[1]), int(match[2])
        value: Any = number
        if self.column == "created_at":
            # Only times between 1970 and 2096 can be in a valid token.
            if not 0 <= number < 4_000_000_000_000_000:
                return rows
            value = EPOCH + timedelta(microseconds=number)
        operator = "<" if self.is_falling else ">"
        comparison = RowComparison(F(self.column), F("product_id"), Value(value), Value(product_id), operator=operator)
        return rows.filter(comparison)
