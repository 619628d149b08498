"""Exceptions of the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Shortage:
    """An order line that the stock cannot fill: units asked for and units available."""

    line: int
    variant_id: int
    asked: int
    available: int


class CatalogError(Exception):
    """Base class of the catalogue's exceptions."""


class InsufficientStock(CatalogError):
    """The stock cannot fill the lines in `short`. Nothing was reserved."""

    def __init__(self, short: Sequence[Shortage]) -> None:
        super().__init__(f"{len(short)} lines are short")
        self.short = list(short)


class StockRefused(CatalogError):
    """The change of stock is not possible. Nothing was changed, and the message tells staff why."""


class UnreadableFile(CatalogError):
    """The import file cannot be read as a whole. The message tells staff why, with the line if there is one."""


class BadImage(CatalogError):
    """The file is not a picture, is too large, or has an unsupported format. The message tells staff why."""


class MenuRefused(CatalogError):
    """A menu cannot link to this. The message tells staff why."""


class VersionRefused(CatalogError):
    """The version of a page cannot be deleted. The message tells staff why."""


class RedirectRefused(CatalogError):
    """The redirect would not work. `field` is the field of the form, and the message tells staff why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
