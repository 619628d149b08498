"""The tiles of the desk's home page: work that waits, with the list that shows it.

Each app registers its tiles in `AppConfig.ready`, so that nobody needs to know who has work.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.cache import caches
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse

from catalog.capped_counts import MANY, MANY_SECONDS, MAX_COUNTED, shown_count

SLOW_SECONDS = 600  # how long the counts of slow tiles are kept
Oldest = date | datetime | None


class Urgency(StrEnum):
    """How urgent the work is, most urgent first. The values are class names of the style sheet."""

    LATE = "bad"
    TODAY = "warn"
    WAITING = "info"
    SOME_TIME = ""


@dataclass(frozen=True)
class Tile:
    """Work of one kind. `rows` returns what waits, and the list at `url_name` with `query` shows exactly these rows.

    `oldest` names the field from which `detail` says more, such as when the oldest row was due. The count of a tile that
    `is_slow` is kept for ten minutes; all others are counted on every visit, so their rows need an index. A count of more
    than MANY is kept for a minute.
    """

    code: str
    label: str
    urgency: Urgency
    permission: str
    url_name: str
    query: dict[str, str]
    rows: Callable[[], QuerySet]
    oldest: str = ""
    detail: Callable[[Any], str] = str
    note: str = ""
    is_slow: bool = False

    @property
    def url(self) -> str:
        return f"{reverse(self.url_name)}?{urlencode(self.query)}"


@dataclass(frozen=True)
class ShownTile:
    """A tile with its count, as the home page shows it."""

    tile: Tile
    count: int
    oldest: Oldest

    @property
    def shown_count(self) -> str:
        """The count, or `10,000+`."""
        return shown_count(self.count)

    @property
    def detail(self) -> str:
        return self.tile.detail(self.oldest) if self.oldest else self.tile.note


class TileRegistry:
    """All tiles, by code."""

    def __init__(self) -> None:
        self.tiles: dict[str, Tile] = {}

    def add(self, *tiles: Tile) -> None:
        """Register tiles. A later tile with the same code replaces the former one."""
        self.tiles |= {tile.code: tile for tile in tiles}

    def shown_to(self, user: AbstractBaseUser | AnonymousUser) -> list[ShownTile]:
        """Return the tiles with work for this user, most urgent first. They are counted with one query."""
        tiles = [tile for tile in self.tiles.values() if user.has_perm(tile.permission)]  # type: ignore[union-attr]
        counts = counted(tiles)
        order = list(Urgency)
        shown = [ShownTile(tile, *counts[tile.code]) for tile in tiles if counts[tile.code][0]]
        return sorted(shown, key=lambda shown_tile: order.index(shown_tile.tile.urgency))


def counted(tiles: Iterable[Tile]) -> dict[str, tuple[int, Oldest]]:
    """Return how many rows each tile has, up to MAX_COUNTED and one more, and the oldest value among them."""
    tiles = list(tiles)
    kept = caches["process"].get_many([_key(tile) for tile in tiles])
    known = {tile.code: kept[_key(tile)] for tile in tiles if _key(tile) in kept}
    fresh = _count([tile for tile in tiles if tile.code not in known])
    slow = {_key(tile): fresh[tile.code] for tile in tiles if tile.is_slow and tile.code in fresh}
    if slow:
        caches["process"].set_many(slow, SLOW_SECONDS)
    many = {_key(tile): fresh[tile.code] for tile in tiles if not tile.is_slow and fresh.get(tile.code, (0,))[0] > MANY}
    if many:
        caches["process"].set_many(many, MANY_SECONDS)
    return known | fresh


def _key(tile: Tile) -> str:
    return f"tile-{tile.code}"


def _count(tiles: list[Tile]) -> dict[str, tuple[int, Oldest]]:
    """Count with one statement for all tiles."""
    statements = dict(_statements(tiles))
    if not statements:
        return {tile.code: (0, None) for tile in tiles}
    columns = ", ".join(f"t{index}.count, t{index}.oldest" for index in range(len(statements)))
    tables = ", ".join(
        f"(SELECT count(*), min(value) AS oldest FROM ({sql}) AS found(value)) AS t{index}"  # noqa: S608  (from querysets)
        for index, (sql, _) in enumerate(statements.values())
    )
    parameters = [value for _, values in statements.values() for value in values]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {tables}", parameters)  # noqa: S608  (as above)
        row = cursor.fetchone()
    pairs = zip(row[::2], row[1::2], strict=True)
    found = {
        code: (count, oldest if next(tile for tile in tiles if tile.code == code).oldest else None)
        for code, (count, oldest) in zip(statements, pairs, strict=True)
    }
    return {tile.code: found.get(tile.code, (0, None)) for tile in tiles}


def _statements(tiles: list[Tile]) -> Iterator[tuple[str, tuple[str, tuple[Any, ...]]]]:
    for tile in tiles:
        rows = tile.rows().order_by().values_list(tile.oldest or "pk")[: MAX_COUNTED + 1]
        try:
            yield tile.code, rows.query.sql_with_params()
        except EmptyResultSet:
            continue


tiles = TileRegistry()
