"""The view of a product's page."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from catalog.listings.browse import lineage, related_listings
from catalog.markets import Market, all_markets, current_market
from catalog.models import Product
from catalog.pages import STOREFRONT, page
from catalog.prices import markets_with_prices
from catalog.products.page import attribute_rows, product_for_page, product_page, review_summary
from catalog.products.slugs import moved_product
from catalog.views.listings import answer_moved

STARS = {str(n): n for n in range(1, 6)}


def sold_in(product: Product) -> list[Market]:
    """The markets with a page for the product: the default market, and those in which it has a price."""
    markets = list(all_markets().values())
    if len(markets) == 1:
        return markets
    priced = markets_with_prices(variant.pk for variant in product.variants.all())
    return [market for market in markets if not market.prefix or market.code in priced]


@page(STOREFRONT)
@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """The page of a product, with the variant that the query string names."""
    return show_product(request, slug, request.GET.dict())


def show_product(
    request: HttpRequest,
    slug: str,
    wanted: Mapping[str, str],
    extra: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page of a product. `extra` is context from other apps, such as a form with errors."""
    market = current_market()
    product = product_for_page(slug)
    product_content = product_page(product, market, wanted) if product else None
    if not product or not product_content:
        return answer_moved(request, moved_product(slug))
    markets = sold_in(product)
    if market.prefix and not product_content.has_price:
        context = {"product": product, "market": market, "markets": markets}
        return render(request, "catalog/not_sold.html", context, status=404)
    context = {
        "shown": product_content,
        "markets_here": markets,
        "product": product,
        "market": market,
        "trail": lineage(product.category),
        "related": related_listings(product, market),
        "attributes": attribute_rows(product),
        "opinions": review_summary(product, STARS.get(request.GET.get("stars", ""))) if product.review_count else None,
        **(extra or {}),
    }
    template = "catalog/gift_card.html" if product_content.variant.is_gift_card else "catalog/product.html"
    return render(request, template, context, status=status)
