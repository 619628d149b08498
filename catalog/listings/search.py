"""Product search with PostgreSQL: by SKU or barcode, by stemmed words and synonyms, and with spelling correction."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection
from django.db.models import F, Func, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Upper

from catalog.languages import search_config
from catalog.listings.browse import COUNT_LIMIT, ListingPage, ListingQuery, Ranking, first_cards, listing_page
from catalog.listings.facets import WHOLE_SHOP, Scope
from catalog.listings.words import Term, joined, terms_of, vocabulary, words_of
from catalog.markets import Market
from catalog.models import Category, Listing, Page, SearchTerm, Synonym, Variant

MAX_WORDS = 12
MIN_PREFIX_LETTERS = 3  # the last word matches as a prefix from this length on
COMPLETIONS = 5
MAX_CODE_MATCHES = 20
ROWS_AT_ONCE = 10_000
GTIN_LENGTHS = (8, 12, 13, 14)
MAX_COMPARED_LETTERS = 60  # no word of the vocabulary is longer

# The most similar vocabulary word for each unknown word. The trigram index supports the operator `%`.
NEAREST = """
SELECT wanted, (SELECT word FROM catalog_searchterm
                WHERE word %% wanted ORDER BY similarity(word, wanted) DESC, weight DESC, word LIMIT 1)
FROM unnest(%s::text[]) AS wanted
WHERE NOT EXISTS (SELECT 1 FROM catalog_searchterm WHERE word = wanted)
"""

WRITE_TERMS = """
INSERT INTO catalog_searchterm (word, weight) SELECT * FROM unnest(%s::text[], %s::int[])
ON CONFLICT (word) DO UPDATE SET weight = excluded.weight WHERE catalog_searchterm.weight <> excluded.weight
"""


@dataclass(frozen=True)
class SearchPage:
    """The results of a search: for the typed words, for the `corrected` words, or (`is_partial`) for some of the words."""

    page: ListingPage
    corrected: str = ""
    is_partial: bool = False


def search_terms(text: str) -> list[Term]:
    """The terms of a search, split like the indexed texts; at most MAX_WORDS words."""
    terms, count = [], 0
    for term in terms_of(text):
        term = term[: MAX_WORDS - count]
        if not term:
            break
        terms.append(term)
        count += len(term)
    return terms


def search_page(listings: QuerySet[Listing], market: Market, text: str, listing_query: ListingQuery) -> SearchPage:
    """One page of the matches of the text; no cards for an empty text.

    Up to COUNT_LIMIT matches are ranked by relevance. More matches than that are sorted by position, because the words
    say little then, and so that every page is equally fast.
    """
    terms = search_terms(text)
    if not terms:
        return SearchPage(ListingPage([], 1, 0, False))
    if ids := products_by_code(text):
        return SearchPage(listing_page(listings.filter(product__in=ids), listing_query, max_counted=COUNT_LIMIT + 1))
    exact = _matching(listings, _query(terms, market), terms, market, listing_query)
    if exact.count or listing_query.page > 1 or exact.is_filtered:
        return SearchPage(exact)
    corrected = correct_spelling(terms)
    if corrected != terms:
        again = _matching(listings, _query(corrected, market), corrected, market, listing_query)
        if again.count:
            return SearchPage(again, corrected=" ".join(" ".join(term) for term in corrected))
    single: list[Term] = [(word,) for term in corrected for word in term]
    if len(single) > 1:
        some = _matching(listings, _query(single, market, joined_by=" | "), [("|",), *single], market, listing_query)
        return SearchPage(some, is_partial=some.count > 0)
    return SearchPage(exact)


def _matching(
    listings: QuerySet[Listing], query: SearchQuery, terms: list[Term], market: Market, listing_query: ListingQuery
) -> ListingPage:
    is_ranked = not listing_query.sort and not listing_query.after
    return listing_page(
        listings.filter(search=query),
        listing_query,
        ranking=Ranking([SearchRank(F("search"), query).desc(), "position", "product_id"], COUNT_LIMIT)
        if is_ranked
        else None,
        cache_scope=Scope(WHOLE_SHOP, market.code, " ".join("+".join(term) for term in terms)),
        max_counted=COUNT_LIMIT + 1,
    )


def products_by_code(text: str, count: int = MAX_CODE_MATCHES) -> list[int]:
    """Ids of products with a variant that has exactly this SKU or barcode. Separators in barcodes are ignored."""
    code = text.strip()
    if not 0 < len(code) <= 255:
        return []
    variants = Variant.objects.annotate(any_case=Upper("sku")).filter(
        Q(any_case=code.upper()) | Q(barcode__in=[code, *barcodes_of(code)]), is_active=True
    )
    return list(variants.values_list("product_id", flat=True)[:count])


def barcodes_of(text: str) -> list[str]:
    """The spellings of a GTIN, with and without leading zeros and spaces: `0 12345 67890 5`. Empty for other texts."""
    words = words_of(text)
    digits = "".join(words)
    if not (digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 14):
        return []
    return list(dict.fromkeys([digits, *(digits.lstrip("0").zfill(length) for length in GTIN_LENGTHS)]))


def listed_products(text: str, market: Market, count: int) -> list[int]:
    """Ids of at most `count` products that match all words, for the admin. They are not sorted."""
    terms = search_terms(text)
    if not terms:
        return []
    rows = Listing.objects.filter(market=market.code, is_past=False, search=_query(terms, market))
    return list(rows.values_list("product_id", flat=True)[:count])


def _query(terms: list[Term], market: Market, *, has_prefix: bool = True, joined_by: str = " & ") -> SearchQuery:
    """The text search query: every term as typed, as one joined word, or as a synonym. The last word may be a prefix."""
    groups = synonyms_of(" ".join(term) for term in terms)
    parts = []
    for position, term in enumerate(terms):
        is_last = has_prefix and position == len(terms) - 1
        alternatives = [_phrase(term, is_prefix=is_last)]
        if joined_word := joined(term):
            alternatives.append(_phrase((joined_word,), is_prefix=is_last))
        alternatives += [_phrase(tuple(words_of(other))) for other in groups.get(" ".join(term), [])]
        parts.append(f"({' | '.join(filter(None, alternatives))})")
    return SearchQuery(joined_by.join(parts), search_type="raw", config=search_config(market.language))


def _phrase(term: Term, *, is_prefix: bool = False) -> str:
    """A phrase of these words in tsquery syntax. Words have only letters and digits, so they need no escaping."""
    quoted = [f"'{word}'" for word in term]
    if is_prefix and len(term[-1]) >= MIN_PREFIX_LETTERS:
        quoted[-1] += ":*"
    return f"({' <-> '.join(quoted)})" if quoted else ""


def synonyms_of(texts: Iterable[str]) -> dict[str, list[str]]:
    """The synonyms of each text (`sofa`, `t shirt`)."""
    groups = Synonym.objects.filter(words__overlap=list(texts)).values_list("words", flat=True)
    synonyms: dict[str, list[str]] = {}
    for group in groups:
        for word in group:
            synonyms.setdefault(word, []).extend(other for other in group if other != word)
    return synonyms


def correct_spelling(terms: list[Term]) -> list[Term]:
    """The terms with each unknown word replaced by the most similar word of the vocabulary, if there is one.

    Digits are never corrected: a search for `315` does not mean `316`.
    """
    words = [word for term in terms for word in term]
    with connection.cursor() as cursor:
        cursor.execute(NEAREST, [[word for word in words if not word.isdigit()]])
        nearest = dict(cursor.fetchall())
    corrections = {word: _corrected(word, similar) for word, similar in nearest.items()}
    return [tuple(corrections.get(word, word) for word in term) for term in terms]


def _corrected(word: str, nearest: str | None) -> str:
    correction = nearest or _closest_short_word(word)
    return correction if _digits(correction) == _digits(word) else word


def _digits(word: str) -> str:
    return "".join(filter(str.isdigit, word))


def _closest_short_word(word: str) -> str:
    """The most frequent vocabulary word that differs by one typo, for words too short for trigrams; else the word.

    A typo is an inserted, deleted or replaced letter, or two swapped neighbours. The first letter is never corrected.
    """
    if len(word) > MAX_COMPARED_LETTERS:
        return word
    swapped = [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)]
    edits = Func("word", Value(word), Value(1), function="levenshtein_less_equal", output_field=IntegerField())
    similar = SearchTerm.objects.alias(edits=edits).filter(
        Q(edits__lte=1) | Q(word__in=swapped), word__startswith=word[:1]
    )
    return similar.order_by("-weight", "word").values_list("word", flat=True).first() or word


@dataclass(frozen=True)
class Suggestions:
    """Suggestions while a shopper types a search."""

    listings: list[Listing]
    categories: list[Category]
    pages: list[Page]

    def __len__(self) -> int:
        return len(self.listings) + len(self.categories) + len(self.pages)


def suggestions(listings: QuerySet[Listing], market: Market, text: str, count: int = 6) -> Suggestions:
    """Featured products that match the text typed so far, and categories and pages whose names begin with it.

    The last word is completed from the vocabulary, and only a few completions are searched for, because a prefix search
    through all titles would be slow.
    """
    terms = search_terms(text)
    if not terms:
        return Suggestions([], [], [])
    if ids := products_by_code(text):
        return Suggestions(first_cards(listings.filter(product__in=ids), count), [], [])
    wanted = _query(terms, market) if len(terms[-1]) > 1 else _completed(terms, market)
    cards = first_cards(listings.filter(search=wanted), count)
    typed = text.strip()
    categories = list(_beginning_with(typed).order_by("path")[:4])
    pages = list(Page.objects.filter(title__unaccent__icontains=typed)[:2])
    return Suggestions(cards, categories, pages)


def _completed(terms: list[Term], market: Market) -> SearchQuery:
    """The query with the last word completed or corrected. Without a completion it is also a prefix, as of a code."""
    last_words = completions(terms[-1][0])
    last = (
        " | ".join(_phrase((word,)) for word in last_words)
        if last_words
        else _phrase(correct_spelling(terms[-1:])[0], is_prefix=True)
    )
    wanted = SearchQuery(last, search_type="raw", config=search_config(market.language))
    return _query(terms[:-1], market, has_prefix=False) & wanted if terms[:-1] else wanted


def _beginning_with(text: str) -> QuerySet[Category]:
    return Category.objects.filter(name__unaccent__istartswith=text)


def completions(beginning: str) -> list[str]:
    """The most frequent vocabulary words with this prefix."""
    terms = SearchTerm.objects.filter(word__startswith=beginning).order_by("-weight", "word")
    return list(terms.values_list("word", flat=True)[:COMPLETIONS])


def refresh_terms() -> int:
    """Rebuild the vocabulary from the words of current listings; return its number of words."""
    counts: Counter[str] = Counter()
    texts = Listing.objects.filter(is_past=False).values_list("title", "vendor")
    for title_and_vendor in texts.iterator(chunk_size=ROWS_AT_ONCE):
        counts.update(vocabulary(title_and_vendor))
    words = sorted(counts)
    with connection.cursor() as cursor:
        for start in range(0, len(words), ROWS_AT_ONCE):
            group = words[start : start + ROWS_AT_ONCE]
            cursor.execute(WRITE_TERMS, [group, [counts[word] for word in group]])
    return SearchTerm.objects.count()
