"""Products, their options and their variants."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse


class ProductQuerySet(models.QuerySet["Product"]):
    def visible(self) -> "ProductQuerySet":
        """Products whose page a shopper can open."""
        return self.filter(status__in=[Product.Status.ACTIVE, Product.Status.UNLISTED])


class Product(models.Model):
    """One page of the shop; what is bought is one of its variants."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        ACTIVE = "active"
        UNLISTED = "unlisted", "Unlisted (reached by its address only)"
        ARCHIVED = "archived"

    handle = models.CharField(max_length=255, unique=True, help_text="The name that imports know this product by.")
    slug = models.SlugField(max_length=255, unique=True, help_text="The address: /p/…/")
    title = models.CharField(max_length=255)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    category = models.ForeignKey(
        "catalog.Category", on_delete=models.SET_NULL, null=True, blank=True, related_name="products"
    )
    vendor = models.CharField("maker", max_length=255, blank=True)
    description = models.TextField(
        blank=True, help_text="HTML; anything that could run or restyle the page is taken out."
    )
    tags = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    seo_title = models.CharField(max_length=255, blank=True)
    seo_description = models.TextField(blank=True)
    position = models.IntegerField(default=0, help_text="Small numbers come first in listings.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        indexes = [models.Index(fields=["status", "position"])]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("catalog:product", args=[self.slug])


class Option(models.Model):
    """A way in which the variants of one product differ: Glaze, Size. At most three."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="options")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=100)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["product", "position"], name="option_position"),
            models.UniqueConstraint(fields=["product", "name"], name="option_name"),
            models.CheckConstraint(condition=Q(position__range=(1, 3)), name="option_at_most_three"),
        ]

    def __str__(self) -> str:
        return self.name


class Variant(models.Model):
    """What is bought. Its option values stand in the order of the product's options; unused ones are empty."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="variants")
    position = models.PositiveIntegerField(default=1)
    option1 = models.CharField(max_length=255, blank=True)
    option2 = models.CharField(max_length=255, blank=True)
    option3 = models.CharField(max_length=255, blank=True)
    sku = models.CharField("SKU", max_length=255, blank=True, db_index=True)
    barcode = models.CharField(max_length=64, blank=True)
    grams = models.PositiveIntegerField("weight (g)", default=0)
    is_tracked = models.BooleanField("stock is counted", default=True)
    is_taxable = models.BooleanField(default=True)
    needs_shipping = models.BooleanField(default=True)
    image = models.ForeignKey(
        "catalog.ProductImage", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["product", "option1", "option2", "option3"], name="variant_option_values")
        ]

    def __str__(self) -> str:
        return f"{self.product.title} ({self.title})" if self.title else self.product.title

    @property
    def values(self) -> list[str]:
        return [value for value in (self.option1, self.option2, self.option3) if value]

    @property
    def title(self) -> str:
        """The option values as a shopper reads them: `Sand · 350 ml`; empty where there is no choice."""
        return " · ".join(self.values)
