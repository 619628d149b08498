"""Numbers of rows for people: exact up to a limit, so that counting never takes long."""

from collections.abc import Sequence
from functools import cached_property

from django.core.paginator import Paginator
from django.db import connection
from django.db.models import IntegerField, QuerySet, Subquery

MAX_COUNTED = 10_000
ESTIMATED_FROM = 50_000  # from this size on, the number of rows of an unfiltered table is estimated


class _CountOf(Subquery):
    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def capped_counts(lists: Sequence[QuerySet]) -> list[int]:
    """Return the number of rows of each list in one query; MAX_COUNTED + 1 stands for any larger number.

    All lists are of the first list's model.
    """
    counts = [_CountOf(rows.order_by().values("pk")[: MAX_COUNTED + 1]) for rows in lists]
    row = lists[0].model._default_manager.order_by().values_list(*counts).first()
    return list(row) if row else [0] * len(lists)


def shown_count(number: int) -> str:
    """`1,204`, or `10,000+` for a number that was not counted to its end."""
    return f"{MAX_COUNTED:,}+" if number > MAX_COUNTED else f"{number:,}"


class CappedPaginator(Paginator):
    """A paginator that counts only up to MAX_COUNTED, so that lists of a million rows open fast."""

    @cached_property
    def count(self) -> int:
        if not self.object_list.query.where:
            estimate = _estimated_rows(self.object_list.model._meta.db_table)
            if estimate > ESTIMATED_FROM:
                return estimate
        return self.object_list.order_by()[:MAX_COUNTED].count()


def _estimated_rows(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [table])
        return cursor.fetchone()[0]
