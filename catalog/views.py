"""The shop's public pages: no cookie, no session, so that anybody on the way may keep a copy."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from catalog.browse import (
    SORTS,
    category_tiles,
    current_listings,
    filtered,
    lineage,
    listing_page,
    product_for_page,
    product_page,
    related_listings,
    top_categories,
)
from catalog.forms import ListingForm
from catalog.markets import default_market
from catalog.models import Category, Page, Swatch
from catalog.search import best_first, search_listings, suggestions


def _chips(request: HttpRequest, wishes: dict[str, Any]) -> list[dict[str, str]]:
    """The filters in force, each with the address that takes it off."""
    labels = {"min": "From", "max": "Up to", "stock": "In stock", "sale": "On sale"}
    chips = []
    for name, label in labels.items():
        if wishes.get(name) is not None and name in request.GET:
            rest = [(key, value) for key, value in request.GET.items() if key not in (name, "page")]
            text = f"{label} {request.GET[name]}" if name in ("min", "max") else label
            chips.append({"label": text, "url": f"?{urlencode(rest)}"})
    return chips


def _listing_context(request: HttpRequest, listings: Any, wishes: dict[str, Any], *, is_ranked: bool = False) -> dict:
    number = wishes.get("page", 1)
    sort = wishes.get("sort", "best" if is_ranked else "featured")
    narrowed = filtered(listings, wishes)
    query = [(key, value) for key, value in request.GET.items() if key != "page" and value]
    return {
        "page": listing_page(narrowed, sort=sort, number=number),
        "sorts": [(key, label, key == sort) for key, (label, _) in SORTS.items()],
        "wishes": request.GET,
        "chips": _chips(request, wishes),
        "query": urlencode(query),
        "is_filtered": any(name in wishes for name in ("min", "max", "stock", "sale")),
    }


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    market = default_market()
    listings = current_listings(market)
    loved = listings.filter(tags__contains=["bestseller"])
    page = listing_page(loved if loved.exists() else listings, sort="featured", number=1)
    tiles = category_tiles(market, top_categories()[:4])
    return render(request, "catalog/home.html", {"cards": page.cards[:8], "tiles": tiles, "market": market})


@require_safe
def category(request: HttpRequest, path: str) -> HttpResponse:
    found = get_object_or_404(Category, path=path)
    market = default_market()
    wishes = ListingForm(request.GET, currency=market.currency).wishes()
    listings = current_listings(market).filter(category_ids__contains=[found.pk])
    context = _listing_context(request, listings, wishes)
    trail = [found] if "/" not in found.path else lineage(found)
    return render(request, "catalog/category.html", {"category": found, "trail": trail, "market": market, **context})


@require_safe
def sale(request: HttpRequest) -> HttpResponse:
    market = default_market()
    wishes = ListingForm(request.GET, currency=market.currency).wishes()
    context = _listing_context(request, current_listings(market).filter(is_on_sale=True), wishes)
    return render(request, "catalog/sale.html", {"market": market, **context})


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    market = default_market()
    wishes = ListingForm(request.GET, currency=market.currency).wishes()
    text = wishes.get("q", "")
    listings = search_listings(current_listings(market), text)
    context = _listing_context(request, listings, wishes)
    if text and "sort" not in wishes and context["page"].number == 1:
        best = list(best_first(filtered(listings, wishes), text)[: len(context["page"].cards)])
        context["cards"] = best
    if not context["page"].count:
        context["popular"] = listing_page(current_listings(market), sort="featured", number=1).cards[:4]
    return render(request, "catalog/search.html", {"text": text, "market": market, **context})


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    market = default_market()
    text = request.GET.get("q", "")[:200]
    found = suggestions(current_listings(market), text) if len(text.strip()) >= 2 else []
    return render(request, "catalog/suggest.html", {"found": found, "text": text})


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    market = default_market()
    found = product_for_page(slug)
    shown = product_page(found, market, request.GET.dict()) if found else None
    if not found or not shown:
        raise Http404
    context = {
        "shown": shown,
        "product": found,
        "market": market,
        "trail": lineage(found.category),
        "related": related_listings(found, market),
    }
    return render(request, "catalog/product.html", context)


@require_safe
def page(request: HttpRequest, section: str, slug: str) -> HttpResponse:
    found = get_object_or_404(Page, section=section, slug=slug)
    return render(request, "catalog/page.html", {"page": found})


@require_safe
@cache_control(public=True, max_age=300)
def swatches(request: HttpRequest) -> HttpResponse:
    """The colours of option values as a style sheet, since nothing may be styled inline."""
    rules = [f".swatch-{slugify(swatch.name)}{{--c:{swatch.colour}}}" for swatch in Swatch.objects.all()]
    return HttpResponse("@layer components{" + "".join(rules) + "}", content_type="text/css; charset=utf-8")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    return redirect(staticfiles_storage.url("img/icon.svg"), permanent=False)
