"""Files for machines: sitemaps, the product feed, robots."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from catalog import feeds
from catalog.markets import default_market

ROBOTS = """User-agent: *
Disallow: /cart/
Disallow: /checkout/
Disallow: /orders/
Disallow: /account/
Disallow: /admin/
Disallow: /payments/
Disallow: /search/
Disallow: /suggest/
Sitemap: {url}/sitemap.xml
"""


@require_safe
@cache_control(public=True, max_age=3600)
def sitemap_index(request: HttpRequest) -> HttpResponse:
    return HttpResponse(feeds.sitemap_index(), content_type="application/xml")


@require_safe
@cache_control(public=True, max_age=3600)
def sitemap(request: HttpRequest, section: str, number: int) -> HttpResponse:
    if section not in feeds.SECTIONS or not 1 <= number <= feeds.MOST_FILES:
        raise Http404
    return HttpResponse("".join(feeds.sitemap(section, number)), content_type="application/xml")


@require_safe
@cache_control(public=True, max_age=3600)
def google(request: HttpRequest) -> StreamingHttpResponse:
    """The Google Merchant feed, sent while it is read."""
    return StreamingHttpResponse(feeds.merchant_feed(default_market()), content_type="application/xml")


@require_safe
@cache_control(public=True, max_age=86400)
def robots(request: HttpRequest) -> HttpResponse:
    return HttpResponse(ROBOTS.format(url=settings.SHOP_URL), content_type="text/plain")
