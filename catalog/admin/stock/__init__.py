"""The admin of stock: levels and movements, prices, deliveries, purchase orders, transfers and stocktakes."""

from catalog.admin.stock import levels, movements, prices, purchases, receipts, stocktakes, transfers  # noqa: F401  (each registers its models)
