"""The tax that a shop starts with: rates by country, and the places that its tax area leaves out.

The values stand in starting_values/tax.json, with their date and sources. They are a beginning: what is right for a
shop is for its owner to say.
"""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from django.db import transaction
from psycopg.types.range import TimestamptzRange

from orders.models import TaxRate, TaxRegion
from orders.tax import MEMBER_STATES

FILE = Path(__file__).parent / "starting_values" / "tax.json"


@cache
def _values() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8"))


def starting_rates(home: str, countries: Iterable[str]) -> dict[str, dict[str, str]]:
    """Country → tax class → percent, of all countries whose tax a seller at home charges.

    That is the country itself, and for a seller in the European Union all of it. Empty where a country has no such tax.
    """
    charged = {home, *(set(countries) & MEMBER_STATES if home in MEMBER_STATES else ())}
    return {country: _values()["rates"][country] for country in sorted(charged) if country in _values()["rates"]}


@transaction.atomic
def add_starting_regions(home: str, countries: Iterable[str]) -> int:
    """The special places of these countries are tax regions; countries that have any region keep theirs.

    Northern Ireland belongs to the Union's tax area, so only a seller there charges its rate apart from Great Britain's.
    Returns how many regions are new.
    """
    known = set(TaxRegion.objects.values_list("country", flat=True))
    wanted = [
        region
        for region in _values()["regions"]
        if region["country"] in countries and region["country"] not in known and _concerns(region, home)
    ]
    names = ("code", "country", "name", "postcodes")
    TaxRegion.objects.bulk_create(
        TaxRegion(**{name: region[name] for name in names}, is_outside=region.get("is_outside", False))
        for region in wanted
    )
    TaxRate.objects.bulk_create(
        TaxRate(
            country=region["country"],
            region=region["code"],
            tax_class=tax_class,
            percent=percent,
            valid=TimestamptzRange(None, None),
        )
        for region in wanted
        for tax_class, percent in region.get("rates", {}).items()
    )
    return len(wanted)


def _concerns(region: dict[str, Any], home: str) -> bool:
    """A region with rates of its own concerns sellers that charge them: those of the Union, or of the country."""
    return region.get("is_outside", False) or home in MEMBER_STATES or home == region["country"]
