"""Sales figures and products bought together. A nightly job of orders writes them; sorting and recommendations use them."""

from collections.abc import Mapping

from django.db import connection, transaction

from catalog.models import BoughtTogether, Product

MAX_RELATED = 8  # per product

WRITE_SALES = """
UPDATE catalog_product AS product SET sales = coalesce(sold.units, 0)
FROM catalog_product AS same LEFT JOIN unnest(%(ids)s::bigint[], %(units)s::int[]) AS sold (id, units) ON sold.id = same.id
WHERE same.id = product.id AND product.sales <> coalesce(sold.units, 0)
RETURNING product.id
"""
COPY_TO_LISTINGS = """
UPDATE catalog_listing AS listing SET sales = product.sales FROM catalog_product AS product
WHERE product.id = listing.product_id AND NOT listing.is_past AND listing.sales <> product.sales
"""


@transaction.atomic
def record_sales(units: Mapping[int, int]) -> int:
    """Store the units sold in the last 30 days, and 0 for all other products; return the number of changed products."""
    with connection.cursor() as cursor:
        cursor.execute(WRITE_SALES, {"ids": list(units), "units": list(units.values())})
        changed = cursor.rowcount
        cursor.execute(COPY_TO_LISTINGS)
    return changed


@transaction.atomic
def record_pairs(pairs: Mapping[tuple[int, int], int]) -> int:
    """Replace the pairs of products bought together, given with their numbers of orders; return the number of rows.

    Keeps only the MAX_RELATED most frequent products for each product.
    """
    orders_with: dict[int, list[tuple[int, int]]] = {}
    for (one, other), orders in pairs.items():
        orders_with.setdefault(one, []).append((orders, other))
        orders_with.setdefault(other, []).append((orders, one))
    existing = set(Product.objects.filter(pk__in=orders_with).values_list("pk", flat=True))
    BoughtTogether.objects.all().delete()
    rows = [
        BoughtTogether(product_id=product, other_id=other, orders=orders)
        for product, others in orders_with.items()
        for orders, other in sorted(others, reverse=True)[:MAX_RELATED]
        if product in existing and other in existing
    ]
    BoughtTogether.objects.bulk_create(rows, batch_size=1000)
    return len(rows)
