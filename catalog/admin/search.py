"""What the desk's search finds in the catalogue: products by title, SKU and barcode, and pages of the shop."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.urls import reverse

from catalog import folding  # noqa: F401  (registers the lookups)
from catalog.desk_search import MAX_HITS, Hit, Source
from catalog.listings.search import barcodes_of
from catalog.models import Category, Collection, Page, Product, ProductImage, Variant

MIN_INDEXED = 3  # shorter texts have no trigram
MAX_WORDS = 6
TONES = {Product.Status.ACTIVE: "ok", Product.Status.DRAFT: "warn"}


def folded_words(field: str, text: str) -> Q:
    """A condition for rows whose field has all of these words, in any order. It uses the trigram index of the field."""
    return folding.folded_words(field, text.split()[:MAX_WORDS])


def find_products(text: str, user: Any) -> list[Hit]:
    """Products by the words of their title. The limit without a sort order lets the database stop at once."""
    if max(map(len, text.split())) < MIN_INDEXED:
        return []
    found = Product.objects.not_withdrawn().filter(folded_words("title", text)).only("title", "status")
    products = list(found[: MAX_HITS + 1])
    pictures = pictures_of([product.pk for product in products])
    return [
        Hit(
            product.title,
            "",
            reverse("admin:catalog_product_change", args=[product.pk]),
            pictures.get(product.pk, {}),
            product.get_status_display().partition(" (")[0],
            TONES.get(Product.Status(product.status), ""),
        )
        for product in products
    ]


def find_variants(text: str, user: Any) -> list[Hit]:
    """Variants by their SKU or a part of it, and by their barcode."""
    if " " in text or len(text) < MIN_INDEXED:
        return []
    rows = Variant.objects.select_related("product").exclude(product__status=Product.Status.WITHDRAWN)
    variants = {row.pk: row for row in rows.filter(sku__folds=text)[: MAX_HITS + 1]}
    if text.isdecimal():
        variants |= {row.pk: row for row in rows.filter(barcode__in=[text, *barcodes_of(text)])[:MAX_HITS]}
    pictures = pictures_of([row.product_id for row in variants.values()])
    shown = sorted(variants.values(), key=lambda row: (row.sku.casefold() != text.casefold(), row.sku))
    return [
        Hit(
            str(row.product.title),
            " · ".join(part for part in (row.sku, row.option1, row.option2, row.option3) if part),
            reverse("admin:catalog_product_change", args=[row.product_id]),
            pictures.get(row.product_id, {}),
        )
        for row in shown
    ]


def pictures_of(product_ids: list[int]) -> dict[int, dict[str, Any]]:
    """The first picture of each of these products that has one, as `ProductImage.as_json()` returns it."""
    images = ProductImage.objects.filter(product_id__in=product_ids).exclude(file="").order_by("-position", "-pk")
    return {image.product_id: image.as_json() for image in images} if product_ids else {}


def _find_named(rows: QuerySet, field: str, url_name: str, text: str) -> Iterator[Hit]:
    for row in rows.filter(folded_words(field, text))[: MAX_HITS + 1]:
        yield Hit(str(getattr(row, field)), _where(row), reverse(url_name, args=[row.pk]))


def _where(row: Model) -> str:
    return row.get_absolute_url() if hasattr(row, "get_absolute_url") else ""


def find_categories(text: str, user: Any) -> Iterator[Hit]:
    return _find_named(Category.objects.order_by("path"), "name", "admin:catalog_category_change", text)


def find_collections(text: str, user: Any) -> Iterator[Hit]:
    return _find_named(Collection.objects.all(), "name", "admin:catalog_collection_change", text)


def find_pages(text: str, user: Any) -> Iterator[Hit]:
    return _find_named(Page.objects.all(), "title", "admin:catalog_page_change", text)


SOURCES = (
    Source("products", "Products", "catalog.view_product", find_products, "admin:catalog_product_changelist"),
    Source("variants", "SKUs", "catalog.view_variant", find_variants, "admin:catalog_product_changelist"),
    Source("categories", "Categories", "catalog.view_category", find_categories, "admin:catalog_category_changelist"),
    Source("collections", "Collections", "catalog.view_collection", find_collections),
    Source("pages", "Pages", "catalog.view_page", find_pages, "admin:catalog_page_changelist"),
)
