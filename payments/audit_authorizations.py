"""Invariants of authorized payments: what a bank holds, what was charged of it, and what was shipped for it."""

# What the books say that each order owes.
OWED = """(SELECT j.order_id, sum(p.amount_minor) AS minor
              FROM payments_journal j JOIN payments_posting p ON p.journal_id = j.id AND p.account = 'receivable'
              GROUP BY 1)"""
# Orders with an authorized payment that pays them, and how it is now.
HELD = """(SELECT p.order_id, bool_or(p.status = 'authorized') AS is_authorized, bool_or(p.flag = 'lapsed') AS is_lapsed,
                     bool_or(r.id IS NOT NULL) AS is_asked
              FROM payments_payment p
              LEFT JOIN payments_authorizationrequest r ON r.payment_id = p.id AND r.status = 'requested'
              WHERE p.authorized_minor > 0 AND p.flag IN ('', 'lapsed') GROUP BY 1)"""

AUTHORIZATION_INVARIANTS: dict[str, str] = {
    "M30 an authorized order has its authorization, its capture or a payment to look at": f"""
        SELECT 'order ' || o.number, format('owes %s, and no bank holds it', w.minor)
        FROM orders_order o
        JOIN {OWED} w ON w.order_id = o.id
        JOIN {HELD} h ON h.order_id = o.id
        WHERE o.status IN ('confirmed', 'completed') AND w.minor > 0
          AND NOT (h.is_authorized OR h.is_lapsed OR h.is_asked)
        UNION ALL
        SELECT 'payment ' || p.id, format('holds %s for order %s (%s) and is not released', p.authorized_minor, o.number,
               o.status)
        FROM payments_payment p
        JOIN orders_order o ON o.id = p.order_id
        LEFT JOIN payments_authorizationrequest r
          ON r.payment_id = p.id AND r.action = 'release' AND r.status <> 'refused'
        WHERE p.status = 'authorized' AND (o.status IN ('placed', 'canceled') OR p.flag <> '') AND r.id IS NULL""",  # noqa: S608  (our own text)
    "M31 no more is captured than was authorized": """
        SELECT 'payment ' || id, format('is %s, captured %s of %s', status, captured_minor, authorized_minor)
        FROM payments_payment
        WHERE (authorized_minor > 0 AND captured_minor > authorized_minor)
           OR (status = 'authorized' AND (authorized_minor = 0 OR captured_minor <> 0))""",
    "M32 what was shipped was charged": f"""
        SELECT 'order ' || o.number, format('was shipped and still owes %s', w.minor)
        FROM orders_order o
        JOIN {OWED} w ON w.order_id = o.id
        JOIN {HELD} h ON h.order_id = o.id
        JOIN (SELECT DISTINCT order_id FROM orders_fulfillment) f ON f.order_id = o.id
        WHERE o.status <> 'canceled' AND w.minor > 0""",  # noqa: S608  (our own text)
}
