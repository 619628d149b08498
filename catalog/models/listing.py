"""One flat row per product, market and span of time: what listings, search and filters read."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class Listing(models.Model):
    """A product as a card shows it. Written by catalog/listings.py with the product; every query says `valid @> now`."""

    class StockClass(models.TextChoices):
        IN = "in", "In stock"
        LOW = "low", "Only a few left"
        OUT = "out", "Sold out"

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="listings")
    market = models.CharField(max_length=16)
    valid = DateTimeRangeField()
    slug = models.CharField(max_length=255)
    title = models.CharField(max_length=255)
    vendor = models.CharField(max_length=255, blank=True)
    category_ids = ArrayField(models.BigIntegerField(), default=list)
    tags = ArrayField(models.CharField(max_length=100), default=list)
    currency = models.CharField(max_length=3)
    price_minor = models.BigIntegerField()
    highest_price_minor = models.BigIntegerField()
    regular_price_minor = models.BigIntegerField()
    is_on_sale = models.BooleanField(default=False)
    stock_class = models.CharField(max_length=3, choices=StockClass.choices, default=StockClass.OUT)
    image = models.JSONField(default=dict, blank=True)
    colours = ArrayField(models.CharField(max_length=255), default=list)
    position = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    search = SearchVectorField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="listing_no_overlap",
                expressions=[
                    ("product", RangeOperators.EQUAL),
                    ("market", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
            )
        ]
        indexes = [
            GinIndex(fields=["category_ids"], name="listing_categories"),
            GinIndex(fields=["tags"], name="listing_tags"),
            GinIndex(fields=["search"], name="listing_search"),
            models.Index(fields=["market", "position", "product"], name="listing_featured"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def has_price_range(self) -> bool:
        return self.highest_price_minor != self.price_minor


class DirtyListing(models.Model):
    """A mark that a product's stock class may have changed; checkout leaves marks instead of writing listing rows.

    Marks are only ever added and deleted by their own ids, and their product is not locked: nobody waits for a mark.
    """

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="+", db_constraint=False)

    def __str__(self) -> str:
        return str(self.product_id)
