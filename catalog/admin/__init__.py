"""The admin of the catalogue. It makes all changes through the same functions as the rest of the code."""

from catalog.admin import (  # noqa: F401  (each registers its models)
    categories,
    changes,
    menus,
    pages,
    redirects,
    reviews,
    runs,
    stock,
    store,
)
from catalog.admin.products import product, variant  # noqa: F401  (each registers its models)
