"""What a made-up list of the desk is: how many rows it has, and SQL for the values of their columns."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Model

from shop.synthetic.people import FIRST_NAMES, LAST_NAMES

FEW = 200  # rows of lists that do not grow with the shop
SERIES = "generate_series(1, {rows}) AS n"
MOMENT = "now() - n * interval '1 minute'"


@dataclass(frozen=True)
class Filling:
    """Rows of one list: as many as `per_order` says, or FEW, with their columns as SQL about the number `n`."""

    model: type[Model]
    columns: dict[str, str]
    per_order: float = 1.0
    is_few: bool = False
    source: str = SERIES

    def rows(self, orders: int) -> int:
        return FEW if self.is_few else max(FEW, int(orders * self.per_order))


def one_of(*values: str) -> str:
    """SQL for one of these values after the other."""
    return f"(ARRAY[{', '.join(quoted(value) for value in values)}])[1 + n %% {len(values)}]"


# A few rows in a shop of any size, so that a list of them draws as many rows in a small shop as in a large one.
IS_RARE = f"n %% 3 = 0 AND n BETWEEN 30 AND {3 * FEW}"


def mostly(usual: str, rare: str) -> str:
    """SQL for the usual value, and for the rare one in a few rows."""
    return f"CASE WHEN {IS_RARE} THEN {quoted(rare)} ELSE {quoted(usual)} END"


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def row_of(model: type[Model], ahead: str = "0") -> str:
    """SQL for the id of an existing row of this model, another one for each number."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT min(id), count(*) FROM {model._meta.db_table}")  # noqa: S608  (our own table names)
        first, count = cursor.fetchone()
    return f"({first or 1} + (n + {ahead}) %% {max(count, 1)})"


# One person in eight has the same name, which fills a page of any list that is searched for it.
NAME = (
    f"CASE WHEN n %% 8 = 0 THEN 'Anna Berger' ELSE"
    f" (ARRAY[{', '.join(map(quoted, FIRST_NAMES))}])[1 + n %% {len(FIRST_NAMES)}] || ' ' ||"
    f" (ARRAY[{', '.join(map(quoted, LAST_NAMES))}])[1 + n / 7 %% {len(LAST_NAMES)}] END"
)
