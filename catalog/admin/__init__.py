"""The admin of the catalogue. It makes all changes through the same functions as the rest of the code."""

from catalog.admin import products, reviews, runs, shelves, stock, texts

__all__ = ["products", "reviews", "runs", "shelves", "stock", "texts"]
