"""What documents are read from and written to: a market, a location and a folder of pictures."""

from dataclasses import dataclass, field
from pathlib import Path

from catalog.importing.image_folder import ImageFolder
from catalog.importing.shopify import Problem
from catalog.inventory import default_location
from catalog.markets import Market, default_market
from catalog.models import Location


@dataclass
class DocumentTarget:
    """The market, the location and the picture folder of an import, and the problems found while writing."""

    market: Market
    location: Location
    image_folder: ImageFolder | None = None
    problems: list[Problem] = field(default_factory=list)


def default_target(image_folder: Path | None = None) -> DocumentTarget:
    """The default market and the default location, with an optional folder of pictures."""
    return DocumentTarget(default_market(), default_location(), ImageFolder(image_folder) if image_folder else None)
