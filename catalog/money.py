"""Money: integer minor units and a currency; the one place where anything is rounded, read or written."""

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache

from babel import Locale
from babel.numbers import NumberPattern, get_currency_symbol, parse_pattern
from django.conf import settings

# Decimal places that are not 2, of the currencies that Stripe charges (https://docs.stripe.com/currencies, read for
# version 2026-10), and of the Iraqi and the Libyan dinar, which it does not charge. CLDR's digits are another list:
# it leaves out coins that are not in use, and what is shown without them would not be what is charged.
DECIMALS = {
    **dict.fromkeys(
        ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"], 0
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}
# Stripe charges whole multiples of these amounts (in minor units) of currencies that are not listed: of any amount.
CHARGE_STEPS = {
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 10),
    **dict.fromkeys(["ISK", "UGX"], 100),
}
MINUS = "\u2212"
MAX_AMOUNT_MINOR = 10**12
PLAIN = re.compile(r"(?P<whole>\d{1,15})(?:(?P<point>[.,])(?P<decimals>\d{1,9}))?", re.ASCII)
# 1,299.00 and 1.299,00, 1 299.00 and 1'299.00, and 1,299,000: thousands that cannot be taken for decimals.
GROUPED = re.compile(
    r"(?P<whole>\d{1,3}(?:(?P<between>[.,'\u2019 \u00a0\u202f])\d{3})(?:(?P=between)\d{3})*)"
    r"(?:(?!(?P=between))(?P<point>[.,])(?P<decimals>\d{1,9}))?",
    re.ASCII,
)


class AmountRefused(ValueError):
    """A text is no amount of money; says in one sentence what to do."""


def exponent(currency: str) -> int:
    """Return how many decimal places the currency's minor unit has."""
    return DECIMALS.get(currency, 2)


def charge_step(currency: str) -> int:
    """Return the minor units of which the payment provider charges whole multiples."""
    return CHARGE_STEPS.get(currency, 1)


def round_half_up(amount: Decimal) -> int:
    """Return the nearest whole minor unit; exactly half goes away from zero (decision 0005)."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def percent_of(amount: int, percent: Decimal) -> int:
    """Return the rounded percentage of an amount that is not negative, exactly (decision 0005)."""
    numerator, denominator = percent.as_integer_ratio()
    return (2 * amount * numerator + 100 * denominator) // (200 * denominator)


def to_minor(text: str, currency: str) -> int:
    """Return the minor units of an amount as people write it: `12.50`, `12,50`, `1299`, `1,299.00`, `1 299,00`.

    Raises AmountRefused for what is no amount, has more decimals than the currency, or could mean two amounts.
    """
    digits = text.strip()
    if digits.startswith(("-", "\u2212")):
        raise AmountRefused("An amount cannot be negative.")
    found = PLAIN.fullmatch(digits) or GROUPED.fullmatch(digits)
    if not found:
        raise AmountRefused(f"Enter an amount like {_example(currency)}.")
    whole, decimals = re.sub(r"\D", "", found["whole"]), found["decimals"] or ""
    _check_decimals(found, whole, decimals, currency)
    minor = round_half_up(Decimal(f"{whole}.{decimals or 0}").scaleb(exponent(currency)))
    if minor > MAX_AMOUNT_MINOR:
        raise AmountRefused("The amount is too large.")
    return minor


def _example(currency: str) -> str:
    return {0: "1250", 3: "12.500"}.get(exponent(currency), "12.50")


def _check_decimals(found: re.Match[str], whole: str, decimals: str, currency: str) -> None:
    """Refuse thousands that look like decimals, and more decimals than the currency has."""
    places = exponent(currency)
    is_like_thousands = found.re is PLAIN and len(decimals) == 3 and len(whole) <= 3 and not whole.startswith("0")  # noqa: PLR2004
    if is_like_thousands and (places < len(decimals) or found["point"] == ","):
        small = round_half_up(Decimal(f"{whole}.{decimals}").scaleb(places))
        one, other = to_major(int(whole + decimals) * 10**places, currency), to_major(small, currency)
        raise AmountRefused(f"This could mean {one} or {other}. Enter one of them.")
    if len(decimals) > places:
        raise AmountRefused(f"{currency} has {places or 'no'} decimal places.")


def to_major(minor: int, currency: str) -> Decimal:
    """Return the amount in major units, with all its decimal places."""
    return Decimal(minor).scaleb(-exponent(currency))


@lru_cache(maxsize=10_000)
def format_money(minor: int, currency: str, language: str = "") -> str:
    """Return the amount as the shop's readers write it, with all decimal places that are charged: `€24.00`, `−€9.60`."""
    locale = (language or settings.LANGUAGE_CODE).replace("-", "_")
    pattern = _pattern(locale, currency)
    text = pattern.apply(to_major(minor, currency), locale, currency=currency, currency_digits=False)
    return text.replace("-", MINUS, 1) if minor < 0 else text


@cache
def _pattern(locale: str, currency: str) -> NumberPattern:
    """How the locale writes this currency, with its decimal places, and a space between letters and digits."""
    written = Locale.parse(locale).currency_formats["standard"].pattern
    if get_currency_symbol(currency, locale)[-1].isalpha():
        written = re.sub(r"¤(?=[#0])", "¤\u00a0", written)
    pattern = parse_pattern(written)
    pattern.frac_prec = (exponent(currency), exponent(currency))
    return pattern


def apportion(amount: int, weights: list[int]) -> list[int]:
    """Split an amount by weights so that the parts add up to it exactly; the last units go to the largest remainders."""
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    shares = [amount * weight // total for weight in weights]
    remainders = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for index in remainders[: amount - sum(shares)]:
        shares[index] += 1
    return shares
