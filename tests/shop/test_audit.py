"""The audit finds each kind of corruption, names the row and exits 1."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from catalog.inventory import receive_transfer, send
from catalog.listings.reviews import Opinion, moderate, write_review
from catalog.models import Capture, Review
from orders.fulfillment import NewFulfillment, ship
from orders.models import Order
from payments import gateway
from payments.balance import payment_of, take_over_entry, take_over_payout
from payments.cancellation import cancel_order
from payments.gateway import PayoutState
from payments.refunds import carry_out_waiting
from payments.sessions import start_payment
from payments.settlement import settle
from shop.operations.audit import DERIVED, INVARIANTS, SET_WISE, bounded, run_audit
from tests.catalog.purchases import make_purchase, receive_purchase
from tests.factories import (
    make_cart,
    make_gift_card,
    make_location,
    make_order,
    make_promotion,
    make_variant,
    place,
    with_codes,
)

pytestmark = pytest.mark.django_db(transaction=True)

# Invariant → SQL that breaks it, against a shop with a shipped, a canceled and an unpaid order.
CORRUPTIONS = {
    "S1 ": "UPDATE catalog_stock SET on_hand = on_hand + 1",
    "S1b": "ALTER TABLE catalog_stockmovement DISABLE TRIGGER append_only; UPDATE catalog_stockmovement SET location_id = (SELECT id FROM catalog_location WHERE code = 'spare')",
    "S2 ": "ALTER TABLE catalog_stock DROP CONSTRAINT stock_not_oversold; UPDATE catalog_stock SET reserved = on_hand + 5",
    "S3 ": "UPDATE catalog_reservation SET quantity = quantity + 1",
    "S3b": "UPDATE orders_order SET status = 'completed' WHERE status = 'placed'",
    "S3c": "UPDATE catalog_reservation SET reference = 'HS-NOBODY'",
    "S4 ": "INSERT INTO catalog_stockmovement (kind, variant_id, location_id, on_hand_change, reserved_change, reference, reason, created_at) SELECT 'shipped', id, (SELECT min(id) FROM catalog_location), -9999, 0, '', '', now() FROM catalog_variant LIMIT 1",
    "S5 ": "UPDATE orders_orderline SET shipped_quantity = 0",
    "S5b": "DELETE FROM orders_fulfillmentline",
    "S6 ": "INSERT INTO catalog_stockmovement (kind, variant_id, location_id, on_hand_change, reserved_change, reference, line, reason, created_at) SELECT 'reserved', l.variant_id, (SELECT min(id) FROM catalog_location), 0, 1, o.number, l.id, '', now() FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id WHERE o.status = 'canceled'",
    "S7 ": "UPDATE orders_order SET payment_due_at = now() - interval '1 hour' WHERE status = 'placed'",
    "O1 ": "UPDATE orders_order SET cart_id = gen_random_uuid() WHERE status = 'placed'",
    "O2 ": "UPDATE orders_orderline SET subtotal_minor = subtotal_minor + unit_minor, quantity = quantity + 1",
    "O4 ": "UPDATE orders_order SET receipt = '{}'",
    "M0 ": "ALTER TABLE payments_posting DISABLE TRIGGER ALL; UPDATE payments_posting SET amount_minor = amount_minor + 1 WHERE id = (SELECT min(id) FROM payments_posting)",
    "M1 ": "UPDATE payments_payment SET refunded_minor = refunded_minor - 1 WHERE refunded_minor > 0",
    "M2 ": "UPDATE orders_order SET status = 'canceled', cancel_reason = 'staff' WHERE status = 'completed'",
    "M3 ": "INSERT INTO payments_payment (order_id, method, status, flag, currency, amount_minor, captured_minor, refunded_minor, disputed_minor, key, key_attempt, parameters, session_url, charge_id, card, last_error, created_at) SELECT order_id, method, status, flag, currency, amount_minor, captured_minor, refunded_minor, disputed_minor, gen_random_uuid(), 0, parameters, session_url, charge_id, card, last_error, created_at FROM payments_payment WHERE status = 'captured' AND refunded_minor = 0",
    "M4 ": "UPDATE payments_payment SET captured_minor = 0 WHERE refunded_minor = 0",
    "M5 ": "UPDATE payments_refund SET amount_minor = amount_minor + 1",
    "M6 ": "UPDATE payments_payment SET flag = 'late' WHERE refunded_minor = 0 AND status = 'captured'",
    "M7 ": "UPDATE orders_order SET status = 'confirmed' WHERE status = 'placed'",
    "M8 ": "UPDATE payments_payment SET flag = 'mismatch'",
    "D1 ": "INSERT INTO payments_stripeevent (stripe_id, type, account, livemode, object_id, body, status, attempts, next_try_at, last_error, received_at) VALUES ('evt', 'x', '', false, '', '', 'failed', 15, now(), 'boom', now())",
    "D2 ": "UPDATE shop_mail SET status = 'dead'",
    "D3 ": "DELETE FROM shop_mail",
    "L1 ": "DELETE FROM catalog_listing",
    "L2 ": "DELETE FROM catalog_dirtylisting; UPDATE catalog_listing SET stock_class = 'out'",
    "S8 ": "UPDATE catalog_transferline SET received = received - 1",
    "S9 ": "UPDATE catalog_receiptline SET quantity = quantity + 1",
    "S9b": "UPDATE catalog_purchaseorderline SET received = received + 1",
    "L3 ": "ALTER TABLE catalog_price DROP CONSTRAINT price_no_overlap; INSERT INTO catalog_price (variant_id, market, currency, kind, amount_minor, valid) SELECT variant_id, market, currency, kind, amount_minor, tstzrange(NULL, NULL) FROM catalog_price LIMIT 1",
    "L4 ": "UPDATE catalog_review SET rating = 1",
    "O3 ": "UPDATE orders_promotion SET uses = 0",
    "O5 ": "UPDATE orders_giftcard SET balance_minor = initial_minor - 1",
    "O6 ": "UPDATE orders_order SET tendered_minor = tendered_minor + 1 WHERE tendered_minor > 0",
    "O7 ": "ALTER TABLE orders_giftcardmovement DISABLE TRIGGER ALL; DELETE FROM orders_giftcardmovement m USING orders_giftcard c WHERE c.id = m.card_id AND c.order_line_id IS NOT NULL; DELETE FROM orders_giftcard WHERE order_line_id IS NOT NULL",
    "O8 ": "UPDATE orders_order SET subtotal_minor = subtotal_minor + 1, total_minor = total_minor + 1",
    "M10": "UPDATE orders_giftcard SET balance_minor = balance_minor - 1 WHERE balance_minor > 0",
    "M11": "UPDATE payments_payment SET captured_minor = captured_minor - 1 WHERE gift_card_id IS NOT NULL",
    "M12": "INSERT INTO payments_booksday (day, zone) VALUES (current_date, 'UTC')",
    "M13": "WITH made AS (INSERT INTO payments_journal (kind, provider_ref, order_id, currency, taxes, created_at) SELECT 'refund', 're_unknown', order_id, currency, '[]', now() FROM payments_journal WHERE kind = 'sale' ORDER BY id LIMIT 1 RETURNING id) INSERT INTO payments_posting (journal_id, account, amount_minor) SELECT id, 'receivable', 100 FROM made UNION ALL SELECT id, 'stripe', -100 FROM made",
    "M14": "UPDATE orders_orderline SET refunded_quantity = 1",
    "M15": "INSERT INTO payments_refundrequest (order_id, key, status, currency, shipping_minor, shipping_tax_minor, goodwill_minor, tax_minor, taxes, total_minor, target, reason, note, has_mail, asked_at, decided_at) SELECT id, gen_random_uuid(), 'approved', currency, 0, 0, 0, 0, '[]', 100, 'same', 'late', '', false, now(), now() FROM orders_order WHERE status = 'completed'",
    "M16": """ALTER TABLE payments_journal DISABLE TRIGGER append_only; UPDATE payments_journal SET taxes = '[{"percent": "19", "base_minor": 1, "tax_minor": 1}]' WHERE kind = 'sale'""",
    "M17": "UPDATE payments_payment SET disputed_minor = 1",
    "M18": "INSERT INTO payments_dispute (stripe_id, payment_id, status, reason, currency, amount_minor, withdrawn_minor, opened_at) SELECT 'du_unknown', min(id), 'needs_response', '', 'EUR', 100, 100, now() FROM payments_payment",
    "M20": "UPDATE payments_balancetransaction SET fee_minor = fee_minor + 1, net_minor = net_minor - 1",
    "M21": "UPDATE payments_payout SET amount_minor = amount_minor + 1",
    "M22": "UPDATE payments_balancetransaction SET amount_minor = amount_minor + 1, net_minor = net_minor + 1, created_at = now() - interval '3 days'",
    "M30": "UPDATE payments_payment SET status = 'canceled' WHERE status = 'authorized'",
    "M31": "ALTER TABLE payments_payment DROP CONSTRAINT payment_within_authorization; UPDATE payments_payment SET authorized_minor = captured_minor - 1 WHERE captured_minor > 1",
    "M32": "UPDATE orders_fulfillment SET order_id = (SELECT order_id FROM payments_payment WHERE status = 'authorized')",
    "M40": "UPDATE payments_payment SET method = 'transfer' WHERE captured_minor > 0 AND gift_card_id IS NULL",
    "M41": "UPDATE orders_order SET payment_method = 'transfer' WHERE status = 'placed'",
    "M42": "UPDATE payments_payment SET method = 'invoice' WHERE refunded_minor > 0",
    "M43": "UPDATE payments_payment SET amount_minor = amount_minor + 1, credited_minor = 1",
    "M9 ": "UPDATE payments_payment SET status = 'open' WHERE order_id IN (SELECT id FROM orders_order WHERE status = 'canceled')",
}

COUNT = len(INVARIANTS) + len(DERIVED)


@pytest.fixture
def busy_shop(stripe_desk):
    """One order shipped, one canceled with its money back, one waiting for payment, one authorized."""
    variant = make_variant(on_hand=20)
    orders = [make_order(variant, quantity=2) for _ in range(2)]
    for order in orders:
        payment = start_payment(order.pk)
        stripe_desk.pay(payment.session_url)
        settle(payment.pk)
    shipped, canceled = Order.objects.filter(pk__in=[o.pk for o in orders]).order_by("pk")
    ship(shipped, NewFulfillment({shipped.lines.get().pk: 2}))
    cancel_order(canceled, user_id=None)
    carry_out_waiting()
    make_order(variant)
    _order_with_code_and_gift_card(variant, stripe_desk)
    _take_over_balance()
    held = make_order(variant)
    Order.objects.filter(pk=held.pk).update(capture=Capture.ON_SHIPPING)
    payment = start_payment(held.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    transfer = send({variant.pk: 2}, source=make_location(), destination=make_location("attic", 50))
    receive_transfer(transfer, {transfer.lines.get().pk: 1})
    receive_purchase(make_purchase({variant.pk: 2}), {variant.pk: 1})
    review = write_review(variant.product, Opinion(5, "Ann"))
    moderate([review.pk], Review.Status.PUBLISHED)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO catalog_location (code, name, priority, is_active) VALUES ('spare', 'Spare', 99, true)"
        )


def _order_with_code_and_gift_card(variant, stripe_desk):
    """A confirmed order that bought a gift card, used the last use of a code and was paid by a gift card in part."""
    voucher = make_variant(2500, is_gift_card=True, is_tracked=False, needs_shipping=False)
    make_promotion(codes=("TEN",), percent=10, most_uses=1, most_uses_of_code=1)
    order = place(with_codes(make_cart(variant, voucher), "TEN", make_gift_card(1000)[1]))
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)


def _take_over_balance():
    """The fees of these orders, and a payout."""
    now = timezone.now()
    for entry in gateway.list_balance(since=now - timedelta(minutes=1)):
        if payment_of(entry):
            take_over_entry(entry)
    take_over_payout(PayoutState("po_1", "paid", 100, "EUR", now, now.date(), "", has_transactions=False))


def test_every_invariant_has_its_corruption():
    names = [*INVARIANTS, *DERIVED]
    assert sorted(name.split(" ")[0] for name in names) == sorted(code.strip() for code in CORRUPTIONS)


def test_a_busy_shop_is_clean(busy_shop, capsys):
    assert run_audit() == []
    call_command("audit")
    assert capsys.readouterr().out.strip().endswith(f"{COUNT} of {COUNT} invariants hold, 0 rows break one.")


def found_after(code: str, capsys) -> list[dict]:
    """The findings of the audit for this corruption, which is rolled back afterwards, DDL included."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CORRUPTIONS[code])
        with pytest.raises(SystemExit) as ended:
            call_command("audit", "--json")
        transaction.set_rollback(True)
    assert ended.value.code == 1, code
    return [found for found in json.loads(capsys.readouterr().out) if found["invariant"].startswith(code)]


def test_each_corrupted_row_is_named(busy_shop, capsys):
    named = {code: found_after(code, capsys) for code in CORRUPTIONS}
    assert [code for code, found in named.items() if not found] == []
    assert [found for rows in named.values() for found in rows if not (found["key"] and found["problem"])] == []
    assert run_audit() == []


def looks_row_by_row(node: dict, *, is_repeated: bool = False) -> bool:
    """Whether the plan reads a table again for every row of another."""
    if is_repeated and "Relation Name" in node:
        return True
    children = node.get("Plans", [])
    for number, child in enumerate(children):
        is_inner = node["Node Type"] == "Nested Loop" and number == 1
        is_correlated = child.get("Parent Relationship") == "SubPlan" and not is_hashed(node, child)
        if looks_row_by_row(child, is_repeated=is_repeated or is_inner or is_correlated):
            return True
    return False


def is_hashed(node: dict, child: dict) -> bool:
    return f"hashed {child.get('Subplan Name', '')}" in str(node.get("Filter", ""))


@pytest.mark.parametrize("name", INVARIANTS)
def test_an_invariant_compares_whole_tables_instead_of_asking_for_each_row(name):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL {SET_WISE}")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {bounded(INVARIANTS[name], 100)}")
        plan = cursor.fetchone()[0]
    plan = json.loads(plan) if isinstance(plan, str) else plan
    assert not looks_row_by_row(plan[0]["Plan"])


def test_a_query_that_asks_for_each_row_is_recognised():
    query = """SELECT l.id::text, c.free::text FROM catalog_listing l CROSS JOIN LATERAL (
                 SELECT sum(s.on_hand) AS free FROM catalog_variant v JOIN catalog_stock s ON s.variant_id = v.id
                 WHERE v.product_id = l.product_id) c"""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL {SET_WISE}")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {bounded(query, 100)}")
        plan = cursor.fetchone()[0]
    plan = json.loads(plan) if isinstance(plan, str) else plan
    assert looks_row_by_row(plan[0]["Plan"])
