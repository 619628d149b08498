"""What sells, and what sells together: written by the orders' nightly job, read by sorts and recommendations."""

from collections.abc import Mapping

from django.db import connection, transaction

from catalog.models import BoughtTogether, Product

MAX_RELATED = 8  # kept for one product

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
    """Products sold so many units in the last 30 days, all others none; returns how many products changed."""
    with connection.cursor() as cursor:
        cursor.execute(WRITE_SALES, {"ids": list(units), "units": list(units.values())})
        changed = cursor.rowcount
        cursor.execute(COPY_TO_LISTINGS)
    return changed


@transaction.atomic
def record_pairs(pairs: Mapping[tuple[int, int], int]) -> int:
    """These pairs of products were in so many orders together, and no others; the few strongest are kept for each."""
    strongest: dict[int, list[tuple[int, int]]] = {}
    for (one, other), orders in pairs.items():
        strongest.setdefault(one, []).append((orders, other))
        strongest.setdefault(other, []).append((orders, one))
    known = set(Product.objects.filter(pk__in=strongest).values_list("pk", flat=True))
    BoughtTogether.objects.all().delete()
    rows = [
        BoughtTogether(product_id=product, other_id=other, orders=orders)
        for product, others in strongest.items()
        for orders, other in sorted(others, reverse=True)[:MAX_RELATED]
        if product in known and other in known
    ]
    BoughtTogether.objects.bulk_create(rows, batch_size=1000)
    return len(rows)
