"""Money as integer minor units with a currency: rounding, parsing and formatting."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache

from babel import Locale
from babel.numbers import NumberPattern, get_currency_symbol, parse_pattern
from django.conf import settings

# Currencies whose number of decimal places is not 2, as Stripe charges them (https://docs.stripe.com/currencies, version
# 2026-10), plus the Iraqi and the Libyan dinar, which Stripe does not charge. CLDR cannot be used, because it leaves out
# decimal places that are not in everyday use, so the amount shown would not be the amount charged.
DECIMALS = {
    **dict.fromkeys(
        ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"], 0
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}
# Stripe charges these currencies only in multiples of these amounts (in minor units), and all others in any amount.
CHARGE_STEPS = {
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 10),
    **dict.fromkeys(["ISK", "UGX"], 100),
}
MINUS = "\u2212"
MAX_AMOUNT_MINOR = 10**12
PLAIN = re.compile(r"(?P<whole>\d{1,15})(?:(?P<point>[.,])(?P<decimals>\d{1,9}))?", re.ASCII)
# Amounts with thousands separators that cannot be mistaken for decimals: 1,299.00, 1.299,00, 1 299.00, 1'299.00, 1,299,000.
GROUPED = re.compile(
    r"(?P<whole>\d{1,3}(?:(?P<between>[.,'\u2019 \u00a0\u202f])\d{3})(?:(?P=between)\d{3})*)"
    r"(?:(?!(?P=between))(?P<point>[.,])(?P<decimals>\d{1,9}))?",
    re.ASCII,
)


@dataclass(frozen=True)
class ShownPrice:
    """A price as pages show it, in minor units.

    `was_minor` is the price before the sale, None outside a sale; `is_lowest` says that other variants cost more.
    """

    amount_minor: int
    currency: str
    was_minor: int | None = None
    is_lowest: bool = False


class AmountRefused(ValueError):
    """The text is not a valid amount. The message tells the user what to do."""


def exponent(currency: str) -> int:
    """The number of decimal places of the currency."""
    return DECIMALS.get(currency, 2)


def charge_step(currency: str) -> int:
    """The amount in minor units of which Stripe charges only multiples."""
    return CHARGE_STEPS.get(currency, 1)


def round_half_up(amount: Decimal) -> int:
    """Round to whole minor units, half away from zero (decision 0005)."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def percent_of(amount: int, percent: Decimal) -> int:
    """The percentage of a non-negative amount, rounded half up without intermediate rounding (decision 0005)."""
    numerator, denominator = percent.as_integer_ratio()
    return (2 * amount * numerator + 100 * denominator) // (200 * denominator)


def to_minor(text: str, currency: str) -> int:
    """Convert an amount as people write it to minor units: `12.50`, `12,50`, `1299`, `1,299.00`, `1 299,00`.

    Raises AmountRefused for a text that is not an amount, has too many decimals or could mean two amounts.
    """
    digits = text.strip()
    if digits.startswith(("-", "\u2212")):
        raise AmountRefused("An amount cannot be negative.")
    match = PLAIN.fullmatch(digits) or GROUPED.fullmatch(digits)
    if not match:
        raise AmountRefused(f"Enter an amount like {_example(currency)}.")
    whole, decimals = re.sub(r"\D", "", match["whole"]), match["decimals"] or ""
    _check_decimals(match, whole, decimals, currency)
    minor = round_half_up(Decimal(f"{whole}.{decimals or 0}").scaleb(exponent(currency)))
    if minor > MAX_AMOUNT_MINOR:
        raise AmountRefused("The amount is too large.")
    return minor


def _example(currency: str) -> str:
    return {0: "1250", 3: "12.500"}.get(exponent(currency), "12.50")


def _check_decimals(match: re.Match[str], whole: str, decimals: str, currency: str) -> None:
    """Raise AmountRefused if the decimals could be thousands, or are more than the currency has."""
    places = exponent(currency)
    is_like_thousands = match.re is PLAIN and len(decimals) == 3 and len(whole) <= 3 and not whole.startswith("0")  # noqa: PLR2004
    if is_like_thousands and (places < len(decimals) or match["point"] == ","):
        as_thousands = to_major(int(whole + decimals) * 10**places, currency)
        as_decimals = to_major(round_half_up(Decimal(f"{whole}.{decimals}").scaleb(places)), currency)
        raise AmountRefused(f"This could mean {as_thousands} or {as_decimals}. Enter one of them.")
    if len(decimals) > places:
        raise AmountRefused(f"{currency} has {places or 'no'} decimal places.")


def to_major(minor: int, currency: str) -> Decimal:
    """The amount in major units, with all decimal places of the currency."""
    return Decimal(minor).scaleb(-exponent(currency))


@lru_cache(maxsize=10_000)
def format_money(minor: int, currency: str, language: str = "") -> str:
    """The amount formatted in the language, by default the shop's, with all its decimal places: `€24.00`, `−€9.60`."""
    locale = (language or settings.LANGUAGE_CODE).replace("-", "_")
    pattern = _pattern(locale, currency)
    text = pattern.apply(to_major(minor, currency), locale, currency=currency, currency_digits=False)
    return text.replace("-", MINUS, 1) if minor < 0 else text


@cache
def _pattern(locale: str, currency: str) -> NumberPattern:
    """The locale's number pattern for this currency, with a space between letters and digits."""
    text = Locale.parse(locale).currency_formats["standard"].pattern
    if get_currency_symbol(currency, locale)[-1].isalpha():
        text = re.sub(r"¤(?=[#0])", "¤\u00a0", text)
    pattern = parse_pattern(text)
    pattern.frac_prec = (exponent(currency), exponent(currency))
    return pattern


def apportion(amount: int, weights: list[int]) -> list[int]:
    """Split an amount by weights into parts that add up to it. Remaining units go to the largest remainders."""
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    shares = [amount * weight // total for weight in weights]
    remainders = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for index in remainders[: amount - sum(shares)]:
        shares[index] += 1
    return shares
