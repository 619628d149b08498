"""Invariants of offline payments: transfers, invoices and cash."""

METHODS = "('transfer', 'invoice', 'pickup')"

OFFLINE_INVARIANTS: dict[str, str] = {
    "M40 an offline payment holds what staff received, which stands in the books": f"""
        SELECT 'payment ' || p.id, format('captured %s, received %s, books %s', p.captured_minor,
               coalesce(m.received, 0), coalesce(m.booked, 0))
        FROM payments_payment p
        LEFT JOIN (SELECT m.payment_id, sum(m.amount_minor) AS received, sum(b.amount_minor) AS booked
                   FROM payments_receivedmoney m
                   LEFT JOIN payments_journal j ON j.kind = 'capture' AND j.provider_ref = 'received-' || m.key::text
                   LEFT JOIN payments_posting b ON b.journal_id = j.id AND b.account = m.account
                   GROUP BY 1) m ON m.payment_id = p.id
        WHERE (p.method IN {METHODS} OR m.payment_id IS NOT NULL)
          AND (p.captured_minor <> coalesce(m.received, 0) OR p.captured_minor <> coalesce(m.booked, 0))""",  # noqa: S608  (our own text)
    "M41 money is expected for an order that waits for it, and only then": f"""
        SELECT 'payment ' || p.id, format('%s %s is %s with %s to pay, order %s is %s', p.method, p.id, p.status,
               p.amount_minor - p.captured_minor - p.credited_minor, o.number, o.status)
        FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
        WHERE p.method IN {METHODS}
          AND (p.status = 'agreed' AND (o.status NOT IN ('confirmed', 'completed')
                                        OR p.amount_minor = p.captured_minor + p.credited_minor)
               OR p.status IN ('open', 'processing') AND o.status <> 'placed'
               OR p.status = 'processing' AND p.captured_minor = 0
               OR p.status = 'open' AND p.captured_minor > 0
               OR p.status = 'captured' AND o.status IN ('confirmed', 'completed') AND p.flag = ''
                  AND p.amount_minor <> p.captured_minor + p.credited_minor)
        UNION ALL
        SELECT 'order ' || o.number, 'waits to be paid by ' || o.payment_method || ' without a payment'
        FROM orders_order o
        WHERE o.status = 'placed' AND o.payment_method IN {METHODS}
          AND NOT EXISTS (SELECT 1 FROM payments_payment p
                          WHERE p.order_id = o.id AND p.method = o.payment_method AND p.status IN ('open', 'processing'))""",  # noqa: S608  (our own text)
    "M42 a refund of offline money that succeeded was sent by staff": f"""
        SELECT 'refund ' || r.id, format('is %s, sent on %s, books %s', r.status, r.sent_on, coalesce(b.minor, 0))
        FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id AND p.method IN {METHODS}
        LEFT JOIN (SELECT j.provider_ref, -sum(o.amount_minor) AS minor FROM payments_journal j
                   JOIN payments_posting o ON o.journal_id = j.id AND o.account IN ('bank', 'cash')
                   WHERE j.kind = 'refund' GROUP BY 1) b ON b.provider_ref = 'sent-' || r.key::text
        WHERE r.gift_card_id IS NULL
          AND (r.status NOT IN ('pending', 'succeeded') OR (r.status = 'succeeded') <> (r.sent_on IS NOT NULL)
               OR coalesce(b.minor, 0) <> CASE r.status WHEN 'succeeded' THEN r.amount_minor ELSE 0 END)""",  # noqa: S608  (our own text)
    "M43 what refunds took off unpaid amounts is what payments say": """
        SELECT 'order ' || coalesce(p.order_id, r.order_id), format('payments %s, refunds %s', coalesce(p.minor, 0),
               coalesce(r.minor, 0))
        FROM (SELECT order_id, sum(credited_minor) AS minor FROM payments_payment GROUP BY 1) p
        FULL JOIN (SELECT r.order_id, sum(r.released_minor) AS minor FROM payments_refundrequest r
                   JOIN orders_order o ON o.id = r.order_id AND o.payment_method IN ('invoice', 'pickup')
                   GROUP BY 1) r ON r.order_id = p.order_id
        WHERE coalesce(p.minor, 0) <> coalesce(r.minor, 0)""",
}
