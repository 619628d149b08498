"""The statements that write made-up orders with all rows that belong to them, from one line for each order."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction

from catalog.inventory import default_location
from catalog.models import Reservation, StockMovement
from orders.models import Fulfillment, FulfillmentLine, Order, OrderEvent, OrderLine
from payments.models import Payment, Refund
from shop.models import Mail
from shop.synthetic.balance_rows import FEE, write_balance, write_journals
from shop.synthetic.loading import insert, without_row_triggers

MAX_LINES = 4
TAX_PERCENT = 19
SHIPPING_MINOR, FREE_FROM_MINOR = 490, 6_000

# One line per order, from which the other statements derive all other rows.
STAGING = """
CREATE TEMPORARY TABLE staging (
  id bigint, number text, state text, placed timestamptz, name text, email text, market text, currency text,
  language text, is_taxed boolean, country text, city text, postcode text, line1 text, goods int[], quantities int[],
  carrier text, service text, tracking text, card text, gift text) ON COMMIT DROP"""
COPY = "COPY staging FROM STDIN"
LINES = f"""
CREATE TEMPORARY TABLE line ON COMMIT DROP AS
SELECT s.id * {MAX_LINES} + item.position - {MAX_LINES} AS id, s.id AS order_id, item.position, s.state, s.number,
  s.placed, g.variant_id, g.title, g.variant_title, g.sku, g.slug, g.grams, g.image, item.quantity, g.price,
  g.price * item.quantity AS total,
  CASE WHEN s.is_taxed THEN round(g.price * item.quantity * {TAX_PERCENT} / {100 + TAX_PERCENT}.0)::bigint ELSE 0 END AS tax,
  CASE WHEN s.state IN ('done', 'refund') OR s.state = 'part' AND item.position = 1 THEN item.quantity ELSE 0 END AS shipped,
  s.state IN ('ship', 'unpaid') OR s.state = 'part' AND item.position > 1 AS is_stocked
FROM staging s, unnest(s.goods, s.quantities) WITH ORDINALITY AS item (good, quantity, position)
JOIN goods g ON g.n = item.good"""  # noqa: S608  (our own text)
SUMS = f"""
CREATE TEMPORARY TABLE sums ON COMMIT DROP AS
SELECT s.*, gen_random_uuid() AS public_id, l.subtotal, d.shipping, l.subtotal + d.shipping AS total,
  l.tax + d.tax AS tax, d.tax AS shipping_tax,
  s.state = 'returned' AS is_returned, s.state NOT IN ('unpaid', 'expired') AS has_payment,
  s.placed + interval '2 minutes' AS paid, s.placed + interval '20 hours' AS sent
FROM staging s
JOIN (SELECT order_id, sum(total)::bigint AS subtotal, sum(tax)::bigint AS tax FROM line GROUP BY 1) l ON l.order_id = s.id
CROSS JOIN LATERAL (
  SELECT CASE WHEN l.subtotal >= {FREE_FROM_MINOR} THEN 0 ELSE {SHIPPING_MINOR} END AS shipping,
    CASE WHEN s.is_taxed AND l.subtotal < {FREE_FROM_MINOR}
      THEN round({SHIPPING_MINOR} * {TAX_PERCENT} / {100 + TAX_PERCENT}.0)::bigint ELSE 0 END AS tax) d"""  # noqa: S608
STATUS = """CASE WHEN state IN ('done', 'refund') THEN 'completed' WHEN state IN ('part', 'ship') THEN 'confirmed'
  WHEN state = 'unpaid' THEN 'placed' ELSE 'canceled' END"""


@transaction.atomic
def write_chunk(lines: Iterator[Sequence[object]]) -> None:
    """Insert one chunk of orders and all rows that belong to them."""
    without_row_triggers()
    with connection.cursor() as cursor:
        cursor.execute(STAGING)
        with cursor.copy(COPY) as copy:  # type: ignore[attr-defined]
            for line in lines:
                copy.write_row(line)
        for statement in (LINES, SUMS):
            cursor.execute(statement)
        cursor.execute("ANALYZE sums; ANALYZE line")
    _write_orders()
    _write_parcels()
    _write_stock()
    _write_payments()
    _write_books()
    write_balance()
    _write_mails()


def _write_orders() -> None:
    insert(
        Order,
        "sums",
        id="id",
        number="number",
        public_id="public_id",
        cart_id="gen_random_uuid()",
        digest="md5(number) || md5(email)",
        market="market",
        language="language",
        currency="currency",
        email="email",
        phone="'+4930' || 1000000 + mod(id, 8999999)",
        name="name",
        line1="line1",
        postcode="postcode",
        city="city",
        country="country",
        gift_message="gift",
        shipping_code="lower(service)",
        shipping_name="carrier || ' ' || service",
        arrives_from="(placed + interval '2 days')::date",
        arrives_until="(placed + interval '4 days')::date",
        ship_by="(placed + interval '1 day')::date",
        treatment="CASE WHEN is_taxed THEN 'domestic' ELSE 'export' END",
        taxes=_taxes(1),
        is_tax_included="is_taxed",
        subtotal_minor="subtotal",
        shipping_minor="shipping",
        tax_minor="tax",
        total_minor="total",
        receipt="jsonb_build_object('total_minor', total)",
        status=STATUS,
        cancel_reason="CASE state WHEN 'expired' THEN 'expired' WHEN 'returned' THEN 'staff' ELSE '' END",
        fulfillment_status="""CASE WHEN state IN ('done', 'refund') THEN 'shipped' WHEN state = 'part' THEN 'partial'
            ELSE 'unfulfilled' END""",
        terms_version="'1'",
        terms_accepted_at="placed",
        placed_at="placed",
        confirmed_at="CASE WHEN has_payment THEN paid END",
        completed_at="CASE WHEN state IN ('done', 'refund') THEN sent END",
        canceled_at="CASE WHEN state IN ('expired', 'returned') THEN sent END",
    )
    insert(
        OrderLine,
        "line",
        **{name: name for name in ("id", "order_id", "position", "variant_id", "title", "variant_title", "sku")},
        **{name: name for name in ("image", "grams", "quantity", "is_stocked")},
        product_slug="slug",
        shipped_quantity="shipped",
        unit_minor="price",
        subtotal_minor="total",
        tax_percent=f"CASE WHEN tax > 0 THEN {TAX_PERCENT} ELSE 0 END",
        tax_minor="tax",
        total_minor="total",
    )
    for kind, text, at, condition in (
        ("placed", "Order placed", "placed", "true"),
        ("confirmed", "Payment received", "paid", "has_payment"),
        ("shipped", "Handed to the carrier", "sent", "state IN ('done', 'refund', 'part')"),
        ("canceled", "Canceled", "sent", "state IN ('expired', 'returned')"),
    ):
        source = f"sums WHERE {condition}"
        insert(OrderEvent, source, order_id="id", kind=f"'{kind}'", text=f"'{text}'", is_public="true", created_at=at)


def _write_parcels() -> None:
    insert(
        Fulfillment,
        "sums WHERE state IN ('done', 'refund', 'part')",
        id="id",
        order_id="id",
        key="gen_random_uuid()",
        carrier="carrier",
        tracking_number="tracking",
        shipped_at="sent",
    )
    insert(FulfillmentLine, "line WHERE shipped > 0", fulfillment_id="order_id", line_id="id", quantity="shipped")


def _write_stock() -> None:
    """Receive what the open orders need, and reserve it for them."""
    location = default_location().pk
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE TEMPORARY TABLE needed ON COMMIT DROP AS
               SELECT l.*, l.quantity - l.shipped AS open FROM line l WHERE is_stocked AND quantity > shipped"""
        )
        cursor.execute(
            """INSERT INTO catalog_stock (variant_id, location_id, on_hand, reserved, backorder_limit, shortfall)
               SELECT variant_id, %s, sum(open), sum(open), 0, 0 FROM needed GROUP BY variant_id
               ON CONFLICT (variant_id, location_id) DO UPDATE
               SET on_hand = catalog_stock.on_hand + excluded.on_hand, reserved = catalog_stock.reserved + excluded.reserved""",
            [location],
        )
    at = {"location_id": str(location), "variant_id": "variant_id"}
    insert(
        StockMovement,
        "(SELECT variant_id, sum(open) AS units, min(placed) AS at FROM needed GROUP BY 1) AS received",
        **at,
        kind="'received'",
        on_hand_change="units",
        reserved_change="0",
        reason="'made up'",
        created_at="at",
    )
    insert(
        StockMovement,
        "needed",
        **at,
        kind="'reserved'",
        on_hand_change="0",
        reserved_change="open",
        reference="number",
        line="id",
        created_at="placed",
    )
    insert(Reservation, "needed", **at, reference="number", line="id", quantity="open")


def _taxes(sign: int) -> str:
    """The tax by rate of an order, or of what takes its sale back."""
    return f"""CASE WHEN is_taxed THEN jsonb_build_array(jsonb_build_object('percent', '{TAX_PERCENT}',
        'base_minor', {sign} * (total - tax), 'tax_minor', {sign} * tax)) ELSE '[]' END"""


def _write_payments() -> None:
    insert(
        Payment,
        "sums WHERE has_payment",
        id="id",
        order_id="id",
        method="'stripe'",
        status="'captured'",
        currency="currency",
        amount_minor="total",
        captured_minor="total",
        refunded_minor="CASE WHEN is_returned THEN total ELSE 0 END",
        key="gen_random_uuid()",
        session_id="'cs_made_' || id",
        payment_intent_id="'pi_made_' || id",
        charge_id="'ch_made_' || id",
        card="card",
        checked_at="paid",
        created_at="placed",
        captured_at="paid",
    )
    insert(
        Refund,
        "sums WHERE state IN ('returned', 'refund')",
        payment_id="id",
        amount_minor="CASE WHEN is_returned THEN total ELSE least(total, 500) END",
        currency="currency",
        key="gen_random_uuid()",
        provider_ref="'re_made_' || id",
        status="CASE WHEN is_returned THEN 'succeeded' ELSE 'failed' END",
        reason="CASE WHEN is_returned THEN 'canceled by staff' ELSE 'goodwill' END",
        next_try_at="sent",
        created_at="sent",
    )


def _write_books() -> None:
    """Write the journals of sales, captures, cancellations, refunds and fees, with their postings."""
    net_shipping = "shipping - shipping_tax"
    net_sales = "total - tax - (shipping - shipping_tax)"
    parts = {"sales": net_sales, "shipping": net_shipping, "tax": "tax"}
    sale = {"receivable": "total", **{account: f"-({amount})" for account, amount in parts.items()}}
    journals = (
        ("sale", "number", "NULL::bigint", "paid", "has_payment", sale),
        ("capture", "'ch_made_' || id", "id", "paid", "has_payment", {"stripe": "total", "receivable": "-total"}),
        ("cancel", "number", "NULL::bigint", "sent", "is_returned", {"receivable": "-total", **parts}),
        ("refund", "'re_made_' || id", "id", "sent", "is_returned", {"stripe": "-total", "receivable": "total"}),
        ("fee", "'txn_made_' || id", "id", "paid", "has_payment", {"fees": FEE, "stripe": f"-({FEE})"}),
    )
    taxes = {"sale": _taxes(1), "cancel": _taxes(-1)}
    for position, (kind, reference, payment, at, condition, amounts) in enumerate(journals):
        fields = {"provider_ref": reference, "order_id": "id", "payment_id": payment, "currency": "currency"}
        fields |= {"taxes": taxes.get(kind, "'[]'::jsonb"), "created_at": at}
        write_journals(position, kind, "sums", condition, amounts, fields)


def _write_mails() -> None:
    """Write the confirmations, as they are after their texts were deleted."""
    host = urlsplit(settings.SHOP_URL).hostname
    insert(
        Mail,
        "sums WHERE has_payment",
        message_id=f"'<order_confirmed.' || replace(public_id::text, '-', '') || '@{host}>'",
        sender=f"'shop@{host}'",
        recipients="jsonb_build_array(email)",
        subject="'Order ' || number",
        status="'sent'",
        next_try_at="paid",
        created_at="paid",
        sent_at="paid",
    )
