"""Money: integer minor units and a currency; the one place where anything is rounded."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from babel.numbers import format_currency
from django.conf import settings

# ISO 4217 exponents that are not 2, of the currencies that Stripe charges
# (https://docs.stripe.com/currencies#zero-decimal, read for version 2026-10).
EXPONENTS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "JPY",
            "KMF",
            "KRW",
            "MGA",
            "PYG",
            "RWF",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "JOD", "KWD", "OMR", "TND"], 3),
}
LARGEST_MINOR = 10**12
AMOUNT = re.compile(r"-?\d{1,12}(\.\d{1,6})?", re.ASCII)


def exponent(currency: str) -> int:
    """Return how many decimal places the currency's minor unit has."""
    return EXPONENTS.get(currency, 2)


def round_half_up(amount: Decimal) -> int:
    """Return the nearest whole minor unit; exactly half goes away from zero (decision 0005)."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def percent_of(amount: int, percent: Decimal) -> int:
    """Return the rounded percentage of an amount that is not negative, exactly (decision 0005)."""
    numerator, denominator = percent.as_integer_ratio()
    return (2 * amount * numerator + 100 * denominator) // (200 * denominator)


def to_minor(text: str, currency: str) -> int:
    """Return the minor units of an amount written with a decimal point, as in `12.50`.

    Raises ValueError for anything that is not a plain, not too large number.
    """
    text = text.strip()
    if not AMOUNT.fullmatch(text):
        raise ValueError(f"'{text}' is not an amount of money")
    try:
        minor = round_half_up(Decimal(text).scaleb(exponent(currency)))
    except InvalidOperation as error:
        raise ValueError(f"'{text}' is not an amount of money") from error
    if abs(minor) > LARGEST_MINOR:
        raise ValueError(f"'{text}' is too large an amount")
    return minor


def to_major(minor: int, currency: str) -> Decimal:
    """Return the amount in major units, with all its decimal places."""
    return Decimal(minor).scaleb(-exponent(currency))


@lru_cache(maxsize=10_000)
def format_money(minor: int, currency: str, language: str = "") -> str:
    """Return the amount as the shop's readers write it: `€24.00`."""
    return format_currency(
        to_major(minor, currency), currency, locale=(language or settings.LANGUAGE_CODE).replace("-", "_")
    )


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
