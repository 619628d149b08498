"""Search with PostgreSQL alone: an exact SKU first, then words with their endings and the last one as a beginning."""

import re

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable

from catalog.listings import SEARCH_CONFIG
from catalog.models import Listing, Variant

MOST_WORDS = 12
CANDIDATES = 2_000


def search_listings(listings: QuerySet[Listing], text: str) -> QuerySet[Listing]:
    """Return the listings that match; none for an empty search."""
    words = re.findall(r"\w+", text)[:MOST_WORDS]
    if not words:
        return listings.none()
    by_code = Variant.objects.filter(sku__iexact=text.strip()).values("product_id")[:20]
    product_ids = [row["product_id"] for row in by_code]
    if product_ids:
        return listings.filter(product_id__in=product_ids)
    return listings.filter(search=_query(words))


def _query(words: list[str]) -> Combinable:
    # \w+ leaves nothing that has a meaning in the raw syntax.
    return SearchQuery(" & ".join([*words[:-1], f"{words[-1]}:*"]), search_type="raw", config=SEARCH_CONFIG)


def best_first(listings: QuerySet[Listing], text: str) -> QuerySet[Listing]:
    """The same listings, best matches first; at most the first 2,000 candidates are ranked."""
    words = re.findall(r"\w+", text)[:MOST_WORDS]
    if not words:
        return listings
    candidates = list(listings.order_by("position", "product_id").values_list("pk", flat=True)[:CANDIDATES])
    ranked = Listing.objects.filter(pk__in=candidates).annotate(rank=SearchRank(F("search"), _query(words)))
    return ranked.order_by("-rank", "position", "product_id")


def suggestions(listings: QuerySet[Listing], text: str, count: int = 6) -> list[Listing]:
    """The first few hits for what has been typed so far."""
    return list(best_first(search_listings(listings, text), text).defer("search")[:count])
