"""Invariants of payments and the ledger. Each query returns the rows that break one, as (key, description)."""

from payments.audit_authorizations import AUTHORIZATION_INVARIANTS
from payments.audit_balance import BALANCE_INVARIANTS
from payments.audit_offline import OFFLINE_INVARIANTS

INVARIANTS: dict[str, str] = {
    "M0 every journal sums to zero": """
        SELECT 'journal ' || j.id, 'postings sum to ' || coalesce(sum(p.amount_minor), 0) || ' over ' || count(p.id)
        FROM payments_journal j LEFT JOIN payments_posting p ON p.journal_id = j.id
        GROUP BY j.id HAVING coalesce(sum(p.amount_minor), 0) <> 0""",
    "M1 payments equal the books": """
        SELECT 'payment ' || p.id, format('captured %s, books %s; refunded %s, books %s',
               p.captured_minor, coalesce(b.captured, 0), p.refunded_minor, coalesce(b.refunded, 0))
        FROM payments_payment p
        LEFT JOIN (SELECT j.payment_id,
                          sum(o.amount_minor) FILTER (WHERE j.kind = 'capture') AS captured,
                          -sum(o.amount_minor) FILTER (WHERE j.kind IN ('refund', 'refund_failed')) AS refunded
                   FROM payments_journal j
                   JOIN payments_posting o ON o.journal_id = j.id
                        AND o.account IN ('stripe', 'gift_cards', 'bank', 'cash')
                   GROUP BY 1) b ON b.payment_id = p.id
        WHERE p.captured_minor <> coalesce(b.captured, 0) OR p.refunded_minor <> coalesce(b.refunded, 0)""",
    "M2 money that we keep belongs to a live order of that amount": """
        SELECT 'payment ' || p.id, format('keeps %s %s for order %s (%s, %s %s)',
               p.captured_minor - p.refunded_minor - p.disputed_minor,
               p.currency, o.number, o.status, o.total_minor, o.currency)
        FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
        LEFT JOIN (SELECT payment_id, sum(amount_minor) AS waiting FROM payments_refund
                   WHERE status IN ('requested', 'pending') OR status = 'failed' AND replaced_by_id IS NULL
                   GROUP BY 1) r ON r.payment_id = p.id
        WHERE p.captured_minor > p.refunded_minor + p.disputed_minor + coalesce(r.waiting, 0)
          AND (o.currency <> p.currency OR o.status = 'canceled' OR o.status = 'placed' AND p.status <> 'processing'
               OR greatest(p.captured_minor, p.authorized_minor) <> o.total_minor - o.tendered_minor
                  AND p.gift_card_id IS NULL AND p.method NOT IN ('transfer', 'invoice', 'pickup'))""",
    "M3 nobody is charged twice": """
        SELECT 'order ' || o.number, count(*) || ' payments are kept'
        FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
        LEFT JOIN (SELECT payment_id, sum(amount_minor) AS waiting FROM payments_refund
                   WHERE status IN ('requested', 'pending') OR status = 'failed' AND replaced_by_id IS NULL
                   GROUP BY 1) r ON r.payment_id = p.id
        WHERE p.captured_minor > p.refunded_minor + p.disputed_minor + coalesce(r.waiting, 0) AND p.gift_card_id IS NULL
        GROUP BY o.id HAVING count(*) > 1""",
    "M4 a confirmed order is paid in full or on account": """
        SELECT 'order ' || o.number, format('%s of %s captured or agreed on', coalesce(p.captured, 0), o.total_minor)
        FROM orders_order o
        LEFT JOIN (SELECT order_id, sum(CASE status WHEN 'agreed' THEN amount_minor
                                        ELSE captured_minor + credited_minor END) FILTER (WHERE flag = '') AS captured,
                          bool_or(authorized_minor > 0 AND flag IN ('', 'lapsed')) AS is_held
                   FROM payments_payment GROUP BY 1) p ON p.order_id = o.id
        WHERE o.status IN ('confirmed', 'completed') AND coalesce(p.captured, 0) <> o.total_minor
          AND p.is_held IS NOT TRUE""",
    "M5 refunds equal the payment and never exceed it": """
        SELECT 'payment ' || p.id, format('refunds %s (+%s in flight), refunded %s of %s',
               coalesce(r.done, 0), coalesce(r.waiting, 0), p.refunded_minor, p.captured_minor)
        FROM payments_payment p
        LEFT JOIN (SELECT payment_id, sum(amount_minor) FILTER (WHERE status = 'succeeded') AS done,
                          sum(amount_minor) FILTER (WHERE status IN ('requested', 'pending')) AS waiting
                   FROM payments_refund GROUP BY 1) r ON r.payment_id = p.id
        WHERE coalesce(r.done, 0) <> p.refunded_minor
           OR coalesce(r.done, 0) + coalesce(r.waiting, 0) > p.captured_minor""",
    "M6 a late or second payment has its refund": """
        SELECT 'payment ' || p.id, p.flag || ' without a refund'
        FROM payments_payment p
        WHERE p.flag IN ('late', 'duplicate')
          AND NOT EXISTS (SELECT 1 FROM payments_refund r WHERE r.payment_id = p.id)
          AND NOT EXISTS (SELECT 1 FROM payments_authorizationrequest a
                          WHERE a.payment_id = p.id AND a.action = 'release')""",
    "M7 what shoppers owe follows from orders and payments": """
        SELECT 'order ' || o.number, format('books say %s is owed, order and payments say %s',
               coalesce(b.owed, 0), w.owed)
        FROM orders_order o
        LEFT JOIN (SELECT j.order_id, sum(p.amount_minor) AS owed
                   FROM payments_journal j JOIN payments_posting p ON p.journal_id = j.id AND p.account = 'receivable'
                   GROUP BY 1) b ON b.order_id = o.id
        LEFT JOIN (SELECT order_id, sum(captured_minor - refunded_minor) AS kept FROM payments_payment GROUP BY 1) k
               ON k.order_id = o.id
        LEFT JOIN (SELECT order_id, sum(total_minor) AS back FROM payments_refundrequest
                   WHERE status = 'approved' GROUP BY 1) r ON r.order_id = o.id
        CROSS JOIN LATERAL (SELECT CASE WHEN o.status IN ('confirmed', 'completed')
                                   THEN o.total_minor - coalesce(r.back, 0) ELSE 0 END
                                   - coalesce(k.kept, 0) AS owed) w
        WHERE coalesce(b.owed, 0) <> w.owed""",
    "M13 no refund without its reason in the books": """
        SELECT 'order ' || o.number, format('%s more was refunded than was taken back of its sale', b.owed)
        FROM orders_order o
        JOIN (SELECT j.order_id, sum(p.amount_minor) AS owed
              FROM payments_journal j JOIN payments_posting p ON p.journal_id = j.id AND p.account = 'receivable'
              GROUP BY 1) b ON b.order_id = o.id
        LEFT JOIN (SELECT DISTINCT order_id FROM payments_payment
                   WHERE authorized_minor > 0 AND flag IN ('', 'lapsed')) h ON h.order_id = o.id
        LEFT JOIN (SELECT order_id, sum(amount_minor - captured_minor - credited_minor) AS unpaid
                   FROM payments_payment WHERE status = 'agreed' GROUP BY 1) a ON a.order_id = o.id
        WHERE b.owed > coalesce(a.unpaid, 0) AND h.order_id IS NULL""",
    "M14 refunds by line equal their lines": """
        SELECT 'order line ' || l.id, format('%s units refunded, refunds say %s', l.refunded_quantity,
               coalesce(r.units, 0))
        FROM orders_orderline l
        LEFT JOIN (SELECT b.line_id, sum(b.quantity) AS units FROM payments_refundline b
                   JOIN payments_refundrequest q ON q.id = b.request_id AND q.status <> 'declined'
                   GROUP BY 1) r ON r.line_id = l.id
        WHERE l.refunded_quantity <> coalesce(r.units, 0)
        UNION ALL
        SELECT 'order ' || o.number, format('%s of delivery refunded, refunds say %s', o.refunded_shipping_minor,
               coalesce(r.minor, 0))
        FROM orders_order o
        LEFT JOIN (SELECT order_id, sum(shipping_minor) AS minor FROM payments_refundrequest
                   WHERE status <> 'declined' GROUP BY 1) r ON r.order_id = o.id
        WHERE o.refunded_shipping_minor <> coalesce(r.minor, 0)""",
    "M15 a refund adds up, and its journal says the same": """
        SELECT 'refund request ' || r.id, format('lines %s, delivery %s, goodwill %s, total %s, journal %s',
               coalesce(l.lines, 0), r.shipping_minor, r.goodwill_minor, r.total_minor, b.goodwill)
        FROM payments_refundrequest r
        LEFT JOIN (SELECT request_id, sum(total_minor) AS lines FROM payments_refundline GROUP BY 1) l
               ON l.request_id = r.id
        LEFT JOIN (SELECT j.provider_ref,
                          sum(p.amount_minor) FILTER (WHERE p.account = 'goodwill') AS goodwill
                   FROM payments_journal j JOIN payments_posting p ON p.journal_id = j.id
                   WHERE j.kind IN ('reversal', 'goodwill') GROUP BY 1) b ON b.provider_ref = r.key::text
        WHERE coalesce(l.lines, 0) + r.shipping_minor + r.goodwill_minor <> r.total_minor
           OR (r.status = 'approved' AND r.goodwill_minor <> coalesce(b.goodwill, 0))""",
    "M16 the tax of a journal by rate is the tax that it books": """
        SELECT 'journal ' || j.id, format('rates say %s, booked %s', t.minor, -coalesce(p.minor, 0))
        FROM payments_journal j
        CROSS JOIN LATERAL (SELECT coalesce(sum((x->>'tax_minor')::bigint), 0) AS minor
                            FROM jsonb_array_elements(j.taxes) x) t
        LEFT JOIN (SELECT journal_id, sum(amount_minor) AS minor FROM payments_posting
                   WHERE account = 'tax' GROUP BY 1) p ON p.journal_id = j.id
        WHERE t.minor <> -coalesce(p.minor, 0)""",
    "M17 disputed payments equal the books": """
        SELECT 'payment ' || p.id, format('disputed %s, its disputes %s, books %s', p.disputed_minor,
               coalesce(d.withdrawn, 0), coalesce(b.minor, 0))
        FROM payments_payment p
        LEFT JOIN (SELECT payment_id, sum(withdrawn_minor) AS withdrawn FROM payments_dispute GROUP BY 1) d
               ON d.payment_id = p.id
        LEFT JOIN (SELECT j.payment_id, -sum(o.amount_minor) AS minor
                   FROM payments_journal j JOIN payments_posting o ON o.journal_id = j.id AND o.account = 'stripe'
                   WHERE j.kind = 'dispute' GROUP BY 1) b ON b.payment_id = p.id
        WHERE p.disputed_minor <> coalesce(d.withdrawn, 0) OR p.disputed_minor <> coalesce(b.minor, 0)""",
    "M18 only open disputes hold money back": """
        SELECT 'payment ' || p.id, format('books hold %s back, open disputes %s', coalesce(b.held, 0),
               coalesce(d.held, 0))
        FROM payments_payment p
        LEFT JOIN (SELECT j.payment_id, sum(o.amount_minor) AS held
                   FROM payments_journal j JOIN payments_posting o ON o.journal_id = j.id AND o.account = 'disputed'
                   GROUP BY 1) b ON b.payment_id = p.id
        LEFT JOIN (SELECT payment_id, sum(withdrawn_minor) AS held FROM payments_dispute
                   WHERE status <> 'lost' GROUP BY 1) d ON d.payment_id = p.id
        WHERE coalesce(b.held, 0) <> coalesce(d.held, 0)""",
    "M10 what is owed to holders of gift cards stands in the books": """
        SELECT 'currency ' || currency, format('books owe %s, cards and unpaid orders hold %s', sum(books), sum(cards))
        FROM (SELECT j.currency, -p.amount_minor AS books, 0 AS cards FROM payments_posting p
              JOIN payments_journal j ON j.id = p.journal_id WHERE p.account = 'gift_cards'
              UNION ALL SELECT currency, 0, balance_minor FROM orders_giftcard
              UNION ALL SELECT o.currency, 0, o.tendered_minor FROM orders_order o WHERE o.status = 'placed') t
        GROUP BY currency HAVING sum(books) <> sum(cards)""",
    "M11 gift card payments equal what their orders took": """
        SELECT 'payment ' || p.id, format('captured %s, its card gave %s', p.captured_minor, coalesce(m.given, 0))
        FROM payments_payment p
        LEFT JOIN (SELECT order_id, card_id, -sum(amount_minor) AS given FROM orders_giftcardmovement
                   WHERE kind IN ('redeemed', 'released') GROUP BY 1, 2) m
               ON m.order_id = p.order_id AND m.card_id = p.gift_card_id
        WHERE p.gift_card_id IS NOT NULL AND p.captured_minor <> coalesce(m.given, 0)""",
    "M12 the stored sums of the last finished days equal their journals": """
        WITH days AS (SELECT day, zone FROM payments_booksday ORDER BY day DESC LIMIT 40),
        booked AS (
            SELECT d.day, p.account, sum(p.amount_minor) AS minor
            FROM payments_journal j
            JOIN days d ON d.day = (j.created_at AT TIME ZONE (SELECT min(zone) FROM days))::date
            JOIN payments_posting p ON p.journal_id = j.id
            WHERE j.created_at >= (SELECT min(day)::timestamp AT TIME ZONE min(zone) FROM days) AND NOT j.is_test
            GROUP BY 1, 2),
        stored AS (
            SELECT s.day, s.account, sum(s.amount_minor) AS minor
            FROM payments_dailysum s JOIN days USING (day) WHERE s.account <> '' GROUP BY 1, 2)
        SELECT 'day ' || day, format('%s: journals %s, stored %s', account, coalesce(booked.minor, 0),
               coalesce(stored.minor, 0))
        FROM booked FULL JOIN stored USING (day, account)
        WHERE coalesce(booked.minor, 0) <> coalesce(stored.minor, 0)""",
    "M8 amounts of another kind than ordered wait for a human": """
        SELECT 'payment ' || id, 'Stripe took another amount or currency' FROM payments_payment WHERE flag = 'mismatch'""",
    "D1 the inbox is worked off": """
        SELECT 'event ' || stripe_id, format('%s since %s: %s', status, received_at, last_error)
        FROM payments_stripeevent
        WHERE status = 'failed' OR (status = 'new' AND received_at < now() - interval '1 hour')""",
    "M9 nobody can pay a canceled order": """
        SELECT 'payment ' || p.id, format('is %s, order %s is canceled', p.status, o.number)
        FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
        WHERE o.status = 'canceled' AND p.status IN ('open', 'processing', 'agreed')""",
    **OFFLINE_INVARIANTS,
    **BALANCE_INVARIANTS,
    **AUTHORIZATION_INVARIANTS,
}
