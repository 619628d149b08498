"""The menus of the storefront that staff have changed. Without any, the shop shows automatic ones (catalog/menus.py)."""

from django.db import models
from django.db.models import Q
from django.urls import reverse


class Menu(models.Model):
    """The menu in the header, or one column of the footer."""

    class Place(models.TextChoices):
        HEADER = "header"
        FOOTER = "footer", "Column of the footer"

    place = models.CharField(max_length=6, choices=Place.choices, default=Place.FOOTER)
    position = models.PositiveSmallIntegerField(default=1, help_text="Columns are shown in this order.")
    title = models.CharField("heading", max_length=60, blank=True)
    titles = models.JSONField(default=dict, blank=True, editable=False, help_text="Headings by code of a market.")

    class Meta:
        ordering = ["-place", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["place"], condition=Q(place="header"), name="menu_one_header"),
            models.CheckConstraint(condition=Q(place="header") | ~Q(title=""), name="menu_column_has_title"),
        ]

    def __str__(self) -> str:
        return "Header" if self.place == self.Place.HEADER else f"Footer: {self.title}"


class MenuEntry(models.Model):
    """A link of a menu. It refers to what it links to, so it survives a change of the URL, and hides with its target."""

    class Kind(models.TextChoices):
        CATEGORY = "category"
        COLLECTION = "collection"
        PAGE = "page"
        PRODUCT = "product"
        GIFT_CARDS = "gift_cards", "Gift cards"
        PATH = "path", "URL"

    TARGETS = ("category", "collection", "page", "product")

    menu = models.ForeignKey(Menu, on_delete=models.CASCADE, related_name="entries")
    position = models.PositiveSmallIntegerField(default=0)
    label = models.CharField("text", max_length=60, blank=True)
    labels = models.JSONField(default=dict, blank=True, editable=False, help_text="Texts by code of a market.")
    kind = models.CharField(max_length=10, choices=Kind.choices, editable=False)
    category = models.ForeignKey(
        "catalog.Category", on_delete=models.CASCADE, null=True, blank=True, editable=False, related_name="+"
    )
    collection = models.ForeignKey(
        "catalog.Collection", on_delete=models.CASCADE, null=True, blank=True, editable=False, related_name="+"
    )
    page = models.ForeignKey(
        "catalog.Page", on_delete=models.CASCADE, null=True, blank=True, editable=False, related_name="+"
    )
    product = models.ForeignKey(
        "catalog.Product", on_delete=models.CASCADE, null=True, blank=True, editable=False, related_name="+"
    )
    path = models.CharField(max_length=500, blank=True, editable=False)

    class Meta:
        verbose_name = "link"
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="category", category__isnull=False)
                | Q(kind="collection", collection__isnull=False)
                | Q(kind="page", page__isnull=False)
                | Q(kind="product", product__isnull=False)
                | Q(kind="gift_cards")
                | Q(kind="path") & ~Q(path=""),
                name="menu_entry_target",
            )
        ]

    def __str__(self) -> str:
        return self.label or self.goes_to

    @property
    def goes_to(self) -> str:
        """The URL that staff see and type."""
        if self.kind == self.Kind.GIFT_CARDS:
            return reverse("catalog:home") + "gift-cards/"
        return self.path if self.kind == self.Kind.PATH else getattr(self, self.kind).get_absolute_url()
