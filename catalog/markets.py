"""A market: language, currency, tax display and countries under one URL prefix (settings.MARKETS)."""

from dataclasses import dataclass
from functools import cache

from babel import Locale
from django.conf import settings


@dataclass(frozen=True)
class Market:
    code: str
    prefix: str
    language: str
    currency: str
    is_tax_included: bool
    countries: tuple[str, ...]

    def country_choices(self) -> list[tuple[str, str]]:
        """The countries that we deliver to, by their names in the market's language."""
        names = Locale.parse(self.language.replace("-", "_")).territories
        return sorted(((code, names.get(code, code)) for code in self.countries), key=lambda choice: choice[1])


@cache
def all_markets() -> dict[str, Market]:
    return {
        entry["code"]: Market(
            entry["code"],
            entry["prefix"],
            entry["language"],
            entry["currency"],
            entry["is_tax_included"],
            tuple(entry["countries"]),
        )
        for entry in settings.MARKETS
    }


def default_market() -> Market:
    """The market without a URL prefix."""
    return next(market for market in all_markets().values() if not market.prefix)
