"""Benchmark of placing orders by eight clients, compared with the same writes by a pgbench script."""

import json
import re
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from django.db import connection, connections
from django.db.models import Model
from django.test import Client

from catalog.markets import default_market
from catalog.models import Stock
from orders.cart.contents import price_cart
from orders.cart.differences import displayed_sums
from orders.checkout import Seen, Submission, place_order
from orders.customers import Buyer
from orders.models import Cart, CartLine, Order, OrderLine, ShippingMethod, ShippingRate, ShippingZone, TaxRate
from shop.benchmarks.databases import database_name, run
from shop.embedded.postgres import Cluster
from shop.embedded.state import ROOT

PROCESSES, THREADS = 2, 4  # as the web server runs on two cores
CLIENTS = PROCESSES * THREADS
PLENTY = 10**8  # units in stock of each variant, so that nothing sells out
ADDRESS = {
    "name": "Anna Peeters",
    "line1": "Kraanlei 12",
    "postcode": "10115",
    "city": "Berlin",
    "shipping_code": "bench",
}

# Columns that the script does not copy from the template row, as SQL.
NEW_VALUES = {
    "orders_order": {
        "number": "'B-' || nextval('bench_number')",
        "public_id": "gen_random_uuid()",
        "cart_id": "gen_random_uuid()",
        "status": "'placed'",
    },
    "orders_orderline": {"order_id": ":order_id"},
}


def prepare_checkout() -> None:
    """Delete earlier orders, and set up stock, a shipping method and a tax rate for the benchmark."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE orders_orderline, orders_orderevent, orders_order, orders_cartline, orders_cart, orders_promotionuse,"
            " orders_giftcardmovement, orders_giftcard, catalog_reservation, catalog_stockmovement RESTART IDENTITY CASCADE"
        )
        cursor.execute("CREATE SEQUENCE IF NOT EXISTS bench_number")
        cursor.execute("UPDATE catalog_stock SET on_hand = %s, reserved = 0, backorder_limit = 0", [PLENTY])
        cursor.execute("DROP TABLE IF EXISTS bench_stock")
        cursor.execute(
            "CREATE TABLE bench_stock AS SELECT row_number() OVER (ORDER BY id) AS n, id, variant_id, location_id"
            " FROM catalog_stock"
        )
        cursor.execute("CREATE UNIQUE INDEX ON bench_stock (n)")
        cursor.execute("DROP TABLE IF EXISTS bench_cart")
        cursor.execute(
            "CREATE TABLE bench_cart AS SELECT n, gen_random_uuid() AS id FROM generate_series(1, 2000) AS n"
        )
        cursor.execute("CREATE UNIQUE INDEX ON bench_cart (n)")
        cursor.execute(
            "INSERT INTO orders_cart (id, token, market, currency, country, codes, note, gift_message, version,"
            " created_at, updated_at) SELECT id, gen_random_uuid(), 'main', 'EUR', '', '{}', '', '', 1, now(), now()"
            " FROM bench_cart"
        )
    method, is_new = ShippingMethod.objects.get_or_create(code="bench", defaults={"name": "Bench"})
    if is_new:
        zone = ShippingZone.objects.create(name="bench", countries=["DE"])
        ShippingRate.objects.create(method=method, zone=zone, price_minor=490)
    if not TaxRate.objects.exists():
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO orders_taxrate (country, region, tax_class, percent, taxes_delivery, valid)"
                " VALUES ('DE', '', 'standard', 19, true, tstzrange(NULL, NULL))"
            )
    _place_template_order()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _place_template_order() -> None:
    """Place a real order, whose rows the script copies."""
    cart = _make_carts(1, is_hot=False)[0]
    contents = price_cart(cart, Buyer("DE"), shipping_code="bench")
    seen = Seen(contents.mark, contents.totals.total_minor, contents.due_minor)
    place_order(cart.pk, Submission(email="template@example.com", country="DE", **ADDRESS), seen=seen)


def _make_carts(count: int, *, is_hot: bool) -> list[Cart]:
    """Create carts with two lines each; if `is_hot`, all with the same two variants."""
    variants = list(Stock.objects.order_by("pk").values_list("variant_id", flat=True)[:2000])
    market = default_market()
    carts = Cart.objects.bulk_create([Cart(market=market.code, currency=market.currency) for _ in range(count)])
    offset = uuid.uuid4().int
    pairs = [
        (0, 1) if is_hot else ((offset + 2 * n) % len(variants), (offset + 2 * n + 1) % len(variants))
        for n in range(count)
    ]
    CartLine.objects.bulk_create(
        CartLine(cart=cart, variant_id=variants[index])
        for cart, pair in zip(carts, pairs, strict=True)
        for index in pair
    )
    return carts


def place_orders(count: int, *, is_hot: bool, begins_at: float) -> dict[str, float]:
    """Submit `count` checkouts on four threads from `begins_at` on; return the number of orders and the seconds taken."""
    jobs = iter([_form(cart, number) for number, cart in enumerate(_make_carts(count, is_hot=is_hot))])
    lock, refused = threading.Lock(), []
    time.sleep(max(0.0, begins_at - time.time()))
    begun = time.perf_counter()

    def work() -> None:
        client = Client()
        try:
            for token, form in _take_jobs(jobs, lock):
                client.cookies["cart"] = token
                response = client.post("/checkout/", form, REMOTE_ADDR=_random_ip())
                if response.status_code != 302:
                    refused.append(response.status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"orders": count - len(refused), "refused": len(refused), "seconds": time.perf_counter() - begun}


def _random_ip() -> str:
    """Return a random IP address, so that limits per address do not apply."""
    return str(IPv4Address(uuid.uuid4().int % 2**24 + (10 << 24)))


def _take_jobs(jobs: Iterator[Any], lock: threading.Lock) -> Iterator[Any]:
    while True:
        with lock:
            job = next(jobs, None)
        if job is None:
            return
        yield job


def _form(cart: Cart, number: int) -> tuple[str, dict[str, Any]]:
    """Return the cart's token and the form that a browser would submit; prices are read before the clock starts."""
    contents = price_cart(cart, Buyer("DE"), shipping_code="bench")
    seen = {"cart_mark": contents.mark, "total": contents.totals.total_minor, "due": contents.due_minor}
    email = f"{cart.pk.hex}-{number}@example.com"
    return str(cart.token), {**ADDRESS, **seen, "country": "DE", "email": email, "seen_sums": displayed_sums(contents)}


def shop_rate(cluster: Cluster, products: int, count: int, *, is_hot: bool) -> float:
    """Return the orders per second placed by two processes of four threads each."""
    begins_at = time.time() + 8 + count / 60  # both have priced their carts by then
    arguments = ["bench", "place", "--orders", str(count // PROCESSES), "--begins-at", str(begins_at)]
    results: list[dict] = []

    def process() -> None:
        results.append(json.loads(run(cluster, database_name(products), *arguments, *(["--hot"] if is_hot else []))))

    threads = [threading.Thread(target=process) for _ in range(PROCESSES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if any(result["refused"] for result in results) or len(results) < PROCESSES:
        raise RuntimeError(f"orders were refused: {results}")
    return sum(result["orders"] for result in results) / max(result["seconds"] for result in results)


def script(*, is_hot: bool) -> str:
    """Return the pgbench script that writes the rows of an order with two lines."""
    first, second = ("1", "2") if is_hot else ("random(1, 1000)", "random(1001, 2000)")
    stock = "SELECT {} FROM bench_stock WHERE n IN (:a, :b)"
    return f"""
\\set cart random(1, 2000)
\\set a {first}
\\set b {second}
BEGIN;
SELECT id AS cart_id FROM orders_cart WHERE id = (SELECT id FROM bench_cart WHERE n = :cart) FOR UPDATE \\gset
{_copy(Order)} RETURNING id AS order_id, number AS order_number \\gset
{_copy(OrderLine)};
UPDATE orders_cart SET ordered_at = now() WHERE id = ':cart_id';
INSERT INTO orders_orderevent (order_id, kind, text, is_public, created_at)
  VALUES (:order_id, 'placed', 'Order received', true, now());
INSERT INTO catalog_reservation (reference, line, variant_id, location_id, quantity)
  {stock.format("':order_number', n, variant_id, location_id, 1")};
INSERT INTO catalog_stockmovement
  (kind, variant_id, location_id, on_hand_change, reserved_change, reference, line, reason, created_at)
  {stock.format("'reserved', variant_id, location_id, 0, 1, ':order_number', n, '', now()")};
SELECT id FROM catalog_stock WHERE id IN ({stock.format("id")}) ORDER BY id FOR UPDATE;
UPDATE catalog_stock SET reserved = reserved + 1 WHERE id IN ({stock.format("id")}) AND on_hand > reserved;
COMMIT;
"""  # noqa: S608  (no user input)


def _copy(model: type[Model]) -> str:
    """Return SQL that inserts a copy of the template row with the values that must be new."""
    table = model._meta.db_table
    columns = [field.column for field in model._meta.concrete_fields if field.column != "id"]
    values = ", ".join(NEW_VALUES[table].get(column, column) for column in columns)
    template = {"orders_order": "id = 1", "orders_orderline": "order_id = 1"}[table]
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE {template}"  # noqa: S608


def script_rate(cluster: Cluster, products: int, seconds: int, *, is_hot: bool) -> float:
    """Return the transactions per second of the script with the same number of clients."""
    path = Path(cluster.state) / "bench-checkout.sql"
    path.write_text(script(is_hot=is_hot))
    command = [
        cluster.binaries / "pgbench",
        "-n",
        "-h",
        cluster.socket_folder,
        "-U",
        "shop",
        "-c",
        str(CLIENTS),
        "-j",
        "2",
        "-T",
        str(seconds),
        "-f",
        path,
        database_name(products),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S603  (no user input)
    rate = re.search(r"tps = ([0-9.]+)", done.stdout)
    if not rate or "aborted" in done.stderr:
        sys.stderr.write(done.stderr)
        raise RuntimeError("pgbench failed")
    return float(rate[1])
