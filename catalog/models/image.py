"""Pictures of products and the widths in which they are rendered."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL

PICTURE_FIELDS = ("file", "width", "height", "rendered_widths", "focus_x", "focus_y")
RENDITION_WIDTHS = (320, 480, 800, 1200)


class ProductImage(models.Model):
    """One picture of a product. `file` is empty as long as only the `source` from an import is known."""

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="images")
    position = models.PositiveIntegerField(default=1)
    alt = models.CharField("alternative text", max_length=512, blank=True)
    source = models.CharField(
        max_length=2000, blank=True, editable=False, help_text="The URL or path of the picture in the import file."
    )
    file = models.FileField(upload_to="products/", blank=True, max_length=200)
    focus_x = models.PositiveSmallIntegerField("focus from the left (%)", default=50)
    focus_y = models.PositiveSmallIntegerField("focus from the top (%)", default=50)
    width = models.PositiveIntegerField(default=0, editable=False)
    height = models.PositiveIntegerField(default=0, editable=False)
    rendered_widths = ArrayField(models.PositiveIntegerField(), default=list, blank=True, editable=False)
    is_broken = models.BooleanField(
        default=False, editable=False, help_text="The file cannot be read, so it has no renditions."
    )

    class Meta:
        ordering = ["position", "id"]
        indexes = [
            models.Index(
                fields=["id"],
                name="image_waiting",
                condition=Q(rendered_widths=[], is_broken=False) & ~Q(file=""),
            ),
            models.Index(fields=["product"], name="image_without_text", condition=Q(alt="")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(focus_x__lte=100, focus_y__lte=100), name="image_focus_inside")
        ]

    def __str__(self) -> str:
        return self.alt or f"Picture {self.position}"

    def rendition_name(self, width: int) -> str:
        stem = PurePosixPath(self.file.name)
        return str(stem.with_name(f"{stem.stem}-{width}.webp"))

    def as_json(self) -> dict:
        """The data that a page needs to show the picture, as JSON for a listing row; empty without a file."""
        return picture_of({name: getattr(self, name) for name in PICTURE_FIELDS} | {"file": self.file.name})

    @property
    def focus(self) -> str:
        """The CSS classes that keep the focus point visible where the picture is cropped, in steps of ten percent."""
        return _focus(self.focus_x, self.focus_y)

    @property
    def url(self) -> str:
        return default_storage.url(self.file.name) if self.file else ""


# An annotation with the image of the variant in a query, or else its product's first one, for picture_of().
PICTURE_ROW = RawSQL(  # noqa: S611  (our own text; decision 33 says why not the ORM)
    """
    (SELECT to_json(image) FROM catalog_productimage image
     WHERE image.id = catalog_variant.image_id OR image.product_id = catalog_variant.product_id AND image.file <> ''
     ORDER BY image.id = catalog_variant.image_id DESC NULLS LAST, image.position, image.id LIMIT 1)
    """,
    [],
)


def picture_of(row: Mapping[str, Any] | None) -> dict[str, Any]:
    """The data that a page needs to show the picture of a row of PICTURE_ROW; empty without a file."""
    if not row or not row["file"]:
        return {}
    return {
        "name": row["file"],
        "width": row["width"],
        "height": row["height"],
        "widths": row["rendered_widths"],
        "focus": _focus(row["focus_x"], row["focus_y"]),
    }


def _focus(x: int, y: int) -> str:
    """The CSS classes for a focus point, given in percent."""
    return f"fx-{round(x / 10)} fy-{round(y / 10)}"
