"""Invariants of orders, stock and gift cards. Each query returns the rows that break one, as (key, description)."""

INVARIANTS: dict[str, str] = {
    "S3b reservations equal what open orders still wait for": """
        SELECT 'order line ' || l.id, format('%s still to ship, %s reserved', w.waiting, coalesce(r.quantity, 0))
        FROM orders_orderline l
        JOIN orders_order o ON o.id = l.order_id
        CROSS JOIN LATERAL (SELECT CASE WHEN o.status IN ('placed', 'confirmed') AND l.is_stocked
                                   THEN l.quantity - l.canceled_quantity - l.shipped_quantity ELSE 0 END AS waiting) w
        LEFT JOIN (SELECT line, sum(quantity) AS quantity FROM catalog_reservation GROUP BY line) r ON r.line = l.id
        WHERE w.waiting <> coalesce(r.quantity, 0)""",
    "S3c no reservation without its order": """
        SELECT 'reservation ' || r.id, 'no order line ' || r.line || ' in order ' || r.reference
        FROM catalog_reservation r
        LEFT JOIN orders_orderline l ON l.id = r.line
        LEFT JOIN orders_order o ON o.id = l.order_id AND o.number = r.reference
        WHERE o.id IS NULL""",
    "S5 shipped movements equal what lines say was shipped": """
        SELECT 'order line ' || l.id, format('%s shipped, movements say %s', l.shipped_quantity, coalesce(m.units, 0))
        FROM orders_orderline l
        LEFT JOIN (SELECT line, -sum(on_hand_change) AS units FROM catalog_stockmovement
                   WHERE kind = 'shipped' GROUP BY line) m ON m.line = l.id
        WHERE l.is_stocked AND l.shipped_quantity <> coalesce(m.units, 0)""",
    "S5b parcels equal what lines say was shipped": """
        SELECT 'order line ' || l.id, format('%s shipped, parcels hold %s', l.shipped_quantity, coalesce(p.units, 0))
        FROM orders_orderline l
        LEFT JOIN (SELECT line_id, sum(quantity) AS units FROM orders_fulfillmentline GROUP BY 1) p ON p.line_id = l.id
        WHERE l.shipped_quantity <> coalesce(p.units, 0)""",
    "S6 a canceled order gave back what it held, once": """
        SELECT 'order line ' || l.id, 'movements of a canceled order leave ' || sum(m.reserved_change) || ' reserved'
        FROM orders_orderline l
        JOIN orders_order o ON o.id = l.order_id
        JOIN catalog_stockmovement m ON m.line = l.id AND m.reference = o.number
        WHERE o.status = 'canceled'
        GROUP BY l.id HAVING sum(m.reserved_change) <> 0""",
    "S7 no unpaid order outlives its time by ten minutes": """
        SELECT 'order ' || number, 'should have expired at ' || payment_due_at
        FROM orders_order WHERE status = 'placed' AND payment_due_at < now() - interval '10 minutes'""",
    "O1 an ordered cart has its order": """
        SELECT 'cart ' || c.id, 'marked as ordered, but there is no order'
        FROM orders_cart c LEFT JOIN orders_order o ON o.cart_id = c.id
        WHERE c.ordered_at IS NOT NULL AND o.id IS NULL""",
    "O2 lines and parts add up to the total": """
        SELECT 'order ' || o.number, format('lines make %s of a subtotal of %s and a total of %s',
               coalesce(l.subtotal, 0), o.subtotal_minor, o.total_minor)
        FROM orders_order o
        LEFT JOIN (SELECT order_id, sum(subtotal_minor) AS subtotal, sum(discount_minor) AS discount,
                          sum(total_minor) AS total, sum(tax_minor) AS tax
                   FROM orders_orderline GROUP BY 1) l ON l.order_id = o.id
        LEFT JOIN LATERAL (SELECT sum((t->>'tax_minor')::bigint) AS tax FROM jsonb_array_elements(o.taxes) t) r ON true
        WHERE coalesce(l.subtotal, 0) <> o.subtotal_minor
           OR coalesce(l.tax, 0) > o.tax_minor
           OR coalesce(r.tax, 0) <> o.tax_minor
           OR coalesce(l.discount, 0) <> o.discount_minor
           OR coalesce(l.total, 0) > o.total_minor
           OR o.total_minor <> o.subtotal_minor - o.discount_minor + o.shipping_minor
                               + CASE WHEN o.is_tax_included THEN 0 ELSE o.tax_minor END""",
    "O3 uses of promotions are counted, and given back once": """
        SELECT 'promotion ' || p.id, format('%s uses counted, orders hold %s', p.uses, count(u.id))
        FROM orders_promotion p
        LEFT JOIN orders_promotionuse u ON u.promotion_id = p.id AND u.given_back_at IS NULL
        WHERE p.most_uses IS NOT NULL GROUP BY p.id HAVING p.uses <> count(u.id)
        UNION ALL
        SELECT 'coupon ' || c.code, format('%s uses counted, orders hold %s', c.uses, count(u.id))
        FROM orders_coupon c LEFT JOIN orders_promotionuse u ON u.coupon_id = c.id AND u.given_back_at IS NULL
        WHERE c.most_uses IS NOT NULL GROUP BY c.id HAVING c.uses <> count(u.id)
        UNION ALL
        SELECT 'order ' || o.number, format('is %s, its use of promotion %s is %s', o.status, u.promotion_id,
               CASE WHEN u.given_back_at IS NULL THEN 'not given back' ELSE 'given back' END)
        FROM orders_promotionuse u JOIN orders_order o ON o.id = u.order_id
        WHERE (o.status = 'canceled') <> (u.given_back_at IS NOT NULL)""",
    "O5 balances of gift cards are the sum of their movements": """
        SELECT 'gift card ' || c.id, format('balance %s, movements sum to %s', c.balance_minor,
               coalesce(sum(m.amount_minor), 0))
        FROM orders_giftcard c LEFT JOIN orders_giftcardmovement m ON m.card_id = c.id
        GROUP BY c.id HAVING c.balance_minor <> coalesce(sum(m.amount_minor), 0)""",
    "O6 gift cards gave what their orders say they paid": """
        SELECT 'order ' || o.number, format('says %s were paid by gift cards, they gave %s', w.wanted,
               coalesce(m.given, 0))
        FROM orders_order o
        LEFT JOIN (SELECT order_id, -sum(amount_minor) AS given FROM orders_giftcardmovement
                   WHERE kind IN ('redeemed', 'released') GROUP BY 1) m ON m.order_id = o.id
        CROSS JOIN LATERAL (SELECT CASE WHEN o.status <> 'canceled' OR o.confirmed_at IS NOT NULL
                                   THEN o.tendered_minor ELSE 0 END AS wanted) w
        WHERE coalesce(m.given, 0) <> w.wanted""",
    "O7 every gift card that was bought and paid has been issued": """
        SELECT 'order line ' || l.id, format('%s bought, %s issued', l.quantity, count(c.id))
        FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
        LEFT JOIN orders_giftcard c ON c.order_line_id = l.id
        WHERE l.is_gift_card AND l.unit_minor > 0 AND o.status IN ('confirmed', 'completed')
        GROUP BY l.id HAVING count(c.id) <> l.quantity""",
    "O4 the receipt says what the order says": """
        SELECT 'order ' || number, format('receipt total %s, order total %s', receipt->>'total_minor', total_minor)
        FROM orders_order WHERE (receipt->>'total_minor')::bigint IS DISTINCT FROM total_minor""",
}
