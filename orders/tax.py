"""Which tax applies: by country, region, kind of customer, and moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from psycopg.types.range import TimestamptzRange
from stdnum.eu import vat
from stdnum.exceptions import ValidationError as WrongNumber

from orders.customers import Buyer
from orders.errors import OrderRefused
from orders.models import TaxRate
from orders.postcodes import is_within
from orders.pricing import Rate, Treatment

GREECE = {"EL": "GR"}  # the one country whose VAT numbers begin with other letters


@dataclass(frozen=True)
class TaxRules:
    """What is charged on an order: the rates where it goes to, those at home, and which of them counts."""

    treatment: str
    rates: tuple[Rate, ...]
    home_rates: tuple[Rate, ...]


@transaction.atomic
def change_rate(rate: TaxRate, percent: Decimal, begins: datetime) -> TaxRate:
    """From `begins` on the country's class bears the new percentage; what held until then stays on record.

    Raises OrderRefused where the rate does not hold at that moment, or the percentage is none.
    """
    if not 0 <= percent <= 100:
        raise OrderRefused("A tax rate is between 0 and 100 percent.")
    old = TaxRate.objects.select_for_update().get(pk=rate.pk)
    lower, upper = old.valid.lower, old.valid.upper
    if (lower is not None and begins <= lower) or (upper is not None and begins >= upper):
        raise OrderRefused("This rate does not hold at that moment: choose one between its beginning and its end.")
    TaxRate.objects.filter(pk=old.pk).update(valid=TimestamptzRange(lower, begins))
    return TaxRate.objects.create(
        country=old.country,
        region=old.region,
        tax_class=old.tax_class,
        percent=percent,
        taxes_delivery=old.taxes_delivery,
        valid=TimestamptzRange(begins, upper),
    )


def clean_vat_id(text: str) -> str:
    """The number as it is written officially, or ValueError where its form or its check digits are wrong.

    Checked offline, by the rules of each member state (VIES lists them); whether it is registered is not known.
    """
    try:
        return str(vat.validate(text))
    except WrongNumber as wrong:
        raise ValueError("This is not a VAT number: please check it, with its two letters in front.") from wrong


def country_of_vat_id(number: str) -> str:
    return GREECE.get(number[:2], number[:2])


def choose_tax(rows: Iterable[Mapping[str, Any]], regions: Iterable[Mapping[str, Any]], buyer: Buyer) -> TaxRules:
    """Choose among the rate rows of the country it goes to and of our own.

    No rate there, but one here: an export, without tax. A business with a VAT number of another country of the area:
    it accounts for the tax itself (directive 2006/112/EC, articles 138 and 196).
    """
    region = next((one["code"] for one in regions if is_within(buyer.postcode, one["postcodes"])), "")
    rates = _rates(rows, buyer.country, region)
    home = _rates(rows, settings.SHOP_COUNTRY, "")
    treatment = Treatment.DOMESTIC
    if home and not rates:
        treatment = Treatment.EXPORT
    elif rates and _is_business_abroad(buyer):
        treatment = Treatment.REVERSE_CHARGE
    return TaxRules(treatment, rates, home)


def _is_business_abroad(buyer: Buyer) -> bool:
    abroad = country_of_vat_id(buyer.vat_id) if buyer.vat_id else settings.SHOP_COUNTRY
    return abroad != settings.SHOP_COUNTRY and buyer.country == abroad


def _rates(rows: Iterable[Mapping[str, Any]], country: str, region: str) -> tuple[Rate, ...]:
    """One rate for each class; a region's own goes before its country's."""
    found: dict[str, Rate] = {}
    for row in sorted(rows, key=lambda row: row["region"] != region):
        if row["country"] == country and row["region"] in ("", region) and row["tax_class"] not in found:
            found[row["tax_class"]] = Rate(row["tax_class"], Decimal(row["percent"]), row["id"], row["taxes_delivery"])
    return tuple(sorted(found.values(), key=lambda rate: rate.tax_class))
