"""What each page is: the decorator stands beside the view, and middleware, robots.txt and tests read it from there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.http import HttpRequest
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class PagePolicy:
    """How a page is stored, found, limited and shown."""

    is_personal: bool = False  # about one person: no cache on the way stores it
    is_crawled: bool = True  # robots may read it
    is_per_market: bool = True  # exists under the prefix of each market
    is_always_open: bool = False  # answers before the shop has opened
    shows_moments: bool = True  # staff may look at it as of another moment
    throttle: str = ""  # the limit of shop/middleware/limits.py that counts its requests


STOREFRONT = PagePolicy()
CART = PagePolicy(is_personal=True, is_crawled=False, shows_moments=False)
ORDER = ACCOUNT = replace(CART, is_always_open=True)
INTERNAL = replace(ACCOUNT, is_per_market=False)
SHARED_FILE = PagePolicy(is_per_market=False, is_always_open=True)


def page(policy: PagePolicy, **changes: Any) -> Callable[[View], View]:
    """Say what the page of this view is; `changes` are the fields in which it differs from the policy."""

    def mark(view: View) -> View:
        view.page_policy = replace(policy, **changes)  # type: ignore[attr-defined]
        return view

    return mark


def with_policy(mounted: URLPattern | URLResolver, policy: PagePolicy) -> URLPattern | URLResolver:
    """Say what the pages of a package are where its URLs are mounted; a view that has a policy keeps it."""
    for pattern in _patterns_below(mounted):
        if not policy_of_view(pattern.callback):
            page(policy)(pattern.callback)
    return mounted


def policy_of_view(view: Any) -> PagePolicy | None:
    return getattr(view, "page_policy", None)


def policy_of_path(path: str) -> PagePolicy:
    """The policy of the page at this path, without a market's prefix; where there is none, that of the storefront."""
    try:
        return policy_of_view(resolve(path).func) or STOREFRONT
    except Resolver404:
        return STOREFRONT


def policy_of(request: HttpRequest) -> PagePolicy:
    """The policy of the page that was asked for, before and after its view is known."""
    match = request.resolver_match
    return (policy_of_view(match.func) or STOREFRONT) if match else policy_of_path(request.path_info)


def closed_to_robots() -> tuple[list[str], list[str]]:
    """The first parts of paths that robots leave alone: those that exist once, and those that exist in each market."""
    once, per_market = set(), set()
    for pattern, first in mounted_views():
        policy = policy_of_view(pattern.callback)
        if policy and not policy.is_crawled:
            (per_market if policy.is_per_market else once).add(f"/{first}/")
    return sorted(once), sorted(per_market)


def mounted_views() -> Iterator[tuple[URLPattern, str]]:
    """Every view of the project with the first part of its path, which is empty for the home page."""
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
