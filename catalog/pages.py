"""Page policies: a decorator on each view declares them, and middleware, robots.txt and tests read them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.http import HttpRequest
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class PagePolicy:
    """How a page may be cached, crawled, throttled and shown."""

    is_personal: bool = False  # about one person, so shared caches must not store it
    is_crawled: bool = True  # search engines may crawl it
    is_per_market: bool = True  # exists under the prefix of each market
    is_always_open: bool = False  # available before the shop has opened
    shows_moments: bool = True  # staff can view it as of another time
    throttle: str = ""  # the limit of shop/middleware/limits.py that applies to it


STOREFRONT = PagePolicy()
CART = PagePolicy(is_personal=True, is_crawled=False, shows_moments=False)
ORDER = ACCOUNT = replace(CART, is_always_open=True)
INTERNAL = replace(ACCOUNT, is_per_market=False)
SHARED_FILE = PagePolicy(is_per_market=False, is_always_open=True)


def page(policy: PagePolicy, **changes: Any) -> Callable[[View], View]:
    """Set the policy of a view. `changes` are the fields that differ from the given policy."""

    def mark(view: View) -> View:
        view.page_policy = replace(policy, **changes)  # type: ignore[attr-defined]
        return view

    return mark


def with_policy(mounted: URLPattern | URLResolver, policy: PagePolicy) -> URLPattern | URLResolver:
    """Set the policy of all views below a mounted URL pattern, except those that have their own."""
    for pattern in _patterns_below(mounted):
        if not policy_of_view(pattern.callback):
            page(policy)(pattern.callback)
    return mounted


def policy_of_view(view: Any) -> PagePolicy | None:
    """The policy of a view, or None if it has none."""
    return getattr(view, "page_policy", None)


def policy_of_path(path: str) -> PagePolicy:
    """The policy of the page at this path (without a market's prefix). The default is that of the storefront."""
    try:
        return policy_of_view(resolve(path).func) or STOREFRONT
    except Resolver404:
        return STOREFRONT


def policy_of(request: HttpRequest) -> PagePolicy:
    """The policy of the requested page, before or after the URL is resolved."""
    match = request.resolver_match
    return (policy_of_view(match.func) or STOREFRONT) if match else policy_of_path(request.path_info)


def closed_to_robots() -> tuple[list[str], list[str]]:
    """The path prefixes closed to robots: those that exist once, and those that exist in each market."""
    once, per_market = set(), set()
    for pattern, first in mounted_views():
        policy = policy_of_view(pattern.callback)
        if policy and not policy.is_crawled:
            (per_market if policy.is_per_market else once).add(f"/{first}/")
    return sorted(once), sorted(per_market)


def mounted_views() -> Iterator[tuple[URLPattern, str]]:
    """Yield each view of the project with the first segment of its path, which is empty for the home page."""
    for mounted in get_resolver().url_patterns:
        for pattern, route in _routes_below(mounted, ""):
            yield pattern, route.removeprefix("^").partition("/")[0]


def _routes_below(mounted: URLPattern | URLResolver, before: str) -> Iterator[tuple[URLPattern, str]]:
    route = before + str(mounted.pattern)
    if isinstance(mounted, URLPattern):
        yield mounted, route
        return
    for inner in mounted.url_patterns:
        yield from _routes_below(inner, route)


def _patterns_below(mounted: URLPattern | URLResolver) -> Iterator[URLPattern]:
    return (pattern for pattern, _route in _routes_below(mounted, ""))
