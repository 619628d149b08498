"""Views of listing pages. They use no cookies and no session, so that shared caches can store them."""

from typing import Any
from urllib.parse import quote, urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from catalog.forms import ListingForm
from catalog.listings.browse import (
    LAST_PAGE,
    PAGE_SIZE,
    SORTS,
    ListingPage,
    ListingQuery,
    category_page,
    category_tiles,
    collection_page,
    current_listings,
    first_cards,
    lineage,
    listing_page,
    top_categories,
)
from catalog.listings.search import search_page, suggestions
from catalog.markets import all_markets, current_market
from catalog.models import Category, Collection
from catalog.pages import STOREFRONT, page
from catalog.products.slugs import Moved, moved_category
from catalog.redirects import redirect_target

MIN_SUGGEST_LETTERS = 2
LOVED_TAG = "bestseller"
CARDS_AT_HOME = 8
MAX_COLLECTIONS = 6  # on the first page
POSITION_PARAMETERS = ("page", "after")  # left out of links that change the filters or the sort order


def _chips(request: HttpRequest, page: ListingPage, listing_query: ListingQuery) -> list[dict[str, str]]:
    """The active filters, each with the URL that removes it."""
    prices = {"min": listing_query.low_minor, "max": listing_query.high_minor}
    labels = {"min": "From", "max": "Up to", "stock": "In stock", "sale": "On sale"}
    pairs = [(key, value) for key, values in request.GET.lists() for value in values if key not in POSITION_PARAMETERS]
    chips = []
    for name, label in labels.items():
        if request.GET.get(name) and prices.get(name, 0) is not None:
            text = f"{label} {request.GET[name]}" if name in ("min", "max") else label
            chips.append({"label": text, "url": _query_string([pair for pair in pairs if pair[0] != name])})
    for facet in page.facets:
        for value in facet.values:
            if value.is_chosen:
                rest = [pair for pair in pairs if pair != (facet.code, value.slug)]
                chips.append({"label": value.label, "url": _query_string(rest)})
    return chips


def _query_string(pairs: list[tuple[str, str]]) -> str:
    return f"?{urlencode([pair for pair in pairs if pair[1]])}"


def _context(
    request: HttpRequest,
    page: ListingPage,
    form: ListingForm,
    listing_query: ListingQuery,
    default_sort: str = "featured",
) -> dict[str, Any]:
    query = [(key, value) for key, values in request.GET.lists() for value in values if key not in POSITION_PARAMETERS]
    after = [("after", page.after)] if page.after else []
    sort = request.GET.get("sort", default_sort)
    is_numbered_page = bool(page.cards) and 1 < page.number <= LAST_PAGE
    return {
        "page": page,
        "sorts": [(key, label, key == sort) for key, (label, _) in SORTS.items()],
        "wishes": request.GET,
        "price_fields": [
            {"name": name, "label": label, "value": request.GET.get(name, ""), "error": form.price_errors.get(name)}
            for name, label in (("min", "From"), ("max", "To"))
        ],
        "chips": _chips(request, page, listing_query),
        "query": urlencode([pair for pair in query if pair[1]]),
        "unfiltered_url": f"{request.path}?q={quote(text)}" if (text := request.GET.get("q")) else request.path,
        "next_url": _query_string([*query, ("page", str(page.number + 1)), *after]) if page.has_next else "",
        "page_size": PAGE_SIZE,
        "is_filtered": page.is_filtered,
        # Search engines index only unfiltered listings, with a canonical URL for each numbered page.
        "is_indexable": (page.number == 1 or is_numbered_page)
        and not (page.is_filtered or form.price_errors or request.GET.get("sort")),
        "canonical_query": f"?page={page.number}" if is_numbered_page else "",
    }


def _answer(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render a listing, with status 404 if the page number does not exist."""
    page = context["page"]
    is_missing = page.number > 1 and not page.cards
    return render(request, template, context, status=404 if is_missing else 200)


@page(STOREFRONT)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The home page."""
    market = current_market()
    listings = current_listings(market)
    collections = list(Collection.objects.filter(is_active=True)[:MAX_COLLECTIONS])
    loved = first_cards(listings.filter(tags__contains=[LOVED_TAG]), CARDS_AT_HOME)
    context = {
        "cards": loved or first_cards(listings, CARDS_AT_HOME),
        "cards_title": "Most loved" if loved else "Our products",
        "more": next((collection for collection in collections if collection.rule_tag == LOVED_TAG), None),
        "tiles": category_tiles(market, top_categories()),
        "collections": collections,
        "market": market,
        "markets_here": list(all_markets().values()),
    }
    return render(request, "catalog/home.html", context)


@page(STOREFRONT, throttle="search")
@require_safe
def category(request: HttpRequest, path: str) -> HttpResponse:
    category = Category.objects.filter(path=path).first()
    if not category:
        return answer_moved(request, moved_category(path))
    market = current_market()
    form = ListingForm(request.GET, currency=market.currency)
    listing_query = form.listing_query()
    page = category_page(category, market, listing_query)
    trail = [category] if "/" not in category.path else lineage(category)
    context = {
        "category": category,
        "trail": trail,
        "market": market,
        "markets_here": list(all_markets().values()),
        **_context(request, page, form, listing_query),
    }
    return _answer(request, "catalog/category.html", context)


def answer_moved(request: HttpRequest, moved: Moved | None) -> HttpResponse:
    """Redirect to the present URL of a page, answer 410 if it is gone, or raise Http404 if it never existed."""
    if moved is None:
        raise Http404
    if not moved.url and (target := redirect_target(request)):
        return HttpResponsePermanentRedirect(target)
    if not moved.url:
        return render(request, "410.html", status=410)
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(f"{moved.url}?{query}" if query else moved.url)


@page(STOREFRONT, throttle="search")
@require_safe
def collection(request: HttpRequest, slug: str) -> HttpResponse:
    collection = get_object_or_404(Collection, slug=slug, is_active=True)
    market = current_market()
    form = ListingForm(request.GET, currency=market.currency)
    listing_query = form.listing_query()
    page = collection_page(collection, market, listing_query)
    context = {
        "collection": collection,
        "market": market,
        "markets_here": list(all_markets().values()),
        **_context(request, page, form, listing_query),
    }
    return _answer(request, "catalog/collection.html", context)


@page(STOREFRONT, throttle="search")
@require_safe
def sale(request: HttpRequest) -> HttpResponse:
    market = current_market()
    form = ListingForm(request.GET, currency=market.currency)
    listing_query = form.listing_query()
    page = listing_page(current_listings(market).filter(is_on_sale=True), listing_query)
    context = {
        "market": market,
        "markets_here": list(all_markets().values()),
        **_context(request, page, form, listing_query),
    }
    return _answer(request, "catalog/sale.html", context)


@page(STOREFRONT, is_crawled=False, throttle="search")
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    market = current_market()
    form = ListingForm(request.GET, currency=market.currency)
    listings = current_listings(market)
    listing_query = form.listing_query()
    results = search_page(listings, market, form.text, listing_query)
    context = {
        "text": form.text,
        "corrected": results.corrected,
        "is_partial": results.is_partial,
        "market": market,
        **_context(request, results.page, form, listing_query, default_sort="best"),
    }
    if not results.page.count and not results.page.is_filtered:
        context |= {"popular": first_cards(listings, 4), "categories": top_categories()}
    return _answer(request, "catalog/search.html", context)


@page(STOREFRONT, is_crawled=False, throttle="suggest")
@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """The suggestions below the search field while a shopper types."""
    market = current_market()
    text = request.GET.get("q", "")[:200]
    is_enough = len(text.strip()) >= MIN_SUGGEST_LETTERS
    matches = suggestions(current_listings(market), market, text) if is_enough else None
    return render(request, "catalog/suggest.html", {"found": matches, "text": text})
