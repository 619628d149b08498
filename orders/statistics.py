"""Update the catalogue's sales figures: units sold, and products bought together."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from catalog.listings.popularity import record_pairs, record_sales

SALES_PERIOD = timedelta(days=30)
PAIR_PERIOD = timedelta(days=180)
MIN_ORDERS_TOGETHER = 2  # one order is coincidence

SOLD = """
SELECT v.product_id, sum(l.quantity)::int FROM orders_orderline l
JOIN orders_order o ON o.id = l.order_id AND o.status IN ('confirmed', 'completed') AND o.confirmed_at >= %s
     AND NOT o.is_test
JOIN catalog_variant v ON v.id = l.variant_id
GROUP BY v.product_id
"""
TOGETHER = """
WITH bought AS (
    SELECT DISTINCT l.order_id, v.product_id FROM orders_orderline l
    JOIN orders_order o ON o.id = l.order_id AND o.status IN ('confirmed', 'completed') AND o.confirmed_at >= %s
         AND NOT o.is_test
    JOIN catalog_variant v ON v.id = l.variant_id)
SELECT one.product_id, other.product_id, count(*)::int FROM bought one
JOIN bought other ON other.order_id = one.order_id AND other.product_id > one.product_id
GROUP BY 1, 2 HAVING count(*) >= %s
"""


def refresh_sales() -> int:
    """Record the units sold in the last 30 days and the products bought together in the last 180 days.

    Return how many products have changed.
    """
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(SOLD, [now - SALES_PERIOD])
        units = dict(cursor.fetchall())
        cursor.execute(TOGETHER, [now - PAIR_PERIOD, MIN_ORDERS_TOGETHER])
        pairs = {(product_id, other_id): orders for product_id, other_id, orders in cursor.fetchall()}
    record_pairs(pairs)
    return record_sales(units)
