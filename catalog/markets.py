"""Markets, each with its URL prefix, language, currency, tax display and countries (settings.MARKETS)."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache

from babel import Locale
from django.conf import settings
from django.urls import get_script_prefix, set_script_prefix


@dataclass(frozen=True)
class Market:
    """One entry of settings.MARKETS. The default market has no prefix."""

    code: str
    prefix: str
    language: str
    currency: str
    is_tax_included: bool
    countries: tuple[str, ...]

    @property
    def locale(self) -> Locale:
        return Locale.parse(self.language.replace("-", "_"))

    @property
    def name(self) -> str:
        """The countries and the currency in the market's language: `Germany and 29 more (Euro)`."""
        names = self.locale.territories
        others = len(self.countries) - 1
        where = names.get(self.countries[0], self.countries[0]) + (f" and {others} more" if others else "")
        return f"{where} ({self.locale.currencies.get(self.currency, self.currency)})"

    def country_choices(self) -> list[tuple[str, str]]:
        """The countries of the market as (code, name in its language), sorted by name."""
        names = self.locale.territories
        return sorted(((code, names.get(code, code)) for code in self.countries), key=lambda choice: choice[1])


_market: ContextVar[Market | None] = ContextVar("market", default=None)


@cache
def all_markets() -> dict[str, Market]:
    """All markets by code. Cached, so clear the cache after overriding settings.MARKETS."""
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


def market_of(code: str) -> Market:
    """The market with this code, or the default market if the shop no longer has it."""
    return all_markets().get(code) or default_market()


def default_market() -> Market:
    """The market without a URL prefix."""
    return next(market for market in all_markets().values() if not market.prefix)


def further_markets() -> list[Market]:
    """The markets that have a URL prefix."""
    return [market for market in all_markets().values() if market.prefix]


def current_market() -> Market:
    """The market of the current request, or the default market outside of requests."""
    return _market.get() or default_market()


@contextlib.contextmanager
def in_market(market: Market) -> Iterator[None]:
    """Show the storefront of this market inside the block, and give all generated URLs its prefix."""
    before = get_script_prefix()
    set_script_prefix(path_in(market, before))
    token = _market.set(market)
    try:
        yield
    finally:
        _market.reset(token)
        set_script_prefix(before)


def path_in(market: Market, path: str) -> str:
    """Convert a path of the current market to the same page in another market: `/p/mug/` to `/us/p/mug/`."""
    script_prefix = get_script_prefix()
    prefix = current_market().prefix
    base = script_prefix.removesuffix(f"{prefix}/") if prefix else script_prefix
    return base + (f"{market.prefix}/" if market.prefix else "") + path.removeprefix(script_prefix)
