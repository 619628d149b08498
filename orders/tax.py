"""Which tax applies: by country, region, kind of customer, and moment."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from babel import Locale
from django.conf import settings
from django.db import transaction
from psycopg.types.range import TimestamptzRange
from stdnum.eu import vat
from stdnum.exceptions import ValidationError as WrongNumber

from orders.customers import Buyer
from orders.errors import OrderRefused
from orders.models import TaxRate
from orders.postcodes import narrowness
from orders.pricing import Rate, Treatment

GREECE = {"EL": "GR"}  # the one country whose VAT numbers begin with other letters
# For goods Northern Ireland is in the Union's tax area, with VAT numbers of its own.
NORTHERN_IRELAND, NORTHERN_IRISH_POSTCODES = "XI", "BT*"
MEMBER_STATES = {GREECE.get(code.upper(), code.upper()) for code in vat.MEMBER_STATES}
COUNTRIES = {code for code in Locale.parse("en").territories if code.isalpha()}
MIN_VAT_DIGITS, MAX_VAT_LENGTH = 5, 20  # of a VAT number


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
        raise OrderRefused("This rate does not apply at that time. Choose a time between its start and its end.")
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

    Numbers of the Union are checked offline, by the rules of each member state (VIES lists them); whether one is
    registered is not known. Numbers of other countries (GB, CHE, NO … MVA) are kept as they are: they change no tax.
    """
    number = re.sub(r"[\s.\-\u2010-\u2015]", "", text).upper()
    if _is_foreign(number):
        return number
    try:
        return str(vat.validate(text))
    except WrongNumber as wrong:
        raise ValueError(
            "This is not a valid VAT number. Check it, and include the two letters of its country."
        ) from wrong


def _is_foreign(number: str) -> bool:
    """Whether it is written like a number of a country outside the Union, by its first letters or Norway's last."""
    if re.fullmatch(r"(NO)?\d{9}MVA", number):
        return True
    is_written_like_one = re.fullmatch(r"[A-Z]{2}[A-Z]?[0-9A-Z]*", number) and len(number) <= MAX_VAT_LENGTH
    country = GREECE.get(number[:2], number[:2])
    has_digits = sum(character.isdigit() for character in number) >= MIN_VAT_DIGITS
    return bool(is_written_like_one) and has_digits and country in COUNTRIES and country not in MEMBER_STATES


def country_of_vat_id(number: str) -> str:
    """The member state that gave the number, or XI; empty for numbers of other countries."""
    country = GREECE.get(number[:2], number[:2])
    return country if country in MEMBER_STATES else ""


def choose_tax(rows: Iterable[Mapping[str, Any]], regions: Iterable[Mapping[str, Any]], buyer: Buyer) -> TaxRules:
    """Choose among the rate rows of the country it goes to and of our own.

    No rate there, or a region outside of the tax area, but a rate here: an export, without tax. A business with a VAT
    number of another country of the area: it accounts for the tax itself (directive 2006/112/EC, articles 138 and 196).
    """
    region = region_of(regions, buyer.country, buyer.postcode)
    rates = () if region and region["is_outside"] else _rates(rows, buyer.country, region["code"] if region else "")
    home = _rates(rows, settings.SHOP_COUNTRY, "")
    treatment = Treatment.DOMESTIC
    if home and not rates:
        treatment = Treatment.EXPORT
    elif rates and _is_business_abroad(buyer):
        treatment = Treatment.REVERSE_CHARGE
    return TaxRules(treatment, rates, home)


def choose_tax_here(rows: Iterable[Mapping[str, Any]], elsewhere: TaxRules) -> TaxRules:
    """The tax on what is handed over in our own shop: ours, wherever the buyer lives and whatever their VAT number is.

    Without a rate for the whole of our country, what holds for the buyer's address holds here too.
    """
    home = _rates(rows, settings.SHOP_COUNTRY, "")
    return TaxRules(Treatment.DOMESTIC, home, home) if home else elsewhere


def region_of(regions: Iterable[Mapping[str, Any]], country: str, postcode: str) -> Mapping[str, Any] | None:
    """The region that the postcode lies in: the one that names it most narrowly, of two alike the first by its code."""
    ranked = sorted(regions, key=lambda one: (-narrowness(postcode, one["postcodes"], country), one["code"]))
    return next((one for one in ranked if narrowness(postcode, one["postcodes"], country)), None)


def _is_business_abroad(buyer: Buyer) -> bool:
    """A business in another part of the Union's tax area than ours."""
    given_by = country_of_vat_id(buyer.vat_id)
    return (
        settings.SHOP_COUNTRY in MEMBER_STATES
        and given_by not in ("", settings.SHOP_COUNTRY)
        and (given_by == (NORTHERN_IRELAND if _is_northern_irish(buyer) else buyer.country))
    )


def _is_northern_irish(buyer: Buyer) -> bool:
    return buyer.country == "GB" and narrowness(buyer.postcode, NORTHERN_IRISH_POSTCODES, "GB") > 0


def _rates(rows: Iterable[Mapping[str, Any]], country: str, region: str) -> tuple[Rate, ...]:
    """One rate for each class; a region's own goes before its country's."""
    found: dict[str, Rate] = {}
    for row in sorted(rows, key=lambda row: row["region"] != region):
        if row["country"] == country and row["region"] in ("", region) and row["tax_class"] not in found:
            found[row["tax_class"]] = Rate(row["tax_class"], Decimal(row["percent"]), row["id"], row["taxes_delivery"])
    return tuple(sorted(found.values(), key=lambda rate: rate.tax_class))
