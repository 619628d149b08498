"""A market: language, currency, tax display and countries under one URL prefix (settings.MARKETS)."""

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
        """The countries and the currency, as the market's readers call them."""
        names = self.locale.territories
        others = len(self.countries) - 1
        where = names.get(self.countries[0], self.countries[0]) + (f" and {others} more" if others else "")
        return f"{where} ({self.locale.currencies.get(self.currency, self.currency)})"

    def country_choices(self) -> list[tuple[str, str]]:
        """The countries that we deliver to, by their names in the market's language."""
        names = self.locale.territories
        return sorted(((code, names.get(code, code)) for code in self.countries), key=lambda choice: choice[1])


_market: ContextVar[Market | None] = ContextVar("market", default=None)


@cache
def all_markets() -> dict[str, Market]:
    """Every market by its code, the default one first; whoever overrides the setting clears this cache."""
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
    """The market of this code, or the default one where the shop does not have it any more."""
    return all_markets().get(code) or default_market()


def default_market() -> Market:
    """The market without a URL prefix."""
    return next(market for market in all_markets().values() if not market.prefix)


def further_markets() -> list[Market]:
    """The markets that have a URL prefix."""
    return [market for market in all_markets().values() if market.prefix]


def current_market() -> Market:
    """The market of the request that is being answered; outside requests the default one."""
    return _market.get() or default_market()


@contextlib.contextmanager
def in_market(market: Market) -> Iterator[None]:
    """Inside the block the storefront shows this market, and every address that is made has its prefix."""
    before = get_script_prefix()
    set_script_prefix(path_in(market, before))
    token = _market.set(market)
    try:
        yield
    finally:
        _market.reset(token)
        set_script_prefix(before)


def path_in(market: Market, address: str) -> str:
    """What an address of the current market is in that market: `/p/mug/` and `/us/p/mug/` are the same page."""
    here = get_script_prefix()
    prefix = current_market().prefix
    base = here.removesuffix(f"{prefix}/") if prefix else here
    return base + (f"{market.prefix}/" if market.prefix else "") + address.removeprefix(here)
