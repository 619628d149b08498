"""Invariants of the catalogue. Each query returns the rows that violate it, as (key, problem)."""

from catalog.inventory.availability import available_sql, stock_class_sql

INVARIANTS: dict[str, str] = {
    "S1 stock counters equal the movements": """
        SELECT 'stock ' || s.id, format('on_hand %s, movements say %s; reserved %s, movements say %s',
               s.on_hand, coalesce(m.on_hand, 0), s.reserved, coalesce(m.reserved, 0))
        FROM catalog_stock s
        LEFT JOIN (SELECT variant_id, location_id, sum(on_hand_change) AS on_hand, sum(reserved_change) AS reserved
                   FROM catalog_stockmovement GROUP BY 1, 2) m USING (variant_id, location_id)
        WHERE s.on_hand <> coalesce(m.on_hand, 0) OR s.reserved <> coalesce(m.reserved, 0)""",
    "S1b every movement has its stock row": """
        SELECT DISTINCT 'movement of variant ' || m.variant_id, 'no stock row at location ' || m.location_id
        FROM catalog_stockmovement m
        LEFT JOIN catalog_stock s USING (variant_id, location_id)
        WHERE s.id IS NULL""",
    "S2 nothing is oversold": """
        SELECT 'stock ' || id, format('on_hand %s, reserved %s, backorder_limit %s, shortfall %s',
               on_hand, reserved, backorder_limit, shortfall)
        FROM catalog_stock
        WHERE on_hand < 0 OR reserved < 0 OR reserved > on_hand + backorder_limit + shortfall""",
    "S3 reserved equals the open reservations": """
        SELECT 'stock ' || s.id, format('reserved %s, reservations say %s', s.reserved, coalesce(r.quantity, 0))
        FROM catalog_stock s
        LEFT JOIN (SELECT variant_id, location_id, sum(quantity) AS quantity
                   FROM catalog_reservation GROUP BY 1, 2) r USING (variant_id, location_id)
        WHERE s.reserved <> coalesce(r.quantity, 0)""",
    "S4 never more shipped than ever came in": """
        SELECT 'variant ' || variant_id, 'more units were shipped than came in'
        FROM catalog_stockmovement GROUP BY variant_id
        HAVING sum(on_hand_change) < 0""",
    "L1 every active product with a price is listed": """
        SELECT DISTINCT 'product ' || p.id, 'an active product without a current listing'
        FROM catalog_product p
        JOIN catalog_variant v ON v.product_id = p.id
        JOIN catalog_price c ON c.variant_id = v.id AND c.valid @> now()
        LEFT JOIN catalog_listing l ON l.product_id = p.id AND l.market = c.market AND l.valid @> now() AND NOT l.is_past
        WHERE p.status = 'active' AND v.is_active AND l.id IS NULL
          AND (p.publish_at IS NULL OR p.publish_at <= now()) AND (p.unpublish_at IS NULL OR p.unpublish_at > now())""",
    "L2 listings show the stock class of the stock": f"""
        SELECT 'listing ' || l.id, format('shows %s, stock says %s', l.stock_class, coalesce(c.class, 'out'))
        FROM catalog_listing l
        LEFT JOIN (
            SELECT v.product_id, CASE WHEN bool_or(NOT v.is_tracked) THEN 'in'
                                      ELSE {stock_class_sql("coalesce(sum(s.available), 0)")} END AS class
            FROM catalog_variant v
            LEFT JOIN (SELECT k.variant_id, sum({available_sql("k")}) AS available
                       FROM catalog_stock k JOIN catalog_location p ON p.id = k.location_id AND p.is_active
                       GROUP BY 1) s ON s.variant_id = v.id
            WHERE v.is_active GROUP BY 1) c ON c.product_id = l.product_id
        WHERE NOT l.is_past AND l.valid @> now() AND l.stock_class <> coalesce(c.class, 'out')
          AND NOT EXISTS (SELECT 1 FROM catalog_dirtylisting d WHERE d.product_id = l.product_id)""",  # noqa: S608  (our own text)
    "S8 what transfers sent and received is in the movements": """
        SELECT 'transfer line ' || l.id, format('sent %s, movements say %s; received %s, movements say %s',
               l.quantity, coalesce(-m.sent, 0), l.received, coalesce(m.arrived, 0))
        FROM catalog_transferline l
        LEFT JOIN (SELECT reference, variant_id, sum(on_hand_change) FILTER (WHERE kind = 'sent') AS sent,
                          sum(on_hand_change) FILTER (WHERE kind = 'arrived') AS arrived
                   FROM catalog_stockmovement WHERE reference LIKE 'transfer:%' GROUP BY 1, 2) m
          ON m.reference = 'transfer:' || l.transfer_id AND m.variant_id = l.variant_id
        WHERE l.quantity <> coalesce(-m.sent, 0) OR l.received + l.returned <> coalesce(m.arrived, 0)""",
    "S9 what deliveries received is in the movements": """
        SELECT 'receipt line ' || l.id, format('received %s, movements say %s', l.quantity, coalesce(m.received, 0))
        FROM catalog_receiptline l
        LEFT JOIN (SELECT reference, variant_id, sum(on_hand_change) AS received
                   FROM catalog_stockmovement WHERE reference LIKE 'receipt:%' GROUP BY 1, 2) m
          ON m.reference = 'receipt:' || l.receipt_id AND m.variant_id = l.variant_id
        WHERE l.quantity <> coalesce(m.received, 0)""",
    "S9b purchase orders received what their deliveries did": """
        SELECT 'purchase order line ' || l.id, format('received %s, deliveries say %s', l.received, coalesce(d.received, 0))
        FROM catalog_purchaseorderline l
        LEFT JOIN (SELECT r.purchase_id, d.variant_id, sum(d.quantity) AS received
                   FROM catalog_receiptline d JOIN catalog_receipt r ON r.id = d.receipt_id GROUP BY 1, 2) d
          ON d.purchase_id = l.order_id AND d.variant_id = l.variant_id
        WHERE l.received <> coalesce(d.received, 0)""",
    "L3 no variant has two prices of one kind at once": """
        SELECT 'variant ' || variant_id, format('%s prices of one kind at this moment in %s', count(*), market)
        FROM catalog_price WHERE valid @> now() GROUP BY variant_id, market, kind HAVING count(*) > 1""",
    "L4 averages are those of the published reviews": """
        SELECT 'product ' || p.id, format('shows %s from %s, reviews say %s from %s',
               p.rating, p.review_count, coalesce(r.rating, 0), coalesce(r.count, 0))
        FROM catalog_product p
        JOIN (SELECT product_id, round(avg(rating) * 100) AS rating, count(*) AS count FROM catalog_review
              WHERE status = 'published' GROUP BY 1) r ON r.product_id = p.id
        WHERE p.rating <> r.rating OR p.review_count <> r.count""",
}
