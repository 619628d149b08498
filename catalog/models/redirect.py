"""Redirects from the former URLs of products and categories."""

from django.db import models


class Redirect(models.Model):
    """A former URL of a product or category. It refers to the object, not to its next URL, so there are no chains."""

    class Kind(models.TextChoices):
        PRODUCT = "product"
        CATEGORY = "category"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    old = models.CharField(max_length=1000, help_text="The slug of a product or the path of a category.")
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    category = models.ForeignKey("catalog.Category", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "old"], name="redirect_once")]

    def __str__(self) -> str:
        return self.old
