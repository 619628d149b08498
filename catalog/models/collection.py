"""Collections of products, and products that are related or bought together."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse


class Collection(models.Model):
    """Products across categories, chosen by hand or by a rule that is evaluated whenever the page is shown."""

    class Kind(models.TextChoices):
        MANUAL = "manual", "Chosen by hand"
        RULE = "rule", "By rule"

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=120, unique=True, allow_unicode=True)
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.MANUAL)
    description = models.TextField(blank=True, help_text="One or two sentences under the heading.")
    seo_title = models.CharField("SEO title", max_length=255, blank=True)
    seo_description = models.TextField("SEO description", blank=True)
    is_active = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0)
    rule_tag = models.CharField("tag", max_length=100, blank=True)
    rule_category = models.ForeignKey(
        "catalog.Category", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="category"
    )
    rule_vendor = models.CharField("maker", max_length=255, blank=True)
    rule_min_minor = models.BigIntegerField(
        "price from", null=True, blank=True, help_text="In minor units: 2500 is 25.00."
    )
    rule_below_minor = models.BigIntegerField(
        "price below", null=True, blank=True, help_text="In minor units: 2500 is 25.00."
    )
    rule_on_sale = models.BooleanField("on sale", default=False)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("catalog:collection", args=[self.slug])


class CollectionEntry(models.Model):
    """A product's place in a collection chosen by hand."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="entries")
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="collection_entries")
    position = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "collection entries"
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["collection", "product"], name="collection_product_once")]

    def __str__(self) -> str:
        return str(self.product)


class RelatedProduct(models.Model):
    """A product that staff recommend on the page of another product."""

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="related_rows")
    related = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="+")
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["product", "related"], name="related_once"),
            models.CheckConstraint(condition=~Q(product=F("related")), name="related_not_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} with {self.related_id}"


class BoughtTogether(models.Model):
    """The number of recent orders that contained both products. Written by catalog/listings/popularity.py."""

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="bought_together")
    other = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="+")
    orders = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "other"], name="bought_together_once")]

    def __str__(self) -> str:
        return f"{self.product_id} and {self.other_id}: {self.orders}"
