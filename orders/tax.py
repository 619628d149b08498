"""Which tax applies: by country, region, kind of customer, and moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from stdnum.eu import vat
from stdnum.exceptions import ValidationError as WrongNumber

from orders.customers import Buyer
from orders.postcodes import is_within
from orders.pricing import Rate, Treatment

GREECE = {"EL": "GR"}  # the one country whose VAT numbers begin with other letters


@dataclass(frozen=True)
class TaxRules:
    """What is charged on an order: the rates where it goes to, those at home, and which of them counts."""

    treatment: str
    rates: tuple[Rate, ...]
    home_rates: tuple[Rate, ...]


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
