"""Pages of long lists that cost the same wherever they are: each begins after the last row of the one before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

from django.db.models import Model, Q, QuerySet

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CANDIDATES = (2, 8)  # times the rows of a page
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Cursor:
    """The place of a row in a list that is sorted by a time and then by id."""

    at: datetime
    pk: int

    def __str__(self) -> str:
        return f"{(self.at - EPOCH) // MICROSECOND}-{self.pk}"


def read_cursor(text: str) -> Cursor | None:
    """Return the cursor that this text stands for, or None if it stands for none."""
    at, _, pk = text.partition("-")
    if not (at.isascii() and at.isdigit() and pk.isascii() and pk.isdigit() and len(pk) < 19):
        return None
    try:
        return Cursor(EPOCH + int(at) * MICROSECOND, int(pk))
    except OverflowError:
        return None


@dataclass(frozen=True)
class KeysetPage:
    """The rows of one page, and the cursors of its neighbours; an empty text where there is none."""

    rows: Sequence[Any]
    previous: str = ""
    next: str = ""


@dataclass(frozen=True)
class Keyset:
    """A list sorted by a time column and the id. `size` is the number of rows of a page."""

    column: str
    size: int
    is_newest_first: bool = True

    def page(
        self,
        rows: QuerySet,
        parts: Iterable[QuerySet],
        *,
        after: str = "",
        before: str = "",
        candidates: Sequence[QuerySet] = (),
    ) -> KeysetPage:
        """Return the page after or before the row with this cursor, or the first page.

        It holds the `rows` that are in any of the `parts`. Each part is read only as far as the page needs, so each can
        use its own index. `candidates` are the parts without a condition of `rows` that PostgreSQL estimates as rare: if
        the first ones of each fill the page, nothing else is read.
        """
        cursor = read_cursor(after or before)
        is_backwards = bool(cursor and not after)
        is_falling = self.is_newest_first != is_backwards
        ordering = [f"-{self.column}", "-pk"] if is_falling else [self.column, "pk"]
        beyond = _beyond(self.column, cursor, is_falling=is_falling) if cursor else Q()
        page: list[Any] = []
        for most in (self.size * times for times in CANDIDATES):
            if candidates and len(page) <= self.size:
                first = [part.filter(beyond).order_by(*ordering)[:most] for part in candidates]
                page = self._joined(rows, first, ordering)
        if len(page) <= self.size:
            found = [part.filter(beyond).order_by(*ordering)[: self.size + 1] for part in parts]
            page = self._joined(rows, found, ordering) if len(found) > 1 else [row for part in found for row in part]
        has_more = len(page) > self.size
        page = page[: self.size][:: -1 if is_backwards else 1]
        if not page:
            return KeysetPage(page)
        has_previous, has_next = (has_more, True) if is_backwards else (cursor is not None, has_more)
        return KeysetPage(
            page,
            str(self._place_of(page[0])) if has_previous else "",
            str(self._place_of(page[-1])) if has_next else "",
        )

    def _joined(self, rows: QuerySet, parts: Sequence[QuerySet], ordering: Sequence[str]) -> list[Any]:
        ids = reduce(QuerySet.union, (part.values("pk") for part in parts))
        return list(rows.filter(pk__in=ids).order_by(*ordering)[: self.size + 1])

    def _place_of(self, row: Model) -> Cursor:
        return Cursor(getattr(row, self.column), row.pk)


def _beyond(column: str, cursor: Cursor, *, is_falling: bool) -> Q:
    """The rows after the cursor. The first condition bounds the index, the second orders rows of one moment."""
    way = "lt" if is_falling else "gt"
    at_the_same_time = Q(**{f"{column}__{way}": cursor.at}) | Q(**{f"pk__{way}": cursor.pk})
    return Q(**{f"{column}__{way}e": cursor.at}) & at_the_same_time
