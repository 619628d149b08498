"""The page of one product."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from catalog.addresses import moved_product
from catalog.browse import lineage, related_listings
from catalog.markets import default_market
from catalog.product_page import facts_of, opinions_of, product_for_page, product_page
from catalog.views.listings import answer_moved

STARS = {str(n): n for n in range(1, 6)}


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    market = default_market()
    found = product_for_page(slug)
    shown = product_page(found, market, request.GET.dict()) if found else None
    if not found or not shown:
        return answer_moved(request, moved_product(slug))
    context = {
        "shown": shown,
        "product": found,
        "market": market,
        "trail": lineage(found.category),
        "related": related_listings(found, market),
        "facts": facts_of(found),
        "opinions": opinions_of(found, STARS.get(request.GET.get("stars", ""))) if found.review_count else None,
    }
    return render(request, "catalog/product.html", context)
