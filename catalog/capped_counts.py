"""Numbers of rows for people: exact up to a limit, so that counting never takes long."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.core.cache import caches
from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import IntegerField, Model, QuerySet, Subquery

MAX_COUNTED = 10_000
MAX_FOUND = 200  # rows of a search: a longer result calls for another word, not for page 3
MANY, MANY_SECONDS = 1_000, 60  # a number above this need not be exact, and may be kept for a minute
REMEMBERED_SECONDS = 300  # how long the estimated size of a table is kept


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
    """A paginator of a list of any length: it counts MAX_COUNTED rows at most, and has pages for so many.

    Later rows are found by searching, filtering or sorting, because a page costs more the later it is. Of a search,
    it reads the ids of MAX_FOUND rows in the order of the list. PostgreSQL then finds a very common word by an index of
    that order, stopping when there are enough rows, and a rare word by the index of words.
    """

    is_search = False

    @property
    def most(self) -> int:
        return MAX_FOUND if self.is_search else MAX_COUNTED

    @property
    def shown_total(self) -> str:
        """The number of rows, as `1,000+` if there are more than were counted."""
        return f"{self.most:,}+" if self.count > self.most else f"{self.count:,}"

    @property
    def has_uncounted(self) -> bool:
        """Whether a search found more rows than it has pages for."""
        return self.is_search and self.count > self.most

    @cached_property
    def found(self) -> list[Any]:
        """The ids of the first rows that a search finds, and one more if there are more than `most`."""
        return list(self.object_list.values_list("pk", flat=True)[: self.most + 1])

    @cached_property
    def count(self) -> int:
        if self.is_search:
            return len(self.found)
        return self.object_list.order_by()[: self.most + 1].count()

    @cached_property
    def num_pages(self) -> int:
        return min(super().num_pages, max(1, self.most // self.per_page))

    def page(self, number: int | str) -> Page:
        """Return a page. The rows before it are skipped by their ids alone, without what is joined to them."""
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        if self.is_search:
            ids = self.found[first : first + self.per_page]
        elif not first:
            return self._get_page(self.object_list[: self.per_page], number, self)
        else:
            ids = list(self.object_list.values_list("pk", flat=True)[first : first + self.per_page])
        return self._get_page(self.object_list.filter(pk__in=ids), number, self)


def is_long(model: type[Model]) -> bool:
    """Whether the table has so many rows that sorting them takes long, as estimated a few minutes ago at most."""
    table = model._meta.db_table
    rows = caches["process"].get_or_set(f"rows-{table}", lambda: _estimated_rows(table), REMEMBERED_SECONDS)
    return rows > MAX_COUNTED


def _estimated_rows(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [table])
        return cursor.fetchone()[0]
