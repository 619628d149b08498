"""The catalogue in the admin. Whatever it changes goes through the same verbs as everywhere."""

from catalog.admin import products, reviews, runs, shelves, stock, texts

__all__ = ["products", "reviews", "runs", "shelves", "stock", "texts"]
