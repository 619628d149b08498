"""Products, their options and their variants."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.urls import reverse

from catalog.clock import shop_now
from catalog.models.weekdays import WeekdaysField

CONTENT_UNITS = [
    ("g", "g"),
    ("kg", "kg"),
    ("ml", "ml"),
    ("l", "l"),
    ("cm", "cm"),
    ("m", "m"),
    ("m2", "m²"),
    ("pc", "pieces"),
]


class TaxClass(models.TextChoices):
    """The tax class of a variant. The percentages are stored as tax rates in orders."""

    STANDARD = "standard"
    REDUCED = "reduced"
    REDUCED_2 = "reduced2", "Second reduced"
    ZERO = "zero"


class ProductQuerySet(models.QuerySet["Product"]):
    def visible(self, at: datetime | None = None) -> "ProductQuerySet":
        """Products whose page shoppers can open at that time."""
        at = at or shop_now()
        return self.filter(
            Q(publish_at=None) | Q(publish_at__lte=at),
            Q(unpublish_at=None) | Q(unpublish_at__gt=at),
            status__in=[Product.Status.ACTIVE, Product.Status.UNLISTED],
        )

    def not_withdrawn(self) -> "ProductQuerySet":
        """Products that are not withdrawn. Undoing an import withdraws products, because orders may refer to them."""
        return self.exclude(status=Product.Status.WITHDRAWN)


class Product(models.Model):
    """A product page of the shop. Shoppers buy one of its variants."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        ACTIVE = "active"
        UNLISTED = "unlisted", "Unlisted (reached by its URL only)"
        ARCHIVED = "archived"
        WITHDRAWN = "withdrawn", "Withdrawn (its import was undone)"

    handle = models.CharField(
        max_length=255, unique=True, help_text="Identifies the product in files that are imported or exported."
    )
    slug = models.SlugField(max_length=255, unique=True, help_text="The last part of its URL, /p/…/.")
    title = models.CharField(max_length=255)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    category = models.ForeignKey(
        "catalog.Category", on_delete=models.SET_NULL, null=True, blank=True, related_name="products"
    )
    type = models.ForeignKey(
        "catalog.ProductType", on_delete=models.SET_NULL, null=True, blank=True, related_name="products"
    )
    attribute_values = models.ManyToManyField("catalog.AttributeValue", blank=True, related_name="products")
    publish_at = models.DateTimeField("visible from", null=True, blank=True)
    unpublish_at = models.DateTimeField("visible until", null=True, blank=True)
    vendor = models.CharField("maker", max_length=255, blank=True)
    maker_details = models.TextField(
        "maker's address", blank=True, help_text="Postal and e-mail address. It must be shown to shoppers in the EU."
    )
    safety_text = models.TextField(
        "safety information", blank=True, help_text="Warnings that shoppers must see before they buy."
    )
    description = models.TextField(blank=True, help_text="HTML. Scripts and styles are removed.")
    tags = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    dispatch_days = WeekdaysField(
        default=list,
        db_default=[],
        blank=True,
        help_text="The weekdays on which this product is dispatched. If none is ticked, the shop's weekdays apply.",
    )
    is_returnable = models.BooleanField("can be returned", default=True, db_default=True)
    return_days = models.PositiveSmallIntegerField(
        "days to return", null=True, blank=True, help_text="If this is empty, the shop's number of days applies."
    )
    seo_title = models.CharField("SEO title", max_length=255, blank=True)
    seo_description = models.TextField("SEO description", blank=True)
    position = models.IntegerField(default=0, help_text="Products with small numbers come first.")
    sales = models.PositiveIntegerField("sold in 30 days", default=0, editable=False)
    rating = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="The average rating in hundredths of a star."
    )
    review_count = models.PositiveIntegerField(default=0, editable=False)
    missing = ArrayField(
        models.CharField(max_length=40),
        default=list,
        db_default=[],
        editable=False,
        help_text="What staff have to add, written with its listings: see catalog/products/worklists.py.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        indexes = [
            models.Index(fields=["position", "id"], name="product_position"),
            models.Index(fields=["status", "position", "id"], name="product_status"),
            models.Index(fields=["status", "-id"], name="product_newest"),
            models.Index(fields=["-sales", "-id"], name="product_sales"),
            GinIndex(OpClass(Upper("title"), name="gin_trgm_ops"), name="product_title_words"),
            GinIndex(fields=["missing"], name="product_missing", condition=~Q(missing=[]), fastupdate=False),
            models.Index(fields=["position", "id"], name="product_no_description", condition=Q(description="")),
            models.Index(fields=["position", "id"], name="product_no_maker", condition=Q(maker_details="")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(publish_at=None) | Q(unpublish_at=None) | Q(publish_at__lt=F("unpublish_at")),
                name="product_visible_span",
            ),
            models.CheckConstraint(
                condition=Q(dispatch_days__contained_by=[0, 1, 2, 3, 4, 5, 6]), name="product_dispatch_days"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("catalog:product", args=[self.slug])

    def days_to_return(self, days_of_shop: int) -> int:
        """The number of days after delivery in which the product can be returned; 0 if it cannot be returned."""
        if not self.is_returnable:
            return 0
        return days_of_shop if self.return_days is None else self.return_days

    def is_visible(self, at: datetime) -> bool:
        """Whether shoppers can open its page, and buy it, at that time."""
        has_begun = self.publish_at is None or self.publish_at <= at
        is_over = self.unpublish_at is not None and self.unpublish_at <= at
        return self.status in (self.Status.ACTIVE, self.Status.UNLISTED) and has_begun and not is_over


class Option(models.Model):
    """A property in which the variants of a product differ: Glaze, Size. A product has at most three."""

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
    """A variant of a product, which can be bought. `option1` to `option3` follow the order of the product's options."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="variants")
    position = models.PositiveIntegerField(default=1)
    option1 = models.CharField(max_length=255, blank=True)
    option2 = models.CharField(max_length=255, blank=True)
    option3 = models.CharField(max_length=255, blank=True)
    is_active = models.BooleanField(
        "for sale",
        default=True,
        help_text="Untick to stop selling this variant. Variants are never deleted, because orders refer to them.",
    )
    sku = models.CharField("SKU", max_length=255, blank=True)
    barcode = models.CharField(max_length=64, blank=True)
    grams = models.PositiveIntegerField("weight (g)", default=0)
    length_mm = models.PositiveIntegerField("length (mm)", null=True, blank=True)
    width_mm = models.PositiveIntegerField("width (mm)", null=True, blank=True)
    height_mm = models.PositiveIntegerField("height (mm)", null=True, blank=True)
    hs_code = models.CharField("HS code", max_length=12, blank=True, help_text="The customs tariff number.")
    origin = models.CharField(
        "country of origin", max_length=2, blank=True, help_text="A country code of two letters, such as PT."
    )
    content = models.DecimalField(
        max_digits=12, decimal_places=3, null=True, blank=True, help_text="The amount in one unit, such as 500 (ml)."
    )
    content_unit = models.CharField(max_length=2, choices=CONTENT_UNITS, blank=True)
    base = models.DecimalField(
        max_digits=12,
        decimal_places=3,
        null=True,
        blank=True,
        help_text="The amount that the unit price refers to, such as 100 (g) or 1 (l).",
    )
    base_unit = models.CharField(max_length=2, choices=CONTENT_UNITS, blank=True)
    is_tracked = models.BooleanField("stock is counted", default=True)
    low_stock_at = models.PositiveIntegerField(
        "low stock at", default=5, help_text="Staff get an e-mail when the stock is at or below this number."
    )
    most_per_order = models.PositiveIntegerField(
        "maximum per order", null=True, blank=True, help_text="If this is empty, only the shop's limit applies."
    )
    is_taxable = models.BooleanField(default=True)
    tax_class = models.CharField(max_length=12, choices=TaxClass.choices, default=TaxClass.STANDARD)
    is_gift_card = models.BooleanField(
        "is a gift card",
        default=False,
        help_text="Each unit sold becomes a gift card worth its price, whose code is sent by e-mail.",
    )
    needs_shipping = models.BooleanField(
        "needs shipping", default=True, help_text="Untick for goods that are not shipped, such as downloads."
    )
    image = models.ForeignKey(
        "catalog.ProductImage", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["product", "option1", "option2", "option3"], name="variant_option_values"),
            models.CheckConstraint(
                condition=Q(content=None) | Q(content__gt=0, base__gt=0), name="variant_content_with_base"
            ),
        ]
        indexes = [
            models.Index(Upper("sku"), name="variant_sku_any_case"),
            # With the id, because very many variants have no code at all.
            models.Index(fields=["sku", "-id"], name="variant_sku"),
            models.Index(fields=["barcode", "-id"], name="variant_barcode"),
            models.Index(fields=["barcode"], name="variant_barcode_begin", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return f"{self.product.title} ({self.title})" if self.title else self.product.title

    @property
    def values(self) -> list[str]:
        return [value for value in (self.option1, self.option2, self.option3) if value]

    @property
    def title(self) -> str:
        """The option values for display: `Sand · 350 ml`. Empty if the product has no options."""
        return " · ".join(self.values)
