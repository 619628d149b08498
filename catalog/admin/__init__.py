"""The admin of the catalogue. It makes all changes through the same functions as the rest of the code."""

from catalog.admin import categories, menus, pages, reviews, runs, stock, store  # noqa: F401  (each registers its models)
from catalog.admin.products import product, variant  # noqa: F401  (each registers its models)
