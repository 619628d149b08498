"""Choose the market by the first part of the URL; everything behind this middleware is the same for all markets."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect

from catalog.markets import Market, default_market, further_markets, in_market
from catalog.pages import policy_of_path


def _first_part(path: str) -> str:
    return path.removeprefix("/").partition("/")[0]


def market_of(path: str) -> Market:
    """Return the market whose prefix the path begins with, or the default market."""
    first = _first_part(path)
    return next((market for market in further_markets() if market.prefix == first), default_market())


class MarketMiddleware:
    """Make the URL's market the current one, and remove its prefix from `request.path_info`, not from `request.path`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        market = market_of(request.path_info)
        if request.path_info == f"/{market.prefix}" and market.prefix:
            return HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True))
        if market.prefix:
            rest = request.path_info.removeprefix(f"/{market.prefix}")
            # Pages that are the same for all markets keep the prefix, and so are not found.
            if all(policy_of_path(path).is_per_market for path in (rest, f"{rest}/")):
                request.path_info = rest
        with in_market(market):
            return self.get_response(request)
