"""Invariants of the money that Stripe holds: its balance transactions and payouts against the books.

They start at the oldest balance transaction that is stored, because older ones were never read. Stripe lists a movement
within seconds, and the sweep stores it every ten minutes; two days leave room for an outage.
"""

# The amounts on the account of Stripe that belong to each source: a charge by its payment, a dispute or set-aside
# movement by its balance transaction, anything else by the reference of the journal up to a slash. Fees are compared for
# themselves.
BOOKED = """
    booked AS (
        SELECT coalesce(CASE WHEN j.kind = 'capture' THEN c.source END, t.source, split_part(j.provider_ref, '/', 1))
               AS source, j.currency, sum(p.amount_minor) AS minor
        FROM payments_posting p JOIN payments_journal j ON j.id = p.journal_id AND j.kind <> 'fee'
        LEFT JOIN payments_balancetransaction c ON c.payment_id = j.payment_id AND c.type IN ('charge', 'payment')
               AND j.kind = 'capture'
        LEFT JOIN payments_balancetransaction t ON t.stripe_id = split_part(j.provider_ref, '/', 1)
               AND j.kind IN ('set_aside', 'dispute', 'exchange')
        WHERE p.account = 'stripe' GROUP BY 1, 2)"""
FIRST = "(SELECT min(created_at) FROM payments_balancetransaction)"
# Movements that are nothing but a fee have it as their amount.
FEE_TYPES = "('stripe_fee', 'stripe_fx_fee', 'tax_fee', 'network_cost')"
MOVED = f"CASE WHEN t.type IN {FEE_TYPES} THEN 0 ELSE t.amount_minor END"
FEE = f"CASE WHEN t.type IN {FEE_TYPES} THEN t.fee_minor - t.amount_minor ELSE t.fee_minor END"

BALANCE_INVARIANTS: dict[str, str] = {
    "M20 a captured payment has its balance transaction and fee after two days": f"""
        WITH fees AS (
            SELECT split_part(j.provider_ref, '/', 1) AS transaction, sum(p.amount_minor) AS minor
            FROM payments_journal j JOIN payments_posting p ON p.journal_id = j.id AND p.account = 'fees'
            WHERE j.kind = 'fee' GROUP BY 1)
        SELECT 'payment ' || p.id, format('captured %s at %s, no balance transaction is stored', p.captured_minor,
               p.captured_at)
        FROM payments_payment p
        LEFT JOIN payments_balancetransaction t ON t.payment_id = p.id AND t.type IN ('charge', 'payment')
        WHERE p.method = 'stripe' AND p.captured_minor > 0 AND p.captured_at < now() - interval '2 days'
          AND p.captured_at > {FIRST} AND t.id IS NULL
        UNION ALL
        SELECT 'balance transaction ' || t.stripe_id, format('fee %s, books %s', t.fee, coalesce(fees.minor, 0))
        FROM (SELECT t.stripe_id, {FEE} AS fee FROM payments_balancetransaction t) t
        LEFT JOIN fees ON fees.transaction = t.stripe_id
        WHERE t.fee <> coalesce(fees.minor, 0)""",  # noqa: S608  (our own text)
    "M21 a payout equals its balance transactions and stands in the books": """
        SELECT 'payout ' || o.stripe_id, format('amount %s, its transactions %s', o.amount_minor, coalesce(t.minor, 0))
        FROM payments_payout o
        LEFT JOIN (SELECT payout_id, sum(net_minor) AS minor FROM payments_balancetransaction
                   WHERE type <> 'payout' GROUP BY 1) t ON t.payout_id = o.id
        WHERE o.is_itemized AND o.amount_minor <> coalesce(t.minor, 0)
        UNION ALL
        SELECT 'payout ' || o.stripe_id, format('is %s over %s, books say %s', o.status, o.amount_minor,
               coalesce(b.minor, 0))
        FROM payments_payout o
        LEFT JOIN (SELECT j.provider_ref, sum(p.amount_minor) AS minor FROM payments_journal j
                   JOIN payments_posting p ON p.journal_id = j.id AND p.account = 'bank' GROUP BY 1) b
               ON b.provider_ref = o.stripe_id
        WHERE coalesce(b.minor, 0) <> CASE WHEN o.status IN ('failed', 'canceled') THEN 0 ELSE o.amount_minor END""",
    "M22 money at Stripe in the books is Stripe's balance": f"""
        WITH {BOOKED},
        moved AS (
            SELECT t.source, c.currency, sum(c.minor) AS minor, max(t.created_at) AS at,
                   bool_or(r.status IN ('requested', 'pending')) AS is_pending
            FROM payments_balancetransaction t LEFT JOIN payments_refund r ON r.id = t.refund_id
            CROSS JOIN LATERAL (
                SELECT t.currency, {MOVED} AS minor
                UNION ALL SELECT t.charged_currency, 0 WHERE t.charged_currency <> '' AND t.payment_id IS NOT NULL) c
            GROUP BY 1, 2)
        SELECT 'source ' || m.source, format('moved %s %s at Stripe, books say %s', m.minor, m.currency,
               coalesce(b.minor, 0))
        FROM moved m LEFT JOIN booked b ON b.source = m.source AND b.currency = m.currency
        WHERE m.minor <> coalesce(b.minor, 0) AND m.is_pending IS NOT TRUE AND m.at < now() - interval '2 days'
        UNION ALL
        SELECT 'journal ' || j.id, format('%s %s moves money at Stripe, no balance transaction does', j.kind,
               j.provider_ref)
        FROM payments_journal j
        JOIN payments_posting p ON p.journal_id = j.id AND p.account = 'stripe'
        LEFT JOIN payments_balancetransaction t
               ON t.source = split_part(j.provider_ref, '/', 1)
               AND j.kind NOT IN ('fee', 'set_aside', 'dispute', 'exchange', 'capture')
        LEFT JOIN payments_balancetransaction c ON c.payment_id = j.payment_id AND c.type IN ('charge', 'payment')
               AND j.kind = 'capture'
        LEFT JOIN payments_balancetransaction f
               ON f.stripe_id = split_part(j.provider_ref, '/', 1) AND j.kind IN ('fee', 'set_aside', 'dispute', 'exchange')
        WHERE j.created_at > {FIRST} AND j.created_at < now() - interval '2 days'
          AND t.id IS NULL AND c.id IS NULL AND f.id IS NULL""",  # noqa: S608  (our own text)
}
