"""Redirects from former URLs: of products and categories, and of any path that staff enter."""

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Q
from django.urls import reverse


class Redirect(models.Model):
    """A former URL. One of a product or category refers to the object, not to its next URL, so there are no chains."""

    class Kind(models.TextChoices):
        PRODUCT = "product"
        CATEGORY = "category"
        PATH = "path", "Entered by staff"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    old = models.CharField(
        "former URL", max_length=1000, help_text="The slug of a product, the path of a category, or any path."
    )
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    category = models.ForeignKey("catalog.Category", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    target = models.CharField("leads to", max_length=1000, blank=True, default="", db_default="")
    hits = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    last_hit_at = models.DateTimeField("last used", null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(OpClass("old", name="text_pattern_ops"), name="redirect_old")]
        constraints = [
            models.UniqueConstraint(fields=["kind", "old"], name="redirect_once"),
            models.CheckConstraint(condition=~Q(kind="path") | ~Q(target=""), name="redirect_has_target"),
        ]

    def __str__(self) -> str:
        return self.old

    @property
    def old_path(self) -> str:
        """The former URL as shoppers enter it."""
        if self.kind == self.Kind.PATH:
            return self.old
        return reverse(f"catalog:{self.kind}", args=[self.old])
