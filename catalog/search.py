"""Search with PostgreSQL alone: a SKU or barcode first, then words with their endings, synonyms, and typos corrected."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Length, Upper

from catalog.browse import COUNT_LIMIT, ListingPage, ListingQuery, Ranking, first_cards, listing_page
from catalog.facets import WHOLE_SHOP, Scope
from catalog.languages import search_config
from catalog.markets import Market
from catalog.models import Category, Listing, Page, SearchTerm, Synonym, Variant
from catalog.words import Term, joined, terms_of, vocabulary, words_of

MAX_WORDS = 12
MIN_PREFIX_LETTERS = 3  # letters from which a last word may be a beginning
COMPLETIONS = 5
MAX_CODE_MATCHES = 20
ROWS_AT_ONCE = 10_000
GTIN_LENGTHS = (8, 12, 13, 14)
MAX_COMPARED_WORDS = 400  # known words that a short mistyped one is compared with

# The nearest known word for each unknown one; the trigram index answers `%`.
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
    """What was found: for the words as typed, for `corrected` ones where those found nothing, or for some of the words."""

    page: ListingPage
    corrected: str = ""
    is_partial: bool = False


def search_terms(text: str) -> list[Term]:
    """The terms of a search, cut as the index is; at most twelve words."""
    terms, count = [], 0
    for term in terms_of(text):
        term = term[: MAX_WORDS - count]
        if not term:
            break
        terms.append(term)
        count += len(term)
    return terms


def search_page(listings: QuerySet[Listing], market: Market, text: str, listing_query: ListingQuery) -> SearchPage:
    """One page of what matches the text; no cards for an empty one.

    Up to a thousand matches are ranked by how well they fit. Beyond that the words say little, so the most
    prominent products come first, and no page costs more than the first.
    """
    terms = search_terms(text)
    if not terms:
        return SearchPage(ListingPage([], 1, 0, False))
    if ids := products_by_code(text):
        return SearchPage(listing_page(listings.filter(product__in=ids), listing_query, most_counted=COUNT_LIMIT + 1))
    found = _matching(listings, _query(terms, market), terms, market, listing_query)
    if found.count or listing_query.page > 1 or found.is_filtered:
        return SearchPage(found)
    corrected = correct_spelling(terms)
    if corrected != terms:
        again = _matching(listings, _query(corrected, market), corrected, market, listing_query)
        if again.count:
            return SearchPage(again, corrected=" ".join(" ".join(term) for term in corrected))
    single: list[Term] = [(word,) for term in corrected for word in term]
    if len(single) > 1:
        some = _matching(listings, _query(single, market, joined_by=" | "), [("|",), *single], market, listing_query)
        return SearchPage(some, is_partial=some.count > 0)
    return SearchPage(found)


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
        kept=Scope(WHOLE_SHOP, market.code, " ".join("+".join(term) for term in terms)),
        most_counted=COUNT_LIMIT + 1,
    )


def products_by_code(text: str, count: int = MAX_CODE_MATCHES) -> list[int]:
    """Products that have a variant with exactly this SKU or barcode, the barcode also as it is printed."""
    code = text.strip()
    if not 0 < len(code) <= 255:
        return []
    found = Variant.objects.annotate(any_case=Upper("sku")).filter(
        Q(any_case=code.upper()) | Q(barcode__in=[code, *barcodes_of(code)]), is_active=True
    )
    return list(found.values_list("product_id", flat=True)[:count])


def barcodes_of(text: str) -> list[str]:
    """The GTIN that the text is, with and without the zeros that fill a shorter one up: `0 12345 67890 5`."""
    words = words_of(text)
    digits = "".join(words)
    if not (digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 14):
        return []
    return list(dict.fromkeys([digits, *(digits.lstrip("0").zfill(length) for length in GTIN_LENGTHS)]))


def listed_products(text: str, market: Market, count: int) -> list[int]:
    """Products whose listing matches all of the text, as shoppers find them: for staff, without an order."""
    terms = search_terms(text)
    if not terms:
        return []
    rows = Listing.objects.filter(market=market.code, is_past=False, search=_query(terms, market))
    return list(rows.values_list("product_id", flat=True)[:count])


def _query(terms: list[Term], market: Market, *, has_prefix: bool = True, joined_by: str = " & ") -> SearchQuery:
    """What the index is asked: every term as it was written, as one word, or by a synonym.

    The last word may be a beginning.
    """
    groups = synonyms_of(" ".join(term) for term in terms)
    parts = []
    for position, term in enumerate(terms):
        is_last = has_prefix and position == len(terms) - 1
        ways = [_phrase(term, is_beginning=is_last)]
        if whole := joined(term):
            ways.append(_phrase((whole,), is_beginning=is_last))
        ways += [_phrase(tuple(words_of(other))) for other in groups.get(" ".join(term), [])]
        parts.append(f"({' | '.join(filter(None, ways))})")
    return SearchQuery(joined_by.join(parts), search_type="raw", config=search_config(market.language))


def _phrase(term: Term, *, is_beginning: bool = False) -> str:
    """These words one behind the other; words are letters and digits, so nothing in them is syntax."""
    quoted = [f"'{word}'" for word in term]
    if is_beginning and len(term[-1]) >= MIN_PREFIX_LETTERS:
        quoted[-1] += ":*"
    return f"({' <-> '.join(quoted)})" if quoted else ""


def synonyms_of(texts: Iterable[str]) -> dict[str, list[str]]:
    """For each text (`sofa`, `t shirt`) the others that staff say mean the same."""
    groups = Synonym.objects.filter(words__overlap=list(texts)).values_list("words", flat=True)
    found: dict[str, list[str]] = {}
    for group in groups:
        for word in group:
            found.setdefault(word, []).extend(other for other in group if other != word)
    return found


def correct_spelling(terms: list[Term]) -> list[Term]:
    """The same terms, each unknown word replaced by the known one that looks most like it, if there is one.

    Digits are never corrected: somebody who asks for `315` does not mean `316`.
    """
    words = [word for term in terms for word in term]
    with connection.cursor() as cursor:
        cursor.execute(NEAREST, [[word for word in words if not word.isdigit()]])
        nearest = dict(cursor.fetchall())
    better = {word: _corrected(word, found) for word, found in nearest.items()}
    return [tuple(better.get(word, word) for word in term) for term in terms]


def _corrected(word: str, nearest: str | None) -> str:
    found = nearest or _closest_short_word(word)
    return found if _digits(found) == _digits(word) else word


def _digits(word: str) -> str:
    return "".join(filter(str.isdigit, word))


def _closest_short_word(word: str) -> str:
    """For words too short for trigrams: the most frequent known word that one slip of the finger turns into this one."""
    lengths = range(len(word) - 1, len(word) + 2)
    known = SearchTerm.objects.annotate(length=Length("word")).filter(word__startswith=word[:1], length__in=lengths)
    for term in known.order_by("-weight", "word").values_list("word", flat=True)[:MAX_COMPARED_WORDS]:
        if is_one_typo(word, term):
            return term
    return word


def is_one_typo(one: str, other: str) -> bool:
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
    terms = search_terms(text)
    if not terms:
        return Suggestions([], [], [])
    if ids := products_by_code(text):
        return Suggestions(first_cards(listings.filter(product__in=ids), count), [], [])
    wanted = _query(terms, market) if len(terms[-1]) > 1 else _completed(terms, market)
    cards = first_cards(listings.filter(search=wanted), count)
    begins = text.strip()
    categories = list(_beginning_with(begins).order_by("path")[:4])
    pages = list(Page.objects.filter(title__unaccent__icontains=begins)[:2])
    return Suggestions(cards, categories, pages)


def _completed(terms: list[Term], market: Market) -> SearchQuery:
    """The terms, the last word completed or corrected; where no known word fits, it may be the beginning of a code."""
    ends = completions(terms[-1][0])
    last = (
        " | ".join(_phrase((end,)) for end in ends)
        if ends
        else _phrase(correct_spelling(terms[-1:])[0], is_beginning=True)
    )
    wanted = SearchQuery(last, search_type="raw", config=search_config(market.language))
    return _query(terms[:-1], market, has_prefix=False) & wanted if terms[:-1] else wanted


def _beginning_with(text: str) -> QuerySet[Category]:
    return Category.objects.filter(name__unaccent__istartswith=text)


def completions(beginning: str) -> list[str]:
    """The most frequent words that begin so."""
    terms = SearchTerm.objects.filter(word__startswith=beginning).order_by("-weight", "word")
    return list(terms.values_list("word", flat=True)[:COMPLETIONS])


def refresh_terms() -> int:
    """The vocabulary is the words of the present listings with their frequencies; returns how many words it has."""
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
