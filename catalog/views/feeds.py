"""Views of the sitemaps, the product feed and robots.txt."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from catalog.listings import feeds
from catalog.markets import all_markets, current_market, path_in
from catalog.pages import SHARED_FILE, STOREFRONT, closed_to_robots, page


@page(STOREFRONT)
@require_safe
@cache_control(public=True, max_age=3600)
def sitemap_index(request: HttpRequest) -> HttpResponse:
    return HttpResponse(feeds.sitemap_index(), content_type="application/xml")


@page(STOREFRONT)
@require_safe
@cache_control(public=True, max_age=3600)
def sitemap(request: HttpRequest, section: str, number: int) -> HttpResponse:
    if section not in feeds.SECTIONS or not 1 <= number <= feeds.MAX_FILES:
        raise Http404
    return HttpResponse("".join(feeds.sitemap(section, number)), content_type="application/xml")


@page(STOREFRONT)
@require_safe
@cache_control(public=True, max_age=3600)
def google(request: HttpRequest) -> StreamingHttpResponse:
    """Stream the Google Merchant feed."""
    return StreamingHttpResponse(feeds.merchant_feed(current_market()), content_type="application/xml")


@page(SHARED_FILE)
@require_safe
@cache_control(public=True, max_age=86400)
def robots(request: HttpRequest) -> HttpResponse:
    """The paths closed to robots, and the sitemap of each market."""
    markets = all_markets().values()
    once, per_market = closed_to_robots()
    closed = [*once, *(path_in(market, path) for market in markets for path in per_market)]
    maps = [f"Sitemap: {settings.SHOP_URL}{path_in(market, reverse('catalog:sitemap_index'))}" for market in markets]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed), *maps]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")
