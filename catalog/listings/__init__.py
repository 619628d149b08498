"""Listing rows, and the pages, facets, searches and feeds that read them."""

from catalog.listings.writing import (
    BATCH,
    in_batches,
    long_past,
    mark_categories,
    outdated_marks,
    refresh_stock_classes,
    write_listings,
    write_search,
    write_search_again,
    write_stock_classes,
    wrong_listings,
)

__all__ = [
    "BATCH",
    "in_batches",
    "long_past",
    "mark_categories",
    "outdated_marks",
    "refresh_stock_classes",
    "write_listings",
    "write_search",
    "write_search_again",
    "write_stock_classes",
    "wrong_listings",
]
