"""Build the listing rows of products, without writing them."""

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from itertools import pairwise

from psycopg.types.range import TimestamptzRange

from catalog.inventory.availability import available_by_variant, stock_class
from catalog.listings.facets import facet_ids
from catalog.markets import Market
from catalog.models import Category, Listing, Price, Product, Swatch, Variant
from catalog.models.listing import LEVELS
from catalog.prices import CurrentPrice, current_price, prior_price

MAX_COLOURS = 12
MAX_READINGS = 5  # attempts to read the paths of categories while they are being moved
Span = tuple[datetime, datetime | None]


class ListingRowBuilder:
    """Builds listing rows from stock, categories and swatches that are read once for many products.

    Prefetch variants, prices and images of the products.
    """

    def __init__(self, products: list[Product], now: datetime) -> None:
        self.now = now
        variants = [variant for product in products for variant in product.variants.all()]
        self.available = available_by_variant(variant.pk for variant in variants if variant.is_tracked)
        self.lineage = lineages({product.category_id for product in products if product.category_id})
        self.category_names = {category.pk: category.name for line in self.lineage.values() for category in line}
        self.facets = facet_ids(products)

    @cached_property
    def swatches(self) -> set[str]:
        return set(Swatch.objects.values_list("name", flat=True))

    def rows_of(self, product: Product, market: Market) -> Iterable[Listing]:
        """Yield one row for each future period in which the product is listed with the same prices."""
        if product.status != Product.Status.ACTIVE:
            return
        prices = [[price for price in variant.prices.all() if price.market == market.code] for variant in sold(product)]
        for begins, ends in self._spans(product, [price for rows in prices for price in rows]):
            current_prices = [(current, rows) for rows in prices if (current := current_price(rows, begins))]
            if current_prices and is_published(product, begins):
                yield self._row(product, market, current_prices, TimestamptzRange(begins, ends))

    def _spans(self, product: Product, prices: list[Price]) -> list[Span]:
        """The periods from now on in which neither prices nor visibility change. The last one has no end."""
        edges = {edge for price in prices for edge in (price.valid.lower, price.valid.upper)}
        edges |= {product.publish_at, product.unpublish_at}
        boundaries = sorted(edge for edge in edges if edge and edge > self.now)
        return list(pairwise([self.now, *boundaries, None]))  # type: ignore[arg-type]

    def _row(
        self,
        product: Product,
        market: Market,
        current_prices: list[tuple[CurrentPrice, list[Price]]],
        valid: TimestamptzRange,
    ) -> Listing:
        cheapest, history = min(current_prices, key=lambda current: current[0].amount_minor)
        picture = next((image for image in product.images.all() if image.file), None)
        line = self.lineage.get(product.category_id, []) if product.category_id else []
        categories = [category.pk for category in line]
        return Listing(
            product=product,
            market=market.code,
            valid=valid,
            slug=product.slug,
            title=product.title,
            vendor=product.vendor,
            category_ids=categories,
            **{f"category{level + 1}": pk for level, pk in enumerate(categories[:LEVELS])},
            tags=product.tags,
            facets=self.facets[product.pk],
            currency=cheapest.currency,
            price_minor=cheapest.amount_minor,
            highest_price_minor=max(current.amount_minor for current, _ in current_prices),
            regular_price_minor=cheapest.regular_minor,
            prior_price_minor=prior_price(history, valid.lower),
            is_on_sale=any(current.is_on_sale for current, _ in current_prices),
            stock_class=product_stock_class(sold(product), self.available),
            image=picture.as_json() if picture else {},
            colours=self._colours(product),
            position=product.position,
            sales=product.sales,
            rating=product.rating,
            review_count=product.review_count,
            created_at=product.created_at,
        )

    def _colours(self, product: Product) -> list[str]:
        """The values of the first option with swatches, in the order of the variants."""
        for index in (1, 2, 3):
            values = [value for value in _option_values(product, index) if value]
            if values and self.swatches.intersection(values):
                return [value for value in values if value in self.swatches][:MAX_COLOURS]
        return []


def _option_values(product: Product, index: int) -> Iterable[str]:
    return dict.fromkeys(getattr(variant, f"option{index}") for variant in sold(product))


def sold(product: Product) -> list[Variant]:
    """The active variants, which shoppers can choose."""
    return [variant for variant in product.variants.all() if variant.is_active]


def is_published(product: Product, at: datetime) -> bool:
    """Whether `at` lies in the product's period of visibility."""
    has_begun = product.publish_at is None or product.publish_at <= at
    return has_begun and (product.unpublish_at is None or at < product.unpublish_at)


def product_stock_class(variants: Iterable[Variant], available: dict[int, int]) -> str:
    """`in`, `low` or `out`, for all variants together. Variants without counted stock are always in stock."""
    group = list(variants)
    if any(not variant.is_tracked for variant in group):
        return "in"
    return stock_class(sum(available.get(variant.pk, 0) for variant in group))


def lineages(category_ids: Iterable[int]) -> dict[int, list[Category]]:
    """Each category's ancestors and itself, from the root down, by category id. They have a path and a name only.

    Reads both queries again if a category was moved between them.
    """
    ids = list(category_ids)
    for _attempt in range(MAX_READINGS):
        paths = dict(Category.objects.filter(pk__in=ids).values_list("pk", "path"))
        lines = {pk: _paths_above(path) for pk, path in paths.items()}
        wanted = {path for line in lines.values() for path in line}
        above = Category.objects.filter(path__in=wanted).only("path", "name")
        by_path = {category.path: category for category in above}
        if by_path.keys() == wanted:
            break
    return {pk: [by_path[path] for path in line] for pk, line in lines.items()}


def _paths_above(path: str) -> list[str]:
    """The paths of the category's ancestors and its own, from the root down."""
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
