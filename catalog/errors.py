"""What can go wrong in the catalogue, as nouns that carry facts."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Shortage:
    """One line that the stock cannot fill: units asked for and units there are."""

    line: int
    variant_id: int
    asked: int
    available: int


class CatalogError(Exception):
    """Anything that the catalogue refuses."""


class InsufficientStock(CatalogError):
    """Nothing was reserved, because these lines are short."""

    def __init__(self, short: Sequence[Shortage]) -> None:
        super().__init__(f"{len(short)} lines are short")
        self.short = list(short)


class StockRefused(CatalogError):
    """A change of stock that would break a promise; the message is one clear sentence for staff."""


class UnreadableFile(CatalogError):
    """An import file that cannot be read at all; says why, with the line where there is one."""


class BadImage(CatalogError):
    """A picture that is no picture, is too large, or is of a kind that we do not take."""
