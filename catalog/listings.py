"""The flat rows that listings read: written with the product, for every known span of time."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from catalog.availability import available_by_variant
from catalog.facets import WHOLE_SHOP
from catalog.languages import search_config
from catalog.listing_rows import Board, product_stock_class
from catalog.markets import all_markets
from catalog.models import Category, CategoryChange, DirtyListing, Listing, Product, Variant
from catalog.words import indexed, vocabulary

PAST_KEPT = timedelta(days=31)
MIN_PAST = timedelta(minutes=1)  # what held for less is not worth looking back at
BATCH = 1_000  # rows written at a time
READ_AHEAD = ("options", "variants__prices", "images", "attribute_values")
COMPARED = [
    field.attname
    for field in Listing._meta.concrete_fields
    if field.attname not in {"id", "valid", "is_past", "search", "stock_class"}
]

# What words.indexed() has cut; the configurations only take endings off.
WRITE_SEARCH = """
UPDATE catalog_listing AS listing SET search =
    setweight(to_tsvector(text.config::regconfig, text.title), 'A')
 || setweight(to_tsvector(text.config::regconfig, text.maker), 'B')
 || setweight(to_tsvector(text.config::regconfig, text.rest), 'C')
FROM unnest(%(ids)s::bigint[], %(configs)s::text[], %(titles)s::text[], %(makers)s::text[], %(rest)s::text[])
  AS text (id, config, title, maker, rest)
WHERE listing.id = text.id
"""

# Words are added in one order everywhere and never locked by reading, so two writers do not wait in a circle.
ADD_WORDS = """
INSERT INTO catalog_searchterm (word, weight)
SELECT used.term, 1 FROM unnest(%(words)s::text[]) AS used (term)
WHERE NOT EXISTS (SELECT 1 FROM catalog_searchterm AS known WHERE known.word = used.term)
ORDER BY used.term
ON CONFLICT DO NOTHING
"""


@transaction.atomic
def write_listings(products: QuerySet[Product]) -> int:
    """The listing rows of these products say what the products say; returns how many rows stand now.

    Call it in the transaction that changed the product. Each span between two known changes of price or publication
    has a row of its own, so a sale starts and ends on the second with no job running. What held until now is kept
    for a month.
    """
    wanted = list(products.order_by("pk").select_for_update(of=("self",)).prefetch_related(*READ_AHEAD))
    now = timezone.now()
    touched = _put_away([product.pk for product in wanted], now)
    board = Board(wanted, now)
    rows = [row for product in wanted for market in all_markets().values() for row in board.rows_of(product, market)]
    Listing.objects.bulk_create(rows, batch_size=1000)
    write_search(rows)
    # Stock may have changed since we read it, by somebody who could not see the new rows.
    DirtyListing.objects.bulk_create(DirtyListing(product=product) for product in wanted)
    mark_categories({*touched, *(pk for row in rows for pk in row.category_ids)})
    return len(rows)


def _put_away(product_ids: list[int], now: datetime) -> set[int]:
    """What held until now becomes past, what was to hold later goes; returns the categories they stood in."""
    live = Listing.objects.filter(product_id__in=product_ids, is_past=False)
    touched = {pk for ids in live.values_list("category_ids", flat=True) for pk in ids}
    live.filter(Q(valid__startswith__gt=now - MIN_PAST) | Q(valid__startswith__isnull=True)).delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE catalog_listing SET is_past = true,"
            " valid = tstzrange(lower(valid), least(coalesce(upper(valid), %(now)s), %(now)s))"
            " WHERE product_id = ANY(%(ids)s) AND NOT is_past",
            {"now": now, "ids": product_ids},
        )
    return touched


def mark_categories(category_ids: Iterable[int]) -> None:
    """The kept counts of these categories, and of the whole shop, are out of date."""
    CategoryChange.objects.bulk_create(
        CategoryChange(category_id=category_id) for category_id in sorted({WHOLE_SHOP, *category_ids})
    )


def write_search(rows: Iterable[Listing]) -> None:
    """What searches find the rows by: title, then maker and tags, then categories, SKUs and barcodes."""
    rows = list(rows)
    codes: dict[int, list[str]] = defaultdict(list)
    variants = Variant.objects.filter(product_id__in={row.product_id for row in rows}, is_active=True)
    for product_id, sku, barcode in variants.values_list("product_id", "sku", "barcode"):
        codes[product_id] += [sku, barcode]
    wanted = {pk for row in rows for pk in row.category_ids}
    names = dict(Category.objects.filter(pk__in=wanted).values_list("pk", "name"))
    markets = all_markets()
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE_SEARCH,
            {
                "ids": [row.pk for row in rows],
                "configs": [search_config(markets[row.market].language) for row in rows],
                "titles": [indexed(row.title) for row in rows],
                "makers": [indexed(row.vendor, *row.tags) for row in rows],
                "rest": [
                    indexed(*(names.get(pk, "") for pk in row.category_ids), *codes[row.product_id]) for row in rows
                ],
            },
        )
        words = set().union(*(vocabulary((row.title, row.vendor)) for row in rows))
        cursor.execute(ADD_WORDS, {"words": sorted(words)})


def write_search_again() -> int:
    """Searches find every live listing by the words of today's rule; returns how many rows were written.

    In batches that lock little, so it may run beside the shop, be interrupted and begin anew.
    """
    done = last = 0
    live = Listing.objects.filter(is_past=False, market__in=all_markets()).order_by("pk")
    fields = ("product_id", "market", "title", "vendor", "tags", "category_ids")
    while rows := list(live.filter(pk__gt=last).only(*fields)[:BATCH]):
        write_search(rows)
        done, last = done + len(rows), rows[-1].pk
    return done


def in_batches(products: QuerySet[Product], size: int = 500) -> Iterator[QuerySet[Product]]:
    """The products in groups by their ids, so that no group locks for long."""
    last = 0
    while ids := list(products.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:size]):
        yield Product.objects.filter(pk__in=ids)
        last = ids[-1]


def wrong_listings(products: QuerySet[Product]) -> list[str]:
    """Which of these products' listing rows do not say what their products say, one sentence each."""
    now = timezone.now()
    found = list(products.order_by("pk").prefetch_related(*READ_AHEAD))
    board = Board(found, now)
    standing: dict[tuple[int, str], list[Listing]] = defaultdict(list)
    rows = Listing.objects.filter(product__in=found, is_past=False, valid__endswith__isnull=True)
    later = Listing.objects.filter(product__in=found, is_past=False, valid__endswith__gt=now)
    for row in sorted([*rows, *later], key=lambda row: (row.valid.lower is not None, row.valid.lower)):
        standing[row.product_id, row.market].append(row)
    wrong = []
    for product in found:
        for market in all_markets().values():
            expected = [_said(row) for row in board.rows_of(product, market)]
            actual = [_said(row) for row in standing[product.pk, market.code]]
            if expected != actual:
                wrong.append(
                    f"product {product.pk} ({product.handle}) in {market.code}: {_first_difference(expected, actual)}"
                )
    return wrong


def _said(row: Listing) -> dict[str, object]:
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
    return Listing.objects.filter(is_past=True, valid__endswith__lt=timezone.now() - PAST_KEPT)


def outdated_marks() -> QuerySet[CategoryChange]:
    """Marks of categories that have a later one."""
    later = CategoryChange.objects.filter(category_id=OuterRef("category_id"), pk__gt=OuterRef("pk"))
    return CategoryChange.objects.filter(Exists(later))


@transaction.atomic
def refresh_stock_classes(limit: int = 500) -> int:
    """Listings of products with a dirty mark show their stock class of now; returns how many marks were worked off."""
    marks = dict(DirtyListing.objects.order_by("pk").values_list("pk", "product_id")[:limit])
    # First these marks go, then the stock is read: a change after our look leaves a mark of its own.
    DirtyListing.objects.filter(pk__in=list(marks)).delete()
    write_stock_classes(sorted(set(marks.values())))
    return len(marks)


def write_stock_classes(product_ids: list[int]) -> None:
    """The live listings of these products show their stock class of now."""
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
