"""What listings show: few queries, the same number for one row and for a hundred."""

from collections.abc import Collection as Ids
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet, Value

from catalog.clock import is_another_time, shop_now
from catalog.facets import (
    MAX_COUNTED,
    WHOLE_SHOP,
    Facet,
    Scope,
    count_facets,
    facet_board,
    facets_to_show,
    kept_counts,
    narrowed,
)
from catalog.keyset import Order
from catalog.markets import Market
from catalog.models import Category, Collection, CollectionEntry, Listing, Product, Store
from catalog.models.listing import LEVELS

PAGE_SIZE = 24
COUNT_LIMIT = 1_000
LAST_PAGE = -(-COUNT_LIMIT // PAGE_SIZE)  # by number; further pages are reached by following the link behind them
MAX_CANDIDATES = 24  # neighbours looked at: some may be sold out or hidden
SHOWN_NUMBERS = 2  # page numbers on each side of the present one

CARD_FIELDS = (
    *("product_id", "slug", "title", "currency", "price_minor", "highest_price_minor", "regular_price_minor"),
    *("prior_price_minor", "is_on_sale", "stock_class", "image", "colours", "position", "created_at", "sales"),
    *("rating", "review_count"),
)

# Public name → label and order.
SORTS: dict[str, tuple[str, Order]] = {
    "featured": ("Featured", Order("position")),
    "newest": ("Newest", Order("created_at", is_falling=True)),
    "price-up": ("Price, low to high", Order("price_minor")),
    "price-down": ("Price, high to low", Order("price_minor", is_falling=True)),
    "best-selling": ("Best selling", Order("sales", is_falling=True)),
    "rating": ("Best rated", Order("rating", is_falling=True)),
}


@dataclass(frozen=True)
class Wishes:
    """What a shopper asks of a listing; prices in minor units, facets as slugs by attribute code."""

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
    """One page of cards and what to say about all of them."""

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
    def numbers(self) -> list[int]:
        """The page numbers worth a link: around this one, or the last where this one is behind it, and the first."""
        last = -(-min(self.count, COUNT_LIMIT) // PAGE_SIZE)
        middle = min(self.number, last)
        return [n for n in range(1, last + 1) if n == 1 or abs(n - middle) <= SHOWN_NUMBERS]


@dataclass(frozen=True)
class Ranking:
    """An order of its own, in place of the sort, where there are no more than `most` rows to be put in it."""

    order: list[Any]
    most: int = MAX_COUNTED


def current_listings(market: Market) -> QuerySet[Listing]:
    """The listing rows of the shop's moment."""
    rows = Listing.objects.filter(market=market.code, valid__contains=shop_now())
    # Staff who look back want what held then.
    return rows if is_another_time() else rows.filter(is_past=False)


def in_category(listings: QuerySet[Listing], category: Category) -> QuerySet[Listing]:
    level = category.path.count("/") + 1
    if level <= LEVELS:
        return listings.filter(**{f"category{level}": category.pk})
    return listings.filter(category_ids__contains=[category.pk])


def in_collection(listings: QuerySet[Listing], collection: Collection) -> QuerySet[Listing]:
    """What was chosen by hand, or what fits the rule at this moment."""
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
    """Product → which of these collections it lies in now, by hand or by rule; one query for each that has a rule."""
    found: dict[int, set[int]] = {}
    entries = CollectionEntry.objects.filter(product__in=product_ids, collection__in=collection_ids)
    for product, collection in entries.values_list("product", "collection"):
        found.setdefault(product, set()).add(collection)
    for ruled in Collection.objects.filter(pk__in=collection_ids, kind=Collection.Kind.RULE):
        listings = in_collection(current_listings(market), ruled).filter(product__in=product_ids)
        for product in listings.values_list("product", flat=True):
            found.setdefault(product, set()).add(ruled.pk)
    return {product: tuple(sorted(shelves)) for product, shelves in found.items()}


def filtered(listings: QuerySet[Listing], wishes: Wishes) -> QuerySet[Listing]:
    """Narrow by price, stock and sale; facets are narrowed apart, because each count leaves its own out."""
    if wishes.low_minor is not None:
        listings = listings.filter(highest_price_minor__gte=wishes.low_minor)
    if wishes.high_minor is not None:
        listings = listings.filter(price_minor__lte=wishes.high_minor)
    if wishes.in_stock:
        listings = listings.exclude(stock_class=Listing.StockClass.OUT)
    if wishes.on_sale:
        listings = listings.filter(is_on_sale=True)
    return listings


def listing_page(
    listings: QuerySet[Listing],
    wishes: Wishes,
    *,
    kept: Scope | None = None,
    ranking: Ranking | None = None,
    most_counted: int = MAX_COUNTED,
) -> ListingPage:
    """Cut one page out of the listings, with the facets that could narrow it further.

    `kept` names the scope whose counts are kept. Beyond the last page there are simply no cards.
    """
    board = facet_board(wishes.facets)
    chosen = board.chosen_ids(wishes.facets)
    plain = filtered(listings, wishes)
    is_filtered = bool(chosen) or plain is not listings
    if kept and not is_another_time():
        narrower = f"{wishes.low_minor} {wishes.high_minor} {wishes.in_stock} {wishes.on_sale}" if is_filtered else ""
        most = most_counted if is_filtered or kept.words else None
        counts = kept_counts(kept, narrower, plain, chosen, most)
    else:
        counts = count_facets(plain, chosen, most=most_counted)
    order = ranking.order if ranking and counts.total <= ranking.most else None
    rows, after = _cut(narrowed(plain, chosen), wishes, order)
    return ListingPage(
        cards=rows[:PAGE_SIZE],
        number=wishes.page,
        count=counts.total,
        has_next=len(rows) > PAGE_SIZE,
        after=after,
        facets=facets_to_show(board, counts, chosen),
        is_filtered=is_filtered,
    )


def _cut(listings: QuerySet[Listing], wishes: Wishes, order: list[Any] | None) -> tuple[list[Listing], str]:
    """The rows of one page and one more, and the place behind the page."""
    rows = listings.only(*CARD_FIELDS)
    if order:
        start = (min(wishes.page, LAST_PAGE + 1) - 1) * PAGE_SIZE
        return list(rows.order_by(*order)[start : start + PAGE_SIZE + 1]), ""
    sort = SORTS.get(wishes.sort, SORTS["featured"])[1]
    rows = rows.order_by(*sort.fields)
    if wishes.after:
        found = list(sort.after(rows, wishes.after)[: PAGE_SIZE + 1])
    elif wishes.page > LAST_PAGE:
        found = []
    else:
        start = (wishes.page - 1) * PAGE_SIZE
        found = list(rows[start : start + PAGE_SIZE + 1])
    return found, sort.token(found[PAGE_SIZE - 1]) if len(found) > PAGE_SIZE else ""


def first_cards(listings: QuerySet[Listing], count: int, *, sort: str = "featured") -> list[Listing]:
    """The first few cards in that order, and nothing counted."""
    return list(listings.only(*CARD_FIELDS).order_by(*SORTS[sort][1].fields)[:count])


def category_page(category: Category, market: Market, wishes: Wishes) -> ListingPage:
    listings = in_category(current_listings(market), category)
    return listing_page(listings, wishes, kept=Scope(category.pk, market.code))


def collection_page(collection: Collection, market: Market, wishes: Wishes) -> ListingPage:
    """A collection by hand stands in the order of its staff until somebody sorts it."""
    listings = in_collection(current_listings(market), collection)
    if collection.kind == Collection.Kind.MANUAL and not wishes.sort:
        listings = listings.filter(product__collection_entries__collection=collection)
        return listing_page(listings, wishes, ranking=Ranking(["product__collection_entries__position", "product_id"]))
    return listing_page(listings, wishes)


def whole_shop_page(market: Market, wishes: Wishes) -> ListingPage:
    return listing_page(current_listings(market), wishes, kept=Scope(WHOLE_SHOP, market.code))


def top_categories() -> list[Category]:
    """The categories of the main menu."""
    return list(Category.objects.filter(parent=None)[:12])


def category_tiles(market: Market, categories: Iterable[Category]) -> list[tuple[Category, dict]]:
    """Return each category with its own picture, or that of its first product that has one. One query for all."""
    categories = list(categories)
    found = _first_pictures(market, [category for category in categories if not category.image])
    return [
        (category, _own_picture(category) if category.image else found.get(category.pk, {})) for category in categories
    ]


def _own_picture(category: Category) -> dict[str, Any]:
    return {"name": category.image.name, "width": 800, "height": 1000, "widths": []}


def _first_pictures(market: Market, categories: Sequence[Category]) -> dict[int, dict[str, Any]]:
    """Category → the picture of its first featured product that has one."""
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
    """Return where the menu's “Gift cards” leads to; empty where none is chosen, visible and sold in this market."""
    card = store.gift_card
    if not card or not card.is_visible(shop_now()):
        return ""
    if market.prefix and not current_listings(market).filter(product=card).exists():
        return ""
    return card.get_absolute_url()


def lineage(category: Category | None) -> list[Category]:
    """The category and everything above it, from the root down."""
    if not category:
        return []
    parts = category.path.split("/")
    paths = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
    return sorted(Category.objects.filter(path__in=paths), key=lambda found: len(found.path))


def related_listings(product: Product, market: Market, count: int = 4) -> list[Listing]:
    """What goes well with it: chosen by staff, then bought together, then of the same category. Four queries at most."""
    listings = current_listings(market).exclude(product=product).exclude(stock_class="out").only(*CARD_FIELDS)
    wanted: dict[int, None] = dict.fromkeys(product.related_rows.values_list("related", flat=True)[:MAX_CANDIDATES])
    wanted |= dict.fromkeys(
        product.bought_together.order_by("-orders").values_list("other", flat=True)[:MAX_CANDIDATES]
    )
    found = {row.product_id: row for row in listings.filter(product__in=wanted)} if wanted else {}
    cards = [found[pk] for pk in wanted if pk in found][:count]
    if len(cards) < count and product.category:
        same = in_category(listings, product.category).exclude(product__in=[card.product_id for card in cards])
        cards += first_cards(same, count - len(cards))
    return cards
