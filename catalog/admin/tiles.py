"""Tiles of the desk's home page about products, stock and reviews."""

from django.db.models import QuerySet

from catalog.admin.stock.level_list import low_rows
from catalog.admin.tile_registry import Tile, Urgency
from catalog.formats import moment
from catalog.models import Review
from catalog.products import worklists

PRODUCTS, VIEW = "admin:catalog_product_changelist", "catalog.view_product"
ACTIVE = {"status__exact": "active"}


def _pending() -> QuerySet[Review]:
    return Review.objects.filter(status=Review.Status.PENDING)


TILES = (
    Tile(
        *("out-of-stock", "Out of stock", Urgency.TODAY, VIEW, PRODUCTS, ACTIVE | {"stock": "out"}),
        worklists.sold_out,
        note="On sale, but nothing is available",
    ),
    Tile(
        *("without-price", "Without a price", Urgency.TODAY, VIEW, PRODUCTS, {"missing": "current-price"}),
        worklists.without_price,
        note="Nobody can buy these products",
        is_slow=True,
    ),
    Tile(
        *("without-variant", "No variant for sale", Urgency.TODAY, VIEW, PRODUCTS, {"missing": "for-sale"}),
        worklists.without_variant,
        note="Nobody can buy these products",
        is_slow=True,
    ),
    Tile(
        *("low-stock", "Low in stock", Urgency.WAITING, "catalog.view_stock", "admin:catalog_stock_changelist"),
        *({"low": "yes"}, low_rows),
        note="At or below the level that you set",
        is_slow=True,
    ),
    Tile(
        *("reviews", "Reviews to read", Urgency.WAITING, "catalog.view_review", "admin:catalog_review_changelist"),
        *({"status__exact": "pending"}, _pending),
        oldest="created_at",
        detail=lambda written: f"Oldest of {moment(written)}",
    ),
    Tile(
        *("without-picture", "Without a picture", Urgency.SOME_TIME, VIEW, PRODUCTS, ACTIVE | {"missing": "picture"}),
        worklists.without_picture,
        note="Products on sale",
        is_slow=True,
    ),
)
