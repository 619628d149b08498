"""Listing pages of categories, collections and the whole shop, with a constant number of queries per page."""

from collections.abc import Collection as Ids
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet, Value

from catalog.clock import is_another_time, shop_now
from catalog.listings.facets import (
    MAX_COUNTED,
    Facet,
    Scope,
    cached_counts,
    count_facets,
    facet_definitions,
    facets_to_show,
    filter_by_facets,
)
from catalog.listings.keyset import Order
from catalog.markets import Market
from catalog.models import Category, Collection, CollectionEntry, Listing, Product, Store
from catalog.models.listing import LEVELS

PAGE_SIZE = 24
EAGER_CARDS = 2
COUNT_LIMIT = 1_000
LAST_PAGE = -(-COUNT_LIMIT // PAGE_SIZE)  # the last page reachable by its number; later pages need an `after` token
MAX_CANDIDATES = 24  # related products considered, because some may be sold out or hidden
MAX_LINKED_NEIGHBOURS = 2  # page numbers linked on each side of the current page

CARD_FIELDS = (
    *("product_id", "slug", "title", "currency", "price_minor", "highest_price_minor", "regular_price_minor"),
    *("prior_price_minor", "is_on_sale", "stock_class", "image", "colours", "position", "created_at", "sales"),
    *("rating", "review_count"),
)

# Name in the URL → label and sort order.
SORTS: dict[str, tuple[str, Order]] = {
    "featured": ("Featured", Order("position")),
    "newest": ("Newest", Order("created_at", is_falling=True)),
    "price-up": ("Price, low to high", Order("price_minor")),
    "price-down": ("Price, high to low", Order("price_minor", is_falling=True)),
    "best-selling": ("Best selling", Order("sales", is_falling=True)),
    "rating": ("Best rated", Order("rating", is_falling=True)),
}


@dataclass(frozen=True)
class ListingQuery:
    """The filters, sort order and page that a shopper chose. Prices are in minor units, facets are slugs by attribute."""

    low_minor: int | None = None
    high_minor: int | None = None
    in_stock: bool = False
    on_sale: bool = False
    facets: Mapping[str, list[str]] = field(default_factory=dict)
    sort: str = ""
    page: int = 1
    after: str = ""


@dataclass(frozen=True)
class ListingPage:
    """One page of cards, with the total count and the facets of the whole listing."""

    cards: list[Listing]
    number: int
    count: int
    has_next: bool
    after: str = ""
    facets: list[Facet] = field(default_factory=list)
    is_filtered: bool = False

    @property
    def count_text(self) -> str:
        return f"{COUNT_LIMIT:,}+" if self.count > COUNT_LIMIT else f"{self.count:,}"

    @property
    def eager_cards(self) -> list[Listing]:
        """The cards whose pictures are loaded at once, because they are in view on every screen."""
        return self.cards[:EAGER_CARDS]

    @property
    def lazy_cards(self) -> list[Listing]:
        return self.cards[EAGER_CARDS:]

    @property
    def is_first(self) -> bool:
        return self.number == 1

    @property
    def has_several_pages(self) -> bool:
        return len(self.numbers) > 1

    @property
    def numbers(self) -> list[int]:
        """The page numbers to link: the first and those around the current page, or around the last numbered page."""
        last = -(-min(self.count, COUNT_LIMIT) // PAGE_SIZE)
        middle = min(self.number, last)
        return [n for n in range(1, last + 1) if n == 1 or abs(n - middle) <= MAX_LINKED_NEIGHBOURS]


@dataclass(frozen=True)
class Ranking:
    """A sort order that replaces the chosen one if the listing has at most `max_total` rows."""

    order: list[Any]
    max_total: int = MAX_COUNTED


def current_listings(market: Market) -> QuerySet[Listing]:
    """Listing rows valid at the time for which the shop is shown."""
    rows = Listing.objects.filter(market=market.code, valid__contains=shop_now())
    # Rows of the past are needed only when staff view the shop as it was.
    return rows if is_another_time() else rows.filter(is_past=False)


def in_category(listings: QuerySet[Listing], category: Category) -> QuerySet[Listing]:
    """Listings in the category or below it."""
    level = category.path.count("/") + 1
    if level <= LEVELS:
        return listings.filter(**{f"category{level}": category.pk})
    return listings.filter(category_ids__contains=[category.pk])


def in_collection(listings: QuerySet[Listing], collection: Collection) -> QuerySet[Listing]:
    """Listings in the collection: chosen by hand, or matching its rule now."""
    if collection.kind == Collection.Kind.MANUAL:
        return listings.filter(product__in=collection.entries.values("product"))
    if collection.rule_tag:
        listings = listings.filter(tags__contains=[collection.rule_tag])
    if collection.rule_category:
        listings = in_category(listings, collection.rule_category)
    if collection.rule_vendor:
        listings = listings.filter(vendor=collection.rule_vendor)
    if collection.rule_min_minor is not None:
        listings = listings.filter(price_minor__gte=collection.rule_min_minor)
    if collection.rule_below_minor is not None:
        listings = listings.filter(price_minor__lt=collection.rule_below_minor)
    return listings.filter(is_on_sale=True) if collection.rule_on_sale else listings


def collections_holding(product_ids: Ids[int], collection_ids: Ids[int], market: Market) -> dict[int, tuple[int, ...]]:
    """The ids of the collections that each product is in now. Runs one query for each collection with a rule."""
    by_product: dict[int, set[int]] = {}
    entries = CollectionEntry.objects.filter(product__in=product_ids, collection__in=collection_ids)
    for product, collection in entries.values_list("product", "collection"):
        by_product.setdefault(product, set()).add(collection)
    for rule_collection in Collection.objects.filter(pk__in=collection_ids, kind=Collection.Kind.RULE):
        listings = in_collection(current_listings(market), rule_collection).filter(product__in=product_ids)
        for product in listings.values_list("product", flat=True):
            by_product.setdefault(product, set()).add(rule_collection.pk)
    return {product: tuple(sorted(collections)) for product, collections in by_product.items()}


def filtered(listings: QuerySet[Listing], query: ListingQuery) -> QuerySet[Listing]:
    """Filter by price, stock and sale. Facets are filtered separately, because each facet's counts ignore its own filter."""
    if query.low_minor is not None:
        listings = listings.filter(highest_price_minor__gte=query.low_minor)
    if query.high_minor is not None:
        listings = listings.filter(price_minor__lte=query.high_minor)
    if query.in_stock:
        listings = listings.exclude(stock_class=Listing.StockClass.OUT)
    if query.on_sale:
        listings = listings.filter(is_on_sale=True)
    return listings


def listing_page(
    listings: QuerySet[Listing],
    query: ListingQuery,
    *,
    cache_scope: Scope | None = None,
    ranking: Ranking | None = None,
    max_counted: int = MAX_COUNTED,
) -> ListingPage:
    """One page of the listings, with the facets for filtering further. A page after the last one has no cards.

    `cache_scope` is the scope under which the counts are cached.
    """
    definitions = facet_definitions(query.facets)
    chosen = definitions.chosen_ids(query.facets)
    plain = filtered(listings, query)
    is_filtered = bool(chosen) or plain is not listings
    if cache_scope and not is_another_time():
        filters = f"{query.low_minor} {query.high_minor} {query.in_stock} {query.on_sale}" if is_filtered else ""
        limit = max_counted if is_filtered or cache_scope.search else None
        counts = cached_counts(cache_scope, filters, plain, chosen, limit)
    else:
        counts = count_facets(plain, chosen, max_counted=max_counted)
    order = ranking.order if ranking and counts.total <= ranking.max_total else None
    rows, after = _cut(filter_by_facets(plain, chosen), query, order)
    return ListingPage(
        cards=rows[:PAGE_SIZE],
        number=query.page,
        count=counts.total,
        has_next=len(rows) > PAGE_SIZE,
        after=after,
        facets=facets_to_show(definitions, counts, chosen),
        is_filtered=is_filtered,
    )


def _cut(listings: QuerySet[Listing], query: ListingQuery, order: list[Any] | None) -> tuple[list[Listing], str]:
    """The rows of one page plus one, and the token of the position after the page."""
    rows = listings.only(*CARD_FIELDS)
    if order:
        start = (min(query.page, LAST_PAGE + 1) - 1) * PAGE_SIZE
        return list(rows.order_by(*order)[start : start + PAGE_SIZE + 1]), ""
    sort = SORTS.get(query.sort, SORTS["featured"])[1]
    rows = rows.order_by(*sort.fields)
    if query.after:
        page_rows = list(sort.after(rows, query.after)[: PAGE_SIZE + 1])
    elif query.page > LAST_PAGE:
        page_rows = []
    else:
        start = (query.page - 1) * PAGE_SIZE
        page_rows = list(rows[start : start + PAGE_SIZE + 1])
    return page_rows, sort.token(page_rows[PAGE_SIZE - 1]) if len(page_rows) > PAGE_SIZE else ""


def first_cards(listings: QuerySet[Listing], count: int, *, sort: str = "featured") -> list[Listing]:
    """The first `count` cards in the given sort order, without counting the rest."""
    return list(listings.only(*CARD_FIELDS).order_by(*SORTS[sort][1].fields)[:count])


def category_page(category: Category, market: Market, query: ListingQuery) -> ListingPage:
    """One page of a category, including its descendants."""
    listings = in_category(current_listings(market), category)
    return listing_page(listings, query, cache_scope=Scope(category.pk, market.code))


def collection_page(collection: Collection, market: Market, query: ListingQuery) -> ListingPage:
    """One page of a collection. A collection chosen by hand is in its staff's order until a shopper sorts it."""
    listings = in_collection(current_listings(market), collection)
    if collection.kind == Collection.Kind.MANUAL and not query.sort:
        listings = listings.filter(product__collection_entries__collection=collection)
        return listing_page(listings, query, ranking=Ranking(["product__collection_entries__position", "product_id"]))
    return listing_page(listings, query)


def top_categories() -> list[Category]:
    """The categories of the main menu."""
    return list(Category.objects.filter(parent=None)[:12])


def category_tiles(market: Market, categories: Iterable[Category]) -> list[tuple[Category, dict]]:
    """Each category with its own picture, or that of its first product with a picture. Runs one query for all."""
    categories = list(categories)
    pictures = _first_pictures(market, [category for category in categories if not category.image])
    return [
        (category, _own_picture(category) if category.image else pictures.get(category.pk, {}))
        for category in categories
    ]


def _own_picture(category: Category) -> dict[str, Any]:
    return {"name": category.image.name, "width": 800, "height": 1000, "widths": []}


def _first_pictures(market: Market, categories: Sequence[Category]) -> dict[int, dict[str, Any]]:
    """The picture of the first featured product with a picture, by category id."""
    rows = [
        in_category(current_listings(market), category)
        .exclude(image={})
        .order_by(*SORTS["featured"][1].fields)
        .annotate(tile=Value(category.pk))
        .values_list("tile", "image")[:1]
        for category in categories
    ]
    return dict(rows[0].union(*rows[1:], all=True)) if rows else {}


def gift_card_url(store: Store, market: Market) -> str:
    """The URL of “Gift cards” in the menu; empty unless a gift card is chosen, visible and sold in the market."""
    product = store.gift_card
    if not product or not product.is_visible(shop_now()):
        return ""
    if market.prefix and not current_listings(market).filter(product=product).exists():
        return ""
    return product.get_absolute_url()


def lineage(category: Category | None) -> list[Category]:
    """The category and its ancestors, from the root down."""
    if not category:
        return []
    parts = category.path.split("/")
    paths = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
    return sorted(Category.objects.filter(path__in=paths), key=lambda ancestor: len(ancestor.path))


def related_listings(product: Product, market: Market, count: int = 4) -> list[Listing]:
    """Related products: chosen by staff, then bought together, then of the same category. Four queries at most."""
    listings = current_listings(market).exclude(product=product).exclude(stock_class="out").only(*CARD_FIELDS)
    wanted: dict[int, None] = dict.fromkeys(product.related_rows.values_list("related", flat=True)[:MAX_CANDIDATES])
    wanted |= dict.fromkeys(
        product.bought_together.order_by("-orders").values_list("other", flat=True)[:MAX_CANDIDATES]
    )
    by_product = {row.product_id: row for row in listings.filter(product__in=wanted)} if wanted else {}
    cards = [by_product[pk] for pk in wanted if pk in by_product][:count]
    if len(cards) < count and product.category:
        same = in_category(listings, product.category).exclude(product__in=[card.product_id for card in cards])
        cards += first_cards(same, count - len(cards))
    return cards
