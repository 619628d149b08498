"""The reports of products sold, of promotions, and of the value of the stock."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection

from catalog.models import Product
from payments.reports.books import BOTH, JOURNAL_PRODUCTS, OPEN_FROM, PRODUCT_COLUMNS
from payments.reports.tables import Column, Figure, Kind, Query, Report, Table

COLUMNS = (
    Column("Product"),
    Column("Units sold", Kind.NUMBER),
    Column("Units taken back", Kind.NUMBER),
    Column("Sales, net", Kind.MONEY, is_main=True),
    Column("Share", Kind.PERCENT),
)
SOLD_PRODUCTS = """
    SELECT product, title, sum(units)::bigint, sum(returned_units)::bigint, sum(net_minor)::bigint
    FROM ({rows}) AS days
    WHERE currency = %(currency)s
    GROUP BY 1, 2 ORDER BY 5 DESC, 1, 2
"""


def read_products(query: Query) -> Table:
    """Read what was sold of each product in the market, best sellers first. The rows add up to the net goods sold."""
    open_part = JOURNAL_PRODUCTS.format(begins=f"greatest(%(begins)s, {OPEN_FROM})", ends="%(ends)s")
    both = BOTH.format(columns=PRODUCT_COLUMNS, table="payments_dailyproduct", journals=open_part)
    found = _rows(SOLD_PRODUCTS.format(rows=both), query)
    titles = dict(Product.objects.filter(pk__in=[row[0] for row in found]).values_list("pk", "title"))
    total = sum(row[4] for row in found)
    return Table(
        COLUMNS,
        rows=[
            [titles.get(product) or title or "Deleted product", sold, returned, net, _share(net, total)]
            for product, title, sold, returned, net in found
        ],
        totals=["Total", sum(row[2] for row in found), sum(row[3] for row in found), total, None],
        figures=(
            Figure("Sales of goods, net", Kind.MONEY, total),
            Figure("Units sold", Kind.NUMBER, sum(row[2] for row in found)),
            Figure("Products sold", Kind.NUMBER, len(found)),
        ),
    )


def _share(part: int, whole: int) -> Decimal | None:
    return Decimal(100 * part) / whole if whole > 0 else None


def _rows(statement: str, query: Query) -> list[tuple[Any, ...]]:
    parameters = {
        "zone": settings.TIME_ZONE,
        "first": query.period.first,
        "last": query.period.last,
        "begins": query.period.begins,
        "ends": query.period.ends,
        "market": query.market.code,
        "currency": query.currency,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


PROMOTION_COLUMNS = (
    Column("Promotion"),
    Column("Orders", Kind.NUMBER),
    Column("Saved by customers", Kind.MONEY, is_main=True),
    Column("Sales of these orders", Kind.MONEY),
)
# A canceled order counts against its promotion, as it does against sales.
USED_PROMOTIONS = """
    SELECT p.name, sum(sign)::bigint, sum(sign * u.saved_minor)::bigint, sum(sign * sold.minor)::bigint
    FROM payments_journal j
    CROSS JOIN LATERAL (SELECT CASE j.kind WHEN 'sale' THEN 1 ELSE -1 END AS sign) AS booked
    JOIN orders_order o ON o.id = j.order_id AND o.market = %(market)s
    JOIN orders_promotionuse u ON u.order_id = o.id
    JOIN orders_promotion p ON p.id = u.promotion_id
    CROSS JOIN LATERAL (
        SELECT coalesce(abs(sum(amount_minor)), 0) AS minor FROM payments_posting e
        WHERE e.journal_id = j.id AND e.account IN ('sales', 'shipping', 'tax')) AS sold
    WHERE j.kind IN ('sale', 'cancel') AND NOT j.is_test AND j.currency = %(currency)s
      AND j.created_at >= %(begins)s AND j.created_at < %(ends)s
    GROUP BY p.id, p.name ORDER BY 3 DESC, 1
"""


def read_promotions(query: Query) -> Table:
    """Read how often promotions were used by paid orders, and what they saved."""
    rows = [list(row) for row in _rows(USED_PROMOTIONS, query)]
    saved = sum(row[2] for row in rows)
    return Table(
        PROMOTION_COLUMNS,
        rows=rows,
        totals=["Total", None, saved, None],
        figures=(Figure("Saved by customers", Kind.MONEY, saved), Figure("Promotions used", Kind.NUMBER, len(rows))),
        note="An order with two promotions counts for each of them, so only the savings are added up.",
    )


STOCK_COLUMNS = (
    Column("Location"),
    Column("Variants", Kind.NUMBER),
    Column("Units on hand", Kind.NUMBER),
    Column("Units reserved", Kind.NUMBER),
    Column("Units without a known cost", Kind.NUMBER),
    Column("Value at cost", Kind.MONEY),
    Column("Value at price", Kind.MONEY, is_main=True),
)
# The last known cost in this currency, and the regular price of the market now.
STOCK_VALUE = """
    SELECT l.name, count(*), sum(s.on_hand)::bigint, sum(s.reserved)::bigint,
           sum(CASE WHEN c.unit_cost_minor IS NULL THEN s.on_hand ELSE 0 END)::bigint,
           sum(s.on_hand::numeric * coalesce(c.unit_cost_minor, 0)),
           sum(s.on_hand::numeric * coalesce(p.amount_minor, 0))
    FROM catalog_stock s
    JOIN catalog_location l ON l.id = s.location_id
    LEFT JOIN (
        SELECT DISTINCT ON (e.variant_id) e.variant_id, e.unit_cost_minor
        FROM catalog_receiptline e JOIN catalog_receipt r ON r.id = e.receipt_id
        WHERE e.unit_cost_minor IS NOT NULL AND r.currency = %(currency)s
        ORDER BY e.variant_id, e.id DESC) AS c ON c.variant_id = s.variant_id
    LEFT JOIN catalog_price p ON p.variant_id = s.variant_id AND p.market = %(market)s AND p.kind = 'regular'
         AND p.currency = %(currency)s AND p.valid @> now()
    WHERE s.on_hand > 0
    GROUP BY l.id, l.name ORDER BY l.name
"""


def read_stock(query: Query) -> Table:
    """Read what the stock on hand is worth now, at the last known cost and at the regular price of the market."""
    rows = [[name, *map(int, numbers)] for name, *numbers in _rows(STOCK_VALUE, query)]
    totals = [sum(row[index] for row in rows) for index in range(1, len(STOCK_COLUMNS))]
    return Table(
        STOCK_COLUMNS,
        rows=rows,
        totals=["Total", *totals],
        figures=(
            Figure("Value at price", Kind.MONEY, totals[5]),
            Figure("Value at cost", Kind.MONEY, totals[4]),
            Figure("Units on hand", Kind.NUMBER, totals[1]),
        ),
        note="Units whose cost nobody entered when they arrived are worth nothing in the value at cost.",
    )


PRODUCTS = Report(
    "products",
    "Products",
    "Units and net sales of each product in paid orders, less canceled ones. Gift cards and delivery are not goods.",
    read_products,
)
PROMOTIONS = Report(
    "promotions", "Promotions", "Promotions in paid orders, less canceled ones, and what they saved.", read_promotions
)
STOCK = Report(
    "stock",
    "Stock value",
    "The stock on hand now, at the last known cost and at the regular price of this market, which may include tax.",
    read_stock,
    has_period=False,
)
