"""The admin of stock: levels and movements, prices, transfers and stocktakes."""

from catalog.admin.stock import levels, prices, stocktakes, transfers  # noqa: F401  (each registers its models)
