"""Denormalized rows per product, market and period, which listings, search and filters read."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from catalog.money import ShownPrice

MIN_SHOWN_REVIEWS = 5  # a card shows an average from this many reviews on
MAX_SHOWN_COLOURS = 5  # dots on a card
LEVELS = 4  # levels of the category tree that have their own column and index
# Sort → its columns, in the direction of the index. The product makes every order unique.
SORT_COLUMNS: dict[str, tuple[str, ...]] = {
    "featured": ("position", "product"),
    "newest": ("-created_at", "-product"),
    "price": ("price_minor", "product"),
    "sales": ("-sales", "-product"),
    "rating": ("-rating", "-product"),
}
LIVE = Q(is_past=False)


def _sort_indexes() -> list[models.Index]:
    """One index for each sort, for the whole shop and for each level, so that every page costs the same."""
    scopes: list[tuple[str, tuple[str, ...], Q]] = [("all", (), LIVE)]
    for level in range(1, LEVELS + 1):
        column = f"category{level}"
        scopes.append((f"c{level}", (column,), LIVE & Q(**{f"{column}__isnull": False})))
    return [
        models.Index(fields=["market", *columns, *order], name=f"listing_{scope}_{sort}", condition=condition)
        for scope, columns, condition in scopes
        for sort, order in SORT_COLUMNS.items()
    ]


class Listing(models.Model):
    """A product as a card shows it, in one market and period. Every query must filter by `valid @> now`.

    Written by catalog/listings/writing.py whenever the product changes. `category1` to `category4` are the ids of the product's
    category and its ancestors, from the root down; deeper levels are only in `category_ids`. Rows with `is_past` are
    kept for a month, so that staff can view the shop as it was.
    """

    class StockClass(models.TextChoices):
        IN = "in", "In stock"
        LOW = "low", "Only a few left"
        OUT = "out", "Sold out"

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="listings")
    market = models.CharField(max_length=16)
    valid = DateTimeRangeField()
    is_past = models.BooleanField(default=False)
    slug = models.CharField(max_length=255)
    title = models.CharField(max_length=255)
    vendor = models.CharField(max_length=255, blank=True)
    category_ids = ArrayField(models.BigIntegerField(), default=list)
    category1 = models.BigIntegerField(null=True)
    category2 = models.BigIntegerField(null=True)
    category3 = models.BigIntegerField(null=True)
    category4 = models.BigIntegerField(null=True)
    tags = ArrayField(models.CharField(max_length=100), default=list)
    facets = ArrayField(models.IntegerField(), default=list, help_text="The ids of its attribute values.")
    currency = models.CharField(max_length=3)
    price_minor = models.BigIntegerField()
    highest_price_minor = models.BigIntegerField()
    regular_price_minor = models.BigIntegerField()
    prior_price_minor = models.BigIntegerField(
        null=True, help_text="The lowest price of the 30 days before the sale began."
    )
    is_on_sale = models.BooleanField(default=False)
    stock_class = models.CharField(max_length=3, choices=StockClass.choices, default=StockClass.OUT)
    image = models.JSONField(default=dict, blank=True)
    colours = ArrayField(models.CharField(max_length=255), default=list)
    position = models.IntegerField(default=0)
    sales = models.IntegerField(default=0)
    rating = models.SmallIntegerField(default=0)
    review_count = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    search = SearchVectorField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(valid__isempty=False), name="listing_valid_not_empty"),
            ExclusionConstraint(
                name="listing_no_overlap",
                expressions=[
                    ("product", RangeOperators.EQUAL),
                    ("market", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            GinIndex(fields=["category_ids"], name="listing_categories", condition=LIVE, fastupdate=False),
            GinIndex(fields=["tags"], name="listing_tags", condition=LIVE, fastupdate=False),
            GinIndex(fields=["facets"], name="listing_facets", condition=LIVE, fastupdate=False),
            GinIndex(fields=["search"], name="listing_search", condition=LIVE, fastupdate=False),
            models.Index(
                fields=["market", "position", "product"], name="listing_sale", condition=LIVE & Q(is_on_sale=True)
            ),
            models.Index(fields=["id"], name="listing_past", condition=Q(is_past=True)),
            models.Index(fields=["market", "product"], name="listing_out", condition=LIVE & Q(stock_class="out")),
            *_sort_indexes(),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def has_price_range(self) -> bool:
        return self.highest_price_minor != self.price_minor

    @property
    def is_sold_out(self) -> bool:
        return self.stock_class == self.StockClass.OUT

    @property
    def is_reduced(self) -> bool:
        """Whether the card shows the price before the sale; one price cannot stand for several."""
        return self.is_on_sale and not self.has_price_range

    @property
    def shown_price(self) -> ShownPrice:
        was = self.regular_price_minor if self.is_reduced else None
        return ShownPrice(self.price_minor, self.currency, was, is_lowest=self.has_price_range)

    @property
    def shown_prior_minor(self) -> int | None:
        """The lowest price of the 30 days before the sale, in minor units; None where the card shows no sale."""
        return self.prior_price_minor if self.is_reduced else None

    @property
    def stars(self) -> float:
        return self.rating / 100

    @property
    def has_shown_rating(self) -> bool:
        return self.review_count >= MIN_SHOWN_REVIEWS

    @property
    def shown_colours(self) -> list[str]:
        return self.colours[:MAX_SHOWN_COLOURS]

    @property
    def more_colours(self) -> int:
        """How many colours the card has no dot for."""
        return len(self.colours) - len(self.shown_colours)


class DirtyListing(models.Model):
    """A mark that a product's stock class may have changed. The checkout adds marks instead of writing listing rows.

    Marks are only inserted, and deleted by id, and do not lock their product. So no transaction waits for a mark.
    """

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="+", db_constraint=False)

    def __str__(self) -> str:
        return str(self.product_id)


class CategoryChange(models.Model):
    """A mark that listings of a category changed. The highest id of a category is its version."""

    category_id = models.BigIntegerField(help_text="0 stands for the whole shop.")

    class Meta:
        indexes = [models.Index(fields=["category_id", "-id"])]

    def __str__(self) -> str:
        return str(self.category_id)


class FacetCount(models.Model):
    """Cached numbers of products per facet value in one scope, because counting a large category is slow."""

    key = models.CharField(max_length=64, primary_key=True)
    version = models.BigIntegerField()
    counts = models.JSONField()
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key
