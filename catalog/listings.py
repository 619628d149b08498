"""The flat rows that listings read: written with the product, for every known span of time."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from django.contrib.postgres.search import SearchVector
from django.db import transaction
from django.db.models import QuerySet, Value
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from catalog.availability import available_by_variant, stock_class
from catalog.markets import Market, all_markets
from catalog.models import Category, DirtyListing, Listing, Price, Product, Swatch, Variant
from catalog.prices import CurrentPrice, current_price

SEARCH_CONFIG = "mercer"
MOST_COLOURS = 12


@transaction.atomic
def write_listings(products: QuerySet[Product]) -> int:
    """The listing rows of these products say what the products say; returns how many rows stand now.

    Call it in the transaction that changed the product. Each span between two known changes of price has a row of
    its own, so a sale starts and ends on the second with no job running.
    """
    wanted = list(
        products.order_by("pk")
        .select_for_update(of=("self",))
        .prefetch_related("options", "variants__prices", "images")
    )
    Listing.objects.filter(product__in=wanted).delete()
    variants = [variant for product in wanted for variant in product.variants.all()]
    board = _Board(variants, [product.category_id for product in wanted if product.category_id])
    rows = [
        row
        for product in wanted
        if product.status == Product.Status.ACTIVE
        for market in all_markets().values()
        for row in board.rows_of(product, market)
    ]
    Listing.objects.bulk_create(rows)
    _write_search_vectors([row.pk for row in rows])
    # Stock may have changed since we read it, by somebody who could not see the new rows.
    DirtyListing.objects.bulk_create(DirtyListing(product=product) for product in wanted)
    return len(rows)


class _Board:
    """What all rows of one writing share, read once."""

    def __init__(self, variants: list[Variant], category_ids: list[int]) -> None:
        self.swatches = set(Swatch.objects.values_list("name", flat=True))
        self.available = available_by_variant(variant.pk for variant in variants)
        self.lineage = _lineage(category_ids)

    def rows_of(self, product: Product, market: Market) -> Iterable[Listing]:
        prices = {
            variant.pk: [price for price in variant.prices.all() if price.market == market.code]
            for variant in product.variants.all()
        }
        spans = _spans([price for rows in prices.values() for price in rows])
        for begins, ends in spans:
            at = begins or timezone.now()
            offers = [offer for rows in prices.values() if (offer := current_price(rows, at))]
            if offers:
                yield self._row(product, market, offers, TimestamptzRange(begins, ends))

    def _row(self, product: Product, market: Market, offers: list[CurrentPrice], valid: TimestamptzRange) -> Listing:
        cheapest = min(offers, key=lambda offer: offer.amount_minor)
        picture = next((image for image in product.images.all() if image.file), None)
        return Listing(
            product=product,
            market=market.code,
            valid=valid,
            slug=product.slug,
            title=product.title,
            vendor=product.vendor,
            category_ids=self.lineage.get(product.category_id or 0, []),
            tags=product.tags,
            currency=cheapest.currency,
            price_minor=cheapest.amount_minor,
            highest_price_minor=max(offer.amount_minor for offer in offers),
            regular_price_minor=cheapest.regular_minor,
            is_on_sale=any(offer.is_on_sale for offer in offers),
            stock_class=self._stock_class(product),
            image=picture.facts() if picture else {},
            colours=self._colours(product),
            position=product.position,
            created_at=product.created_at,
        )

    def _stock_class(self, product: Product) -> str:
        return product_stock_class(product.variants.all(), self.available)

    def _colours(self, product: Product) -> list[str]:
        """The values of the first option that has colours, in the order of the variants."""
        for index in (1, 2, 3):
            values = list(dict.fromkeys(getattr(variant, f"option{index}") for variant in product.variants.all()))
            if self.swatches.intersection(values):
                return [value for value in values if value in self.swatches][:MOST_COLOURS]
        return []


def product_stock_class(variants: Iterable[Variant], available: dict[int, int]) -> str:
    """In, low or out, for all variants together; what is not counted is always in."""
    group = list(variants)
    if any(not variant.is_tracked for variant in group):
        return "in"
    return stock_class(sum(available.get(variant.pk, 0) for variant in group))


def _spans(prices: list[Price]) -> list[tuple[datetime | None, datetime | None]]:
    """The stretches of time in which no price changes, from now on; the first has begun, the last never ends."""
    now = timezone.now()
    edges = {edge for price in prices for edge in (price.valid.lower, price.valid.upper) if edge and edge > now}
    return list(pairwise([None, *sorted(edges), None]))


def _lineage(category_ids: list[int]) -> dict[int, list[int]]:
    """Each category's own id and those of everything above it."""
    paths = dict(Category.objects.filter(pk__in=category_ids).values_list("pk", "path"))
    above = {"/".join(path.split("/")[: depth + 1]) for path in paths.values() for depth in range(path.count("/") + 1)}
    ids = dict(Category.objects.filter(path__in=above).values_list("path", "pk"))
    return {
        pk: [ids["/".join(path.split("/")[: depth + 1])] for depth in range(path.count("/") + 1)]
        for pk, path in paths.items()
    }


def _write_search_vectors(listing_ids: list[int]) -> None:
    words: dict[int, list[str]] = defaultdict(list)
    rows = list(Listing.objects.filter(pk__in=listing_ids).values("pk", "product_id", "category_ids"))
    for product_id, sku in Variant.objects.filter(product_id__in={row["product_id"] for row in rows}).values_list(
        "product_id", "sku"
    ):
        words[product_id].append(sku)
    names = dict(
        Category.objects.filter(pk__in={pk for row in rows for pk in row["category_ids"]}).values_list("pk", "name")
    )
    by_text: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        text = " ".join([*(names[pk] for pk in row["category_ids"]), *words[row["product_id"]]])
        by_text[text].append(row["pk"])
    for text, pks in by_text.items():
        Listing.objects.filter(pk__in=pks).update(
            search=SearchVector("title", weight="A", config=SEARCH_CONFIG)
            + SearchVector("vendor", "tags", weight="B", config=SEARCH_CONFIG)
            + SearchVector(Value(text), weight="C", config=SEARCH_CONFIG)
        )


@transaction.atomic
def refresh_stock_classes(limit: int = 500) -> int:
    """Listings of products with a dirty mark show their stock class of now; returns how many marks were worked off."""
    marks = dict(DirtyListing.objects.order_by("pk").values_list("pk", "product_id")[:limit])
    # First these marks go, then the stock is read: a change after our look leaves a mark of its own.
    DirtyListing.objects.filter(pk__in=list(marks)).delete()
    product_ids = sorted(set(marks.values()))
    variants: dict[int, list[Variant]] = defaultdict(list)
    for variant in Variant.objects.filter(product_id__in=product_ids):
        variants[variant.product_id].append(variant)
    available = available_by_variant(variant.pk for group in variants.values() for variant in group)
    for product_id in product_ids:
        now_class = product_stock_class(variants[product_id], available)
        Listing.objects.filter(product_id=product_id).exclude(stock_class=now_class).update(stock_class=now_class)
    return len(marks)
