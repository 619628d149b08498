"""The category tree."""

from django.db import models
from django.urls import reverse


class Category(models.Model):
    """A category of products. `path` joins the slugs from the root down. Only catalog/products/categories.py changes the tree."""

    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=120, allow_unicode=True)
    path = models.CharField(max_length=1000, unique=True, editable=False)
    position = models.PositiveIntegerField(default=0)
    description = models.TextField(blank=True, help_text="One or two sentences under the heading.")
    text = models.TextField(blank=True, help_text="HTML shown below the products.")
    seo_title = models.CharField("SEO title", max_length=255, blank=True)
    seo_description = models.TextField("SEO description", blank=True)
    image = models.FileField(upload_to="categories/", blank=True)

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["parent", "slug"], name="category_slug_in_parent", nulls_distinct=False),
            models.CheckConstraint(condition=~models.Q(parent=models.F("id")), name="category_not_own_parent"),
        ]

    def __str__(self) -> str:
        above = self.path.rpartition("/")[0]
        return f"{self.name} ({above.replace('/', ' / ')})" if above else self.name

    def get_absolute_url(self) -> str:
        return reverse("catalog:category", args=[self.path])
