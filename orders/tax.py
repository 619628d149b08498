"""Choose the tax of an order by country, region, kind of customer and time; check VAT numbers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from babel import Locale
from django.conf import settings
from django.db import transaction
from psycopg.types.range import TimestamptzRange
from stdnum.eu import vat
from stdnum.exceptions import ValidationError as WrongNumber

from orders.customers import Buyer
from orders.delivery.postcodes import narrowness
from orders.errors import OrderRefused
from orders.models import TaxRate
from orders.pricing import Rate, Treatment
from orders.rules import ShopRules, TaxRateRule, TaxRegionRule

GREECE = {"EL": "GR"}  # the only country whose VAT numbers begin with other letters than its country code
# For goods, Northern Ireland is in the EU's tax area, with its own VAT numbers.
NORTHERN_IRELAND, NORTHERN_IRISH_POSTCODES = "XI", "BT*"
MEMBER_STATES = {GREECE.get(code.upper(), code.upper()) for code in vat.MEMBER_STATES}
COUNTRIES = {code for code in Locale.parse("en").territories if code.isalpha()}
MIN_VAT_DIGITS, MAX_VAT_LENGTH = 5, 20  # of a VAT number


@dataclass(frozen=True)
class TaxRules:
    """The tax rates at the destination and at home, and the treatment that decides which apply."""

    treatment: str
    rates: tuple[Rate, ...]
    home_rates: tuple[Rate, ...]


@transaction.atomic
def change_rate(rate: TaxRate, percent: Decimal, begins: datetime) -> TaxRate:
    """End the rate at `begins` and start a new one with this percentage; return the new rate.

    Raise OrderRefused if the rate does not apply at that time, or the percentage is not between 0 and 100.
    """
    if not 0 <= percent <= 100:
        raise OrderRefused("A tax rate is between 0 and 100 percent.")
    old = TaxRate.objects.select_for_update().get(pk=rate.pk)
    lower, upper = old.valid.lower, old.valid.upper
    is_outside = (lower is not None and begins <= lower) or (upper is not None and begins >= upper)
    if is_outside:
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
    """Return the VAT number in its official format; raise ValueError if its format or check digits are wrong.

    EU numbers are checked offline by the rules of each member state, so a valid number may not be registered. Numbers of
    other countries (GB, CHE, NO … MVA) are not checked, because they do not affect the tax.
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
    """Return whether the number has the format of a country outside the EU."""
    if re.fullmatch(r"(NO)?\d{9}MVA", number):
        return True
    is_written_like_one = re.fullmatch(r"[A-Z]{2}[A-Z]?[0-9A-Z]*", number) and len(number) <= MAX_VAT_LENGTH
    country = GREECE.get(number[:2], number[:2])
    has_digits = sum(character.isdigit() for character in number) >= MIN_VAT_DIGITS
    return bool(is_written_like_one) and has_digits and country in COUNTRIES and country not in MEMBER_STATES


def country_of_vat_id(number: str) -> str:
    """Return the member state that issued the number, or XI; empty for other countries."""
    country = GREECE.get(number[:2], number[:2])
    return country if country in MEMBER_STATES else ""


def choose_tax(rules: ShopRules, buyer: Buyer, at: datetime) -> TaxRules:
    """Choose the tax from the rates of the destination and of the shop's own country that apply at this time.

    An order is an export without tax if the shop's country has a rate and the destination has none or is outside the tax
    area. A business with a VAT number of another EU country accounts for the tax itself (reverse charge; directive
    2006/112/EC, articles 138 and 196).
    """
    region = region_of(rules.tax_regions.get(buyer.country, ()), buyer.country, buyer.postcode)
    is_outside = region is not None and region.is_outside
    rates = () if is_outside else _rates(rules, buyer.country, at, region.code if region else "")
    home = _rates(rules, settings.SHOP_COUNTRY, at)
    treatment = Treatment.DOMESTIC
    if home and not rates:
        treatment = Treatment.EXPORT
    elif rates and _is_business_abroad(buyer):
        treatment = Treatment.REVERSE_CHARGE
    return TaxRules(treatment, rates, home)


def choose_pickup_tax(elsewhere: TaxRules) -> TaxRules:
    """Return the tax for pick-up: the shop's own country's, whatever the buyer's address and VAT number.

    If the shop's country has no rate, return `elsewhere`, the tax of the buyer's address.
    """
    home = elsewhere.home_rates
    return TaxRules(Treatment.DOMESTIC, home, home) if home else elsewhere


def region_of(regions: Iterable[TaxRegionRule], country: str, postcode: str) -> TaxRegionRule | None:
    """Return the region with the narrowest pattern that matches the postcode (ties: lowest code), or None."""
    ranked = sorted(regions, key=lambda region: (-narrowness(postcode, region.postcodes, country), region.code))
    return next((region for region in ranked if narrowness(postcode, region.postcodes, country)), None)


def _is_business_abroad(buyer: Buyer) -> bool:
    """Return whether the buyer is a business in another EU country than the shop's, delivered to there."""
    given_by = country_of_vat_id(buyer.vat_id)
    return (
        settings.SHOP_COUNTRY in MEMBER_STATES
        and given_by not in ("", settings.SHOP_COUNTRY)
        and (given_by == (NORTHERN_IRELAND if _is_northern_irish(buyer) else buyer.country))
    )


def _is_northern_irish(buyer: Buyer) -> bool:
    return buyer.country == "GB" and narrowness(buyer.postcode, NORTHERN_IRISH_POSTCODES, "GB") > 0


def _rates(rules: ShopRules, country: str, at: datetime, region: str = "") -> tuple[Rate, ...]:
    """Return one rate for each tax class. A region's rate takes precedence over its country's."""
    rates: dict[str, Rate] = {}
    stored: Iterable[TaxRateRule] = (rate for rate in rules.tax_rates.get(country, ()) if rate.is_valid(at))
    for rate in sorted(stored, key=lambda rate: rate.region != region):
        if rate.region in ("", region) and rate.tax_class not in rates:
            rates[rate.tax_class] = Rate(rate.tax_class, rate.percent, rate.id, rate.taxes_delivery)
    return tuple(sorted(rates.values(), key=lambda rate: rate.tax_class))
