"""The page of one product."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from catalog.addresses import moved_product
from catalog.browse import lineage, related_listings
from catalog.markets import Market, all_markets, current_market
from catalog.models import Product
from catalog.pages import STOREFRONT, page
from catalog.prices import markets_with_prices
from catalog.product_page import attribute_rows, product_for_page, product_page, review_summary
from catalog.views.listings import answer_moved

STARS = {str(n): n for n in range(1, 6)}


def sold_in(product: Product) -> list[Market]:
    """The markets that have a page for this product: the default one, and those that it has a price in."""
    markets = list(all_markets().values())
    if len(markets) == 1:
        return markets
    priced = markets_with_prices(variant.pk for variant in product.variants.all())
    return [market for market in markets if not market.prefix or market.code in priced]


@page(STOREFRONT)
@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    return show_product(request, slug, request.GET.dict())


def show_product(
    request: HttpRequest,
    slug: str,
    wanted: Mapping[str, str],
    extra: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Answer with a product's page; `extra` is what another app adds, such as a form with a mistake."""
    market = current_market()
    found = product_for_page(slug)
    shown = product_page(found, market, wanted) if found else None
    if not found or not shown:
        return answer_moved(request, moved_product(slug))
    markets = sold_in(found)
    if market.prefix and not shown.has_price:
        context = {"product": found, "market": market, "markets": markets}
        return render(request, "catalog/not_sold.html", context, status=404)
    context = {
        "shown": shown,
        "markets_here": markets,
        "product": found,
        "market": market,
        "trail": lineage(found.category),
        "related": related_listings(found, market),
        "facts": attribute_rows(found),
        "opinions": review_summary(found, STARS.get(request.GET.get("stars", ""))) if found.review_count else None,
        **(extra or {}),
    }
    template = "catalog/gift_card.html" if shown.variant.is_gift_card else "catalog/product.html"
    return render(request, template, context, status=status)
