"""Starting values for tax: rates by country, and regions outside the tax area.

The values are in starting_values/tax.json, with their date and sources. The shop's owner must check them.
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
    """Return {country: {tax class: percent}} for the countries whose tax a seller in `home` charges.

    These are the seller's own country and, for a seller in the European Union, the other member states among
    `countries`. Countries without known rates are left out.
    """
    charged = {home, *(set(countries) & MEMBER_STATES if home in MEMBER_STATES else ())}
    return {country: _values()["rates"][country] for country in sorted(charged) if country in _values()["rates"]}


@transaction.atomic
def add_starting_regions(home: str, countries: Iterable[str]) -> int:
    """Add the known tax regions of these countries, except countries that already have one; return how many are new.

    Northern Ireland belongs to the EU's tax area, so its rate is added only for sellers in the EU or the United Kingdom.
    """
    countries_with_regions = set(TaxRegion.objects.values_list("country", flat=True))
    new_regions = [
        region
        for region in _values()["regions"]
        if region["country"] in countries
        and region["country"] not in countries_with_regions
        and _concerns(region, home)
    ]
    names = ("code", "country", "name", "postcodes")
    TaxRegion.objects.bulk_create(
        TaxRegion(**{name: region[name] for name in names}, is_outside=region.get("is_outside", False))
        for region in new_regions
    )
    TaxRate.objects.bulk_create(
        TaxRate(
            country=region["country"],
            region=region["code"],
            tax_class=tax_class,
            percent=percent,
            valid=TimestamptzRange(None, None),
        )
        for region in new_regions
        for tax_class, percent in region.get("rates", {}).items()
    )
    return len(new_regions)


def _concerns(region: dict[str, Any], home: str) -> bool:
    """Return whether the seller needs the region: it is outside the tax area, or the seller charges its own rates."""
    return region.get("is_outside", False) or home in MEMBER_STATES or home == region["country"]
