"""Search with PostgreSQL alone: a SKU or barcode first, then words with their endings, synonyms, and typos mended."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Length, Upper

from catalog.browse import COUNT_LIMIT, ListingPage, Ranking, Wishes, first_cards, listing_page
from catalog.facets import WHOLE_SHOP, Scope
from catalog.languages import search_config
from catalog.markets import Market
from catalog.models import Category, Listing, Page, SearchTerm, Synonym, Variant

MOST_WORDS = 12
SHORTEST_PREFIX = 3  # letters from which a last word may be a beginning
COMPLETIONS = 5
MOST_BY_CODE = 20
MOST_COMPARED = 400  # known words that a short mistyped one is compared with

# The nearest known word for each unknown one; the trigram index answers `%`.
NEAREST = """
SELECT wanted, (SELECT word FROM catalog_searchterm
                WHERE word %% wanted ORDER BY similarity(word, wanted) DESC, weight DESC, word LIMIT 1)
FROM unnest(%s::text[]) AS wanted
WHERE NOT EXISTS (SELECT 1 FROM catalog_searchterm WHERE word = wanted)
"""


@dataclass(frozen=True)
class SearchPage:
    """What was found: for the words as typed, for `mended` ones where those found nothing, or for some of the words."""

    page: ListingPage
    mended: str = ""
    is_partial: bool = False


def words_of(text: str) -> list[str]:
    """The words of a search as the index knows them: small letters, no accents; at most twelve."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c)))[:MOST_WORDS]


def search_page(listings: QuerySet[Listing], market: Market, text: str, wishes: Wishes) -> SearchPage:
    """One page of what matches the text; no cards for an empty one.

    Up to a thousand matches are ranked by how well they fit. Beyond that the words say little, so the most
    prominent products come first, and no page costs more than the first.
    """
    words = words_of(text)
    if not words:
        return SearchPage(ListingPage([], 1, 0, False))
    if ids := _products_by_code(text):
        return SearchPage(listing_page(listings.filter(product__in=ids), wishes, most_counted=COUNT_LIMIT + 1))
    found = _matching(listings, _query(words, market), words, market, wishes)
    if found.count or wishes.page > 1 or found.is_filtered:
        return SearchPage(found)
    mended = mend(words)
    if mended != words:
        again = _matching(listings, _query(mended, market), mended, market, wishes)
        if again.count:
            return SearchPage(again, mended=" ".join(mended))
    if len(words) > 1:
        some = _matching(listings, _query(mended, market, joined_by=" | "), ["|", *mended], market, wishes)
        return SearchPage(some, is_partial=some.count > 0)
    return SearchPage(found)


def _matching(
    listings: QuerySet[Listing], query: SearchQuery, words: list[str], market: Market, wishes: Wishes
) -> ListingPage:
    is_ranked = not wishes.sort and not wishes.after
    return listing_page(
        listings.filter(search=query),
        wishes,
        ranking=Ranking([SearchRank(F("search"), query).desc(), "position", "product_id"], COUNT_LIMIT)
        if is_ranked
        else None,
        kept=Scope(WHOLE_SHOP, market.code, " ".join(words)),
        most_counted=COUNT_LIMIT + 1,
    )


def _products_by_code(text: str) -> list[int]:
    """Products that have a variant with exactly this SKU or barcode."""
    code = text.strip()
    if re.fullmatch(r"[\d\s-]{8,30}", code, re.ASCII):
        code = re.sub(r"[\s-]", "", code)  # as barcodes are printed
    if not 0 < len(code) <= 255:
        return []
    found = Variant.objects.annotate(any_case=Upper("sku")).filter(
        Q(any_case=code.upper()) | Q(barcode=code), is_active=True
    )
    return list(found.values_list("product_id", flat=True)[:MOST_BY_CODE])


def _query(words: list[str], market: Market, *, has_prefix: bool = True, joined_by: str = " & ") -> SearchQuery:
    groups = synonyms_of(words)
    parts = []
    for position, word in enumerate(words):
        is_beginning = has_prefix and position == len(words) - 1 and len(word) >= SHORTEST_PREFIX
        same = [" <-> ".join(words_of(other)) for other in groups.get(word, [])]
        own = f"{_quoted(word)}:*" if is_beginning else _quoted(word)
        parts.append("(" + " | ".join([own, *filter(None, same)]) + ")")
    return SearchQuery(joined_by.join(parts), search_type="raw", config=search_config(market.language))


def _quoted(word: str) -> str:
    """The word as the raw syntax takes it: words of the vocabulary may be whole addresses (shop.example:8080)."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def synonyms_of(words: Iterable[str]) -> dict[str, list[str]]:
    """For each word the others that staff say mean the same."""
    groups = Synonym.objects.filter(words__overlap=list(words)).values_list("words", flat=True)
    found: dict[str, list[str]] = {}
    for group in groups:
        for word in group:
            found.setdefault(word, []).extend(other for other in group if other != word)
    return found


def mend(words: list[str]) -> list[str]:
    """The same words, each unknown one replaced by the known word that looks most like it, if there is one."""
    with connection.cursor() as cursor:
        cursor.execute(NEAREST, [words])
        nearest = dict(cursor.fetchall())
    return [nearest[word] or _one_slip_away(word) if word in nearest else word for word in words]


def _one_slip_away(word: str) -> str:
    """For words too short for trigrams: the most frequent known word that one slip of the finger turns into this one."""
    lengths = range(len(word) - 1, len(word) + 2)
    known = SearchTerm.objects.annotate(length=Length("word")).filter(word__startswith=word[:1], length__in=lengths)
    for term in known.order_by("-weight", "word").values_list("word", flat=True)[:MOST_COMPARED]:
        if is_one_slip(word, term):
            return term
    return word


def is_one_slip(one: str, other: str) -> bool:
    """One letter more, less or another, or two neighbours the wrong way round."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    one, other = one[start:], other[start:]
    slips = (one[1:] == other[1:], one[1:] == other, one == other[1:], one[:2] == other[1::-1] and one[2:] == other[2:])
    return any(slips)


@dataclass(frozen=True)
class Suggestions:
    """What somebody may mean who is still typing."""

    listings: list[Listing]
    categories: list[Category]
    pages: list[Page]

    def __len__(self) -> int:
        return len(self.listings) + len(self.categories) + len(self.pages)


def suggestions(listings: QuerySet[Listing], market: Market, text: str, count: int = 6) -> Suggestions:
    """The most prominent products of what has been typed so far, and categories and pages by that name.

    The last word is completed from the vocabulary and the few completions are searched for: a million titles are
    never looked through for a beginning.
    """
    words = words_of(text)
    if not words:
        return Suggestions([], [], [])
    if ids := _products_by_code(text):
        return Suggestions(first_cards(listings.filter(product__in=ids), count), [], [])
    ends = completions(words[-1]) or mend(words[-1:])
    before = _query(words[:-1], market, has_prefix=False) if words[:-1] else None
    last = SearchQuery(" | ".join(map(_quoted, ends)), search_type="raw", config=search_config(market.language))
    cards = first_cards(listings.filter(search=before & last if before else last), count)
    begins = text.strip()
    categories = list(Category.objects.filter(name__istartswith=begins).order_by("path")[:4])
    pages = list(Page.objects.filter(title__icontains=begins)[:2])
    return Suggestions(cards, categories, pages)


def completions(beginning: str) -> list[str]:
    """The most frequent words that begin so."""
    terms = SearchTerm.objects.filter(word__startswith=beginning).order_by("-weight", "word")
    return list(terms.values_list("word", flat=True)[:COMPLETIONS])


def refresh_terms() -> int:
    """The vocabulary is the words of the present listings with their frequencies; returns how many words it has."""
    from_listings = """
        INSERT INTO catalog_searchterm (word, weight)
        SELECT word, ndoc FROM ts_stat($$
            SELECT to_tsvector('mercer_plain', title || ' ' || vendor) FROM catalog_listing WHERE NOT is_past $$)
        WHERE length(word) BETWEEN 3 AND 40 AND word !~ '^[0-9]+$'
        ORDER BY word
        ON CONFLICT (word) DO UPDATE SET weight = excluded.weight WHERE catalog_searchterm.weight <> excluded.weight"""
    with connection.cursor() as cursor:
        cursor.execute(from_listings)
    return SearchTerm.objects.count()
