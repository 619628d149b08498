"""Faults that a superuser could leave in any one row, for each invariant of the audit, and what the audit must name."""

import random
import re
from dataclasses import dataclass

from django.db import connection, transaction

from shop.operations.audit import DERIVED, INVARIANTS, bounded

MOVEMENT = (
    "INSERT INTO catalog_stockmovement (kind, variant_id, location_id, on_hand_change, reserved_change, reference, line,"
    " reason, created_at) "
)
RECENT_CART = "cart_id IN (SELECT id FROM orders_cart)"
KEPT = (
    "p.status = 'captured' AND p.captured_minor > 0 AND p.refunded_minor = 0 AND p.gift_card_id IS NULL AND p.flag = ''"
    " AND NOT EXISTS (SELECT 1 FROM payments_refund r WHERE r.payment_id = p.id)"
)


@dataclass(frozen=True)
class Plant:
    """`victims` selects rows that can be damaged, as (id, what the audit must name); `fault` damages one of them."""

    victims: str
    fault: str


PLANTS: dict[str, Plant] = {
    "S1": Plant(
        "SELECT id, 'stock ' || id FROM catalog_stock", "UPDATE catalog_stock SET on_hand = on_hand + 1 WHERE id = %s"
    ),
    "S1b": Plant(
        "SELECT s.id, 'movement of variant ' || s.variant_id FROM catalog_stock s WHERE EXISTS (SELECT 1 FROM"
        " catalog_stockmovement m WHERE m.variant_id = s.variant_id AND m.location_id = s.location_id)",
        "DELETE FROM catalog_stock WHERE id = %s",
    ),
    "S2": Plant(
        "SELECT id, 'stock ' || id FROM catalog_stock",
        "UPDATE catalog_stock SET reserved = on_hand + backorder_limit + shortfall + 5 WHERE id = %s",
    ),
    "S3": Plant(
        "SELECT r.id, 'stock ' || s.id FROM catalog_reservation r JOIN catalog_stock s USING (variant_id, location_id)",
        "UPDATE catalog_reservation SET quantity = quantity + 1 WHERE id = %s",
    ),
    "S3b": Plant(
        "SELECT id, 'order line ' || line FROM catalog_reservation", "DELETE FROM catalog_reservation WHERE id = %s"
    ),
    "S3c": Plant(
        "SELECT id, 'reservation ' || id FROM catalog_reservation",
        "UPDATE catalog_reservation SET reference = 'HS-NOBODY' WHERE id = %s",
    ),
    "S4": Plant(
        "SELECT DISTINCT variant_id, 'variant ' || variant_id FROM catalog_stockmovement",
        f"{MOVEMENT} SELECT 'shipped', id, (SELECT min(id) FROM catalog_location), -99999999, 0, '', NULL, '', now()"
        " FROM catalog_variant WHERE id = %s",
    ),
    "S5": Plant(
        "SELECT id, 'order line ' || id FROM orders_orderline WHERE is_stocked AND shipped_quantity > 0",
        "UPDATE orders_orderline SET shipped_quantity = shipped_quantity - 1 WHERE id = %s",
    ),
    "S5b": Plant(
        "SELECT id, 'order line ' || line_id FROM orders_fulfillmentline",
        "DELETE FROM orders_fulfillmentline WHERE id = %s",
    ),
    "S6": Plant(
        "SELECT l.id, 'order line ' || l.id FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id"
        " WHERE o.status = 'canceled' AND l.variant_id IS NOT NULL",
        f"{MOVEMENT} SELECT 'reserved', l.variant_id, (SELECT min(id) FROM catalog_location), 0, 1, o.number, l.id, '', now()"
        " FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id WHERE l.id = %s",
    ),
    "S7": Plant(
        "SELECT id, 'order ' || number FROM orders_order WHERE status = 'placed'",
        "UPDATE orders_order SET payment_due_at = now() - interval '11 minutes' WHERE id = %s",
    ),
    "S8": Plant(
        "SELECT id, 'transfer line ' || id FROM catalog_transferline",
        "UPDATE catalog_transferline SET received = received + 1 WHERE id = %s",
    ),
    "S9": Plant(
        "SELECT id, 'receipt line ' || id FROM catalog_receiptline",
        "UPDATE catalog_receiptline SET quantity = quantity + 1 WHERE id = %s",
    ),
    "S9b": Plant(
        "SELECT id, 'purchase order line ' || id FROM catalog_purchaseorderline",
        "UPDATE catalog_purchaseorderline SET received = received + 1 WHERE id = %s",
    ),
    "L1": Plant(
        "SELECT DISTINCT product_id, 'product ' || product_id FROM catalog_listing",
        "DELETE FROM catalog_listing WHERE product_id = %s",
    ),
    "L2": Plant(
        "SELECT id, 'listing ' || id FROM catalog_listing WHERE NOT is_past AND valid @> now() AND NOT EXISTS"
        " (SELECT 1 FROM catalog_dirtylisting d WHERE d.product_id = catalog_listing.product_id)",
        "UPDATE catalog_listing SET stock_class = CASE stock_class WHEN 'out' THEN 'in' ELSE 'out' END WHERE id = %s",
    ),
    "L3": Plant(
        "SELECT id, 'variant ' || variant_id FROM catalog_price WHERE valid @> now()",
        "ALTER TABLE catalog_price DROP CONSTRAINT price_no_overlap; INSERT INTO catalog_price (variant_id, market, currency,"
        " kind, amount_minor, valid) SELECT variant_id, market, currency, kind, amount_minor, valid FROM catalog_price"
        " WHERE id = %s",
    ),
    "L4": Plant(
        "SELECT DISTINCT product_id, 'product ' || product_id FROM catalog_review WHERE status = 'published'",
        "UPDATE catalog_product SET review_count = review_count + 1 WHERE id = %s",
    ),
    "O1": Plant(
        f"SELECT id, 'cart ' || cart_id FROM orders_order WHERE {RECENT_CART}",
        "UPDATE orders_order SET cart_id = gen_random_uuid() WHERE id = %s",
    ),
    "O2": Plant(
        "SELECT id, 'order ' || number FROM orders_order",
        "UPDATE orders_order SET total_minor = total_minor + 1 WHERE id = %s",
    ),
    "O3": Plant(
        "SELECT u.id, 'order ' || o.number FROM orders_promotionuse u JOIN orders_order o ON o.id = u.order_id",
        "UPDATE orders_promotionuse SET given_back_at = CASE WHEN given_back_at IS NULL THEN now() END WHERE id = %s",
    ),
    "O4": Plant(
        "SELECT id, 'order ' || number FROM orders_order",
        "UPDATE orders_order SET receipt = jsonb_set(receipt, '{total_minor}', to_jsonb(total_minor + 1)) WHERE id = %s",
    ),
    "O5": Plant(
        "SELECT id, 'gift card ' || id FROM orders_giftcard",
        "UPDATE orders_giftcard SET balance_minor = balance_minor + 1 WHERE id = %s",
    ),
    "O6": Plant(
        "SELECT id, 'order ' || number FROM orders_order WHERE status <> 'canceled'",
        "UPDATE orders_order SET tendered_minor = tendered_minor + 1 WHERE id = %s",
    ),
    "O7": Plant(
        "SELECT id, 'order line ' || order_line_id FROM orders_giftcard WHERE order_line_id IS NOT NULL",
        "UPDATE orders_giftcard SET order_line_id = NULL WHERE id = %s",
    ),
    "O8": Plant(
        f"SELECT id, 'order ' || number FROM orders_order WHERE {RECENT_CART}",
        "UPDATE orders_order SET total_minor = total_minor + 1 WHERE id = %s",
    ),
    "M0": Plant(
        "SELECT id, 'journal ' || journal_id FROM payments_posting",
        "UPDATE payments_posting SET amount_minor = amount_minor + 1 WHERE id = %s",
    ),
    "M1": Plant(
        "SELECT id, 'payment ' || id FROM payments_payment",
        "UPDATE payments_payment SET captured_minor = captured_minor + 1 WHERE id = %s",
    ),
    "M2": Plant(
        f"SELECT p.id, 'payment ' || p.id FROM payments_payment p WHERE {KEPT}",
        "UPDATE orders_order SET status = 'canceled', cancel_reason = 'staff'"
        " WHERE id = (SELECT order_id FROM payments_payment WHERE id = %s)",
    ),
    "M3": Plant(
        f"SELECT p.id, 'order ' || o.number FROM payments_payment p JOIN orders_order o ON o.id = p.order_id WHERE {KEPT}",
        "",
    ),
    "M4": Plant(
        "SELECT p.id, 'order ' || o.number FROM payments_payment p JOIN orders_order o ON o.id = p.order_id"
        f" WHERE {KEPT} AND o.status IN ('confirmed', 'completed')",
        "UPDATE payments_payment SET captured_minor = captured_minor - 1 WHERE id = %s",
    ),
    "M5": Plant(
        "SELECT id, 'payment ' || payment_id FROM payments_refund WHERE status = 'succeeded'",
        "UPDATE payments_refund SET amount_minor = amount_minor + 1 WHERE id = %s",
    ),
    "M6": Plant(
        f"SELECT p.id, 'payment ' || p.id FROM payments_payment p WHERE {KEPT}",
        "UPDATE payments_payment SET flag = 'late' WHERE id = %s",
    ),
    "M7": Plant(
        "SELECT id, 'order ' || number FROM orders_order WHERE status = 'placed' AND total_minor > 0",
        "UPDATE orders_order SET status = 'confirmed' WHERE id = %s",
    ),
    "M8": Plant(
        f"SELECT p.id, 'payment ' || p.id FROM payments_payment p WHERE {KEPT}",
        "UPDATE payments_payment SET flag = 'mismatch' WHERE id = %s",
    ),
    "M9": Plant(
        "SELECT p.id, 'payment ' || p.id FROM payments_payment p JOIN orders_order o ON o.id = p.order_id"
        " WHERE o.status = 'canceled'",
        "UPDATE payments_payment SET status = 'processing' WHERE id = %s",
    ),
    "M10": Plant(
        "SELECT id, 'currency ' || currency FROM orders_giftcard",
        "UPDATE orders_giftcard SET balance_minor = balance_minor + 1 WHERE id = %s",
    ),
    "M11": Plant(
        "SELECT id, 'payment ' || id FROM payments_payment WHERE gift_card_id IS NOT NULL",
        "UPDATE payments_payment SET captured_minor = captured_minor - 1 WHERE id = %s",
    ),
    "M12": Plant(
        "SELECT id, 'day ' || day FROM payments_dailysum WHERE account <> '' AND day IN"
        " (SELECT day FROM payments_booksday ORDER BY day DESC LIMIT 40)",
        "UPDATE payments_dailysum SET amount_minor = amount_minor + 1 WHERE id = %s",
    ),
    "M13": Plant(
        "SELECT o.id, 'order ' || o.number FROM orders_order o WHERE o.status IN ('confirmed', 'completed')"
        " AND NOT EXISTS (SELECT 1 FROM payments_payment p JOIN payments_refund r ON r.payment_id = p.id"
        " WHERE p.order_id = o.id)",
        "WITH made AS (INSERT INTO payments_journal (kind, provider_ref, order_id, currency, taxes, created_at)"
        " SELECT 'refund', 're_planted', id, currency, '[]', now() FROM orders_order WHERE id = %s RETURNING id)"
        " INSERT INTO payments_posting (journal_id, account, amount_minor)"
        " SELECT id, 'receivable', 1 FROM made UNION ALL SELECT id, 'stripe', -1 FROM made",
    ),
    "M14": Plant(
        "SELECT id, 'order line ' || id FROM orders_orderline",
        "UPDATE orders_orderline SET refunded_quantity = refunded_quantity + 1 WHERE id = %s",
    ),
    "M15": Plant(
        "SELECT id, 'refund request ' || id FROM payments_refundrequest",
        "UPDATE payments_refundrequest SET total_minor = total_minor + 1 WHERE id = %s",
    ),
    "M16": Plant(
        "SELECT id, 'journal ' || id FROM payments_journal WHERE kind = 'sale'",
        """UPDATE payments_journal SET taxes = taxes || '[{"percent": "7", "base_minor": 9, "tax_minor": 1}]'::jsonb
        WHERE id = %s""",
    ),
    "M17": Plant(
        "SELECT id, 'payment ' || id FROM payments_payment",
        "UPDATE payments_payment SET disputed_minor = disputed_minor + 1 WHERE id = %s",
    ),
    "M18": Plant(
        "SELECT id, 'payment ' || payment_id FROM payments_dispute WHERE status <> 'lost'",
        "UPDATE payments_dispute SET withdrawn_minor = withdrawn_minor + 1 WHERE id = %s",
    ),
    "M20": Plant(
        "SELECT id, 'balance transaction ' || stripe_id FROM payments_balancetransaction",
        "UPDATE payments_balancetransaction SET fee_minor = fee_minor + 1, net_minor = net_minor - 1 WHERE id = %s",
    ),
    "M21": Plant(
        "SELECT id, 'payout ' || stripe_id FROM payments_payout",
        "UPDATE payments_payout SET amount_minor = amount_minor + 1 WHERE id = %s",
    ),
    "M22": Plant(
        "SELECT id, 'source ' || source FROM payments_balancetransaction WHERE type IN ('charge', 'payment')",
        "UPDATE payments_balancetransaction SET amount_minor = amount_minor + 1, net_minor = net_minor + 1,"
        " created_at = now() - interval '3 days' WHERE id = %s",
    ),
    "D1": Plant(
        "SELECT n, 'event evt_planted_' || n FROM generate_series(1, 100) AS n",
        "INSERT INTO payments_stripeevent (stripe_id, type, account, livemode, object_id, body, status, attempts,"
        " next_try_at, last_error, received_at) SELECT 'evt_planted_' || %s, 'x', '', false, '', '', 'new', 3, now(), '',"
        " now() - interval '61 minutes'",
    ),
    "D2": Plant(
        "SELECT id, 'mail ' || message_id FROM shop_mail", "UPDATE shop_mail SET status = 'dead' WHERE id = %s"
    ),
    "D3": Plant(
        "SELECT m.id, 'order ' || o.number FROM shop_mail m JOIN orders_order o ON m.message_id LIKE"
        " '<order_confirmed.' || replace(o.public_id::text, '-', '') || '@%%' WHERE o.confirmed_at IS NOT NULL",
        "DELETE FROM shop_mail WHERE id = %s",
    ),
}


def codes() -> list[str]:
    """The short names of all invariants."""
    return [name.split(" ")[0] for name in (*INVARIANTS, *DERIVED)]


def _copied_payment() -> str:
    """Return SQL that adds a second payment like one that is there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'payments_payment'"
            " AND column_name NOT IN ('id', 'key', 'session_id', 'payment_intent_id')"
        )
        columns = ", ".join(f'"{row[0]}"' for row in cursor.fetchall())
    return f"INSERT INTO payments_payment (key, {columns}) SELECT gen_random_uuid(), {columns} FROM payments_payment WHERE id = %s"


def _drop_checks(cursor, fault: str) -> None:
    """Drop the CHECK constraints of the damaged table, as a superuser can."""
    table = re.search(r"(?:UPDATE|INTO|FROM) (\w+)", fault)[1]
    cursor.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c' AND convalidated", [table]
    )
    for (name,) in cursor.fetchall():
        cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')


def victims_of(code: str, count: int, draw: random.Random) -> list[tuple[int, str]]:
    """Return that many random rows, each as often as it must be."""
    with connection.cursor() as cursor:
        cursor.execute(PLANTS[code].victims, [] if "%%" in PLANTS[code].victims else None)
        found = sorted(cursor.fetchall())
    return draw.choices(found, k=count) if found else []


def names_after(code: str, victim: int) -> set[str]:
    """Damage the row, return every key that this invariant then names, and undo the damage."""
    fault = PLANTS[code].fault or _copied_payment()
    with transaction.atomic():
        with connection.cursor() as cursor:
            _drop_checks(cursor, fault)
            cursor.execute("SET LOCAL session_replication_role = replica")
            for statement in fault.split("; "):
                cursor.execute(statement, [victim] if "%s" in statement else None)
            keys = _keys(code, cursor)
        transaction.set_rollback(True)
    return keys


def _keys(code: str, cursor) -> set[str]:
    for name, query in INVARIANTS.items():
        if name.split(" ")[0] == code:
            cursor.execute(bounded(query, 100))
            return {str(row[0]) for row in cursor.fetchall()}
    check = next(check for name, check in DERIVED.items() if name.split(" ")[0] == code)
    return {key for key, _problem in check()}
