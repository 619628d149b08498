"""What must hold in the catalogue: each query returns the rows that break it, as (key, what is wrong)."""

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
        SELECT 'variant ' || variant_id, 'more units left than ever came in'
        FROM catalog_stockmovement GROUP BY variant_id
        HAVING sum(on_hand_change) < 0""",
    "L1 every active product with a price is listed": """
        SELECT DISTINCT 'product ' || p.id, 'an active product without a listing of now'
        FROM catalog_product p
        JOIN catalog_variant v ON v.product_id = p.id
        JOIN catalog_price c ON c.variant_id = v.id AND c.valid @> now()
        LEFT JOIN catalog_listing l ON l.product_id = p.id AND l.market = c.market AND l.valid @> now()
        WHERE p.status = 'active' AND l.id IS NULL""",
}
