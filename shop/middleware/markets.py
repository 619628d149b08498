"""The first part of an address may name a market; everything behind this middleware is the same for all of them."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect

from catalog.markets import Market, default_market, further_markets, in_market
from catalog.pages import policy_of_path


def _first_part(path: str) -> str:
    return path.removeprefix("/").partition("/")[0]


def market_of(path: str) -> Market:
    """The market whose prefix the path begins with, or the default one."""
    first = _first_part(path)
    return next((market for market in further_markets() if market.prefix == first), default_market())


class MarketMiddleware:
    """Inside, the path has no prefix and the market is the current one; `request.path` stays what was asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        market = market_of(request.path_info)
        if request.path_info == f"/{market.prefix}" and market.prefix:
            return HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True))
        if market.prefix:
            rest = request.path_info.removeprefix(f"/{market.prefix}")
            # What exists once for all markets keeps the prefix, and so is not found.
            if all(policy_of_path(path).is_per_market for path in (rest, f"{rest}/")):
                request.path_info = rest
        with in_market(market):
            return self.get_response(request)
