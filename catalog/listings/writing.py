"""Write and check listing rows, which are stored per product, market and period."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from catalog.inventory.availability import available_by_variant
from catalog.languages import search_config
from catalog.listings.facets import WHOLE_SHOP
from catalog.listings.missing import write_missing
from catalog.listings.rows import ListingRowBuilder, product_stock_class, sold
from catalog.listings.words import indexed, vocabulary
from catalog.markets import all_markets
from catalog.models import Category, CategoryChange, DirtyListing, Listing, Product, Variant

MAX_PAST_AGE = timedelta(days=31)
MIN_PAST_DURATION = timedelta(minutes=1)  # rows that were valid for less are deleted instead of kept as past
BATCH = 1_000  # rows written at a time
PREFETCHED = ("variants__prices", "images")
COMPARED = [
    field.attname
    for field in Listing._meta.concrete_fields
    if field.attname not in {"id", "valid", "is_past", "search", "stock_class"}
]

# The texts were split into words by words.indexed(), so the configurations only stem them.
SEARCH = """
    setweight(to_tsvector({config}::regconfig, {title}), 'A')
 || setweight(to_tsvector({config}::regconfig, {maker}), 'B')
 || setweight(to_tsvector({config}::regconfig, {rest}), 'C')
"""
NEW_SEARCH = SEARCH.format(config="%s", title="%s", maker="%s", rest="%s")
WRITE_SEARCH = f"""
UPDATE catalog_listing AS listing SET search =
{SEARCH.format(config="text.config", title="text.title", maker="text.maker", rest="text.rest")}
FROM unnest(%(ids)s::bigint[], %(configs)s::text[], %(titles)s::text[], %(makers)s::text[], %(rest)s::text[])
  AS text (id, config, title, maker, rest)
WHERE listing.id = text.id
"""  # noqa: S608  (column names only)

END_ROWS = """
UPDATE catalog_listing SET is_past = true,
    valid = tstzrange(lower(valid), least(coalesce(upper(valid), %(now)s), %(now)s))
WHERE id = ANY(%(ids)s)
"""

# Words are always inserted in the same order, so two writers cannot deadlock.
ADD_WORDS = """
INSERT INTO catalog_searchterm (word, weight)
SELECT used.term, 1 FROM unnest(%(words)s::text[]) AS used (term)
WHERE NOT EXISTS (SELECT 1 FROM catalog_searchterm AS known WHERE known.word = used.term)
ORDER BY used.term
ON CONFLICT DO NOTHING
"""


@transaction.atomic
def write_listings(products: QuerySet[Product]) -> int:
    """Rewrite the listing rows of these products and return the number of current and future rows.

    Call this in the transaction that changed the products. Each period between two known changes of prices or
    visibility has its own row, so sales start and end on time without a job. The previous rows are kept for a month.
    """
    locked = list(products.order_by("pk").select_for_update(of=("self",)).prefetch_related(*PREFETCHED))
    now = timezone.now()
    previous_categories = _end_rows([product.pk for product in locked], now)
    write_missing(locked, now)
    builder = ListingRowBuilder(locked, now)
    rows = [row for product in locked for market in all_markets().values() for row in builder.rows_of(product, market)]
    codes = {product.pk: codes_of(sold(product)) for product in locked}
    for row in rows:
        # In the INSERT, because an UPDATE would write the row and its entries in all indexes a second time.
        row.search = SearchTexts.of(row, codes[row.product_id], builder.category_names).as_vector()
    Listing.objects.bulk_create(rows, batch_size=1000)
    add_words(rows)
    # A transaction that cannot see the new rows may have changed the stock since it was read.
    DirtyListing.objects.bulk_create(DirtyListing(product=product) for product in locked)
    mark_categories({*previous_categories, *(pk for row in rows for pk in row.category_ids)})
    return len(rows)


def _end_rows(product_ids: list[int], now: datetime) -> set[int]:
    """Mark the current rows as past and delete future and very recent ones; return the ids of their categories.

    The products are locked, so nobody else ends their rows or adds some.
    """
    live = Listing.objects.filter(product_id__in=product_ids, is_past=False)
    kept, short, categories = [], [], set()
    for pk, valid, category_ids in live.values_list("pk", "valid", "category_ids"):
        is_short = valid.lower is None or valid.lower > now - MIN_PAST_DURATION
        (short if is_short else kept).append(pk)
        categories.update(category_ids)
    if short:
        Listing.objects.filter(pk__in=short).delete()
    if kept:
        with connection.cursor() as cursor:
            cursor.execute(END_ROWS, {"now": now, "ids": kept})
    return categories


def mark_categories(category_ids: Iterable[int]) -> None:
    """Mark the cached counts of these categories and of the whole shop as outdated."""
    CategoryChange.objects.bulk_create(
        CategoryChange(category_id=category_id) for category_id in sorted({WHOLE_SHOP, *category_ids})
    )


@dataclass(frozen=True)
class SearchTexts:
    """The words that a listing row is found by, most important first, and the configuration that stems them."""

    config: str
    title: str
    maker: str
    rest: str

    @classmethod
    def of(cls, row: Listing, codes: Iterable[str], category_names: Mapping[int, str]) -> "SearchTexts":
        """Return the row's title, then its maker and tags, then its categories and the codes of its variants."""
        categories = (category_names.get(pk, "") for pk in row.category_ids)
        return cls(
            search_config(all_markets()[row.market].language),
            indexed(row.title),
            indexed(row.vendor, *row.tags),
            indexed(*categories, *codes),
        )

    def as_vector(self) -> RawSQL:
        """Return the search vector as an expression."""
        return RawSQL(  # noqa: S611  (no values in the text)
            NEW_SEARCH, (self.config, self.title, self.config, self.maker, self.config, self.rest)
        )


def codes_of(variants: Iterable[Variant]) -> list[str]:
    """Return the SKUs and barcodes of the variants."""
    return [code for variant in variants for code in (variant.sku, variant.barcode)]


def add_words(rows: Iterable[Listing]) -> None:
    """Add the words of the rows' titles and vendors to those of autocomplete and spelling correction."""
    words = set().union(*(vocabulary((row.title, row.vendor)) for row in rows))
    if words:
        with connection.cursor() as cursor:
            cursor.execute(ADD_WORDS, {"words": sorted(words)})


def write_search(rows: Iterable[Listing]) -> None:
    """Write the search vectors of the rows again."""
    rows = list(rows)
    variants: dict[int, list[Variant]] = defaultdict(list)
    active = Variant.objects.filter(product_id__in={row.product_id for row in rows}, is_active=True)
    for variant in active.only("product_id", "sku", "barcode"):
        variants[variant.product_id].append(variant)
    wanted = {pk for row in rows for pk in row.category_ids}
    names = dict(Category.objects.filter(pk__in=wanted).values_list("pk", "name"))
    texts = [SearchTexts.of(row, codes_of(variants[row.product_id]), names) for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE_SEARCH,
            {
                "ids": [row.pk for row in rows],
                "configs": [text.config for text in texts],
                "titles": [text.title for text in texts],
                "makers": [text.maker for text in texts],
                "rest": [text.rest for text in texts],
            },
        )
    add_words(rows)


def write_search_again() -> int:
    """Rewrite the search vectors of all current listings and return the number of rows.

    Works in small batches, so it can run while the shop is open, and can be interrupted and started again.
    """
    done = last = 0
    live = Listing.objects.filter(is_past=False, market__in=all_markets()).order_by("pk")
    fields = ("product_id", "market", "title", "vendor", "tags", "category_ids")
    while rows := list(live.filter(pk__gt=last).only(*fields)[:BATCH]):
        write_search(rows)
        done, last = done + len(rows), rows[-1].pk
    return done


def in_batches(products: QuerySet[Product], size: int = 500) -> Iterator[QuerySet[Product]]:
    """Yield the products in groups ordered by id, so that each group is locked only briefly."""
    last = 0
    while ids := list(products.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:size]):
        yield Product.objects.filter(pk__in=ids)
        last = ids[-1]


def wrong_listings(products: QuerySet[Product]) -> list[str]:
    """Problems of listing rows that do not match their products, as one sentence for each product and market."""
    now = timezone.now()
    checked = list(products.order_by("pk").prefetch_related(*PREFETCHED))
    builder = ListingRowBuilder(checked, now)
    stored: dict[tuple[int, str], list[Listing]] = defaultdict(list)
    endless = Listing.objects.filter(product__in=checked, is_past=False, valid__endswith__isnull=True)
    ending = Listing.objects.filter(product__in=checked, is_past=False, valid__endswith__gt=now)
    for row in sorted([*endless, *ending], key=lambda row: (row.valid.lower is not None, row.valid.lower)):
        stored[row.product_id, row.market].append(row)
    wrong = []
    for product in checked:
        for market in all_markets().values():
            expected = [_compared_fields(row) for row in builder.rows_of(product, market)]
            actual = [_compared_fields(row) for row in stored[product.pk, market.code]]
            if expected != actual:
                wrong.append(
                    f"product {product.pk} ({product.handle}) in {market.code}: {_first_difference(expected, actual)}"
                )
    return wrong


def _compared_fields(row: Listing) -> dict[str, object]:
    return {"until": row.valid.upper, **{name: getattr(row, name) for name in COMPARED}}


def _first_difference(expected: list[dict], actual: list[dict]) -> str:
    if len(expected) != len(actual):
        return f"{len(actual)} rows instead of {len(expected)}"
    for want, have in zip(expected, actual, strict=True):
        for name, value in want.items():
            if have[name] != value:
                return f"{name} is {have[name]!r} instead of {value!r}"
    return "no difference"


def long_past() -> QuerySet[Listing]:
    """Listing rows that ended over a month ago."""
    return Listing.objects.filter(is_past=True, valid__endswith__lt=timezone.now() - MAX_PAST_AGE)


def outdated_marks() -> QuerySet[CategoryChange]:
    """Category marks that are followed by a later one."""
    later = CategoryChange.objects.filter(category_id=OuterRef("category_id"), pk__gt=OuterRef("pk"))
    return CategoryChange.objects.filter(Exists(later))


@transaction.atomic
def refresh_stock_classes(limit: int = 500) -> int:
    """Update the stock class of the listings of marked products; return the number of marks handled."""
    marks = dict(DirtyListing.objects.order_by("pk").values_list("pk", "product_id")[:limit])
    # Delete the marks before reading the stock, because a change after that adds a new mark.
    DirtyListing.objects.filter(pk__in=list(marks)).delete()
    write_stock_classes(sorted(set(marks.values())))
    return len(marks)


def write_stock_classes(product_ids: list[int]) -> None:
    """Update the stock class of the current and future listings of these products."""
    variants: dict[int, list[Variant]] = defaultdict(list)
    for variant in Variant.objects.filter(product_id__in=product_ids, is_active=True):
        variants[variant.product_id].append(variant)
    available = available_by_variant(variant.pk for group in variants.values() for variant in group)
    by_class: dict[str, list[int]] = defaultdict(list)
    for product_id in product_ids:
        by_class[product_stock_class(variants[product_id], available)].append(product_id)
    for now_class, ids in by_class.items():
        live = Listing.objects.filter(product_id__in=ids, is_past=False)
        live.exclude(stock_class=now_class).update(stock_class=now_class)
