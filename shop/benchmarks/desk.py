"""Benchmark of the admin's home page and lists over HTTP, with several numbers of orders in one run."""

import http.client
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.conf import settings
from django.contrib import admin
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from catalog.keyset import Cursor
from orders.models import Fulfillment, Order, OrderLine

WARM_UP = 3
HOST = "testserver"
ORDERS = "/admin/orders/order/"


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name of the base class)
        """Write no line for each request."""


@contextmanager
def _server() -> Iterator[tuple[str, int]]:
    """Serve the shop inside the block, one request at a time; yield its address."""
    server = WSGIServer(("127.0.0.1", 0), _Quiet)
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[0], server.server_address[1]
    finally:
        server.shutdown()
        thread.join()


def pages() -> dict[str, str]:
    """Return the URL of each page by its name: home, the order list in every use, and every other list."""
    order = Order.objects.filter(status=Order.Status.COMPLETED).order_by("placed_at").first()
    line = OrderLine.objects.exclude(sku="").order_by("pk").first()
    parcel = Fulfillment.objects.order_by("pk").first()
    if not (order and line and parcel):
        raise RuntimeError("The database has no orders.")
    deep = Order.objects.order_by("placed_at", "pk")[Order.objects.count() // 2]
    orders = {
        "orders to ship": "",
        "orders waiting": "?tab=waiting",
        "orders with problems": "?tab=problems",
        "all orders": "?tab=all",
        "all orders, the middle": f"?tab=all&after={Cursor(deep.placed_at, deep.pk)}",
        "orders, oldest first": "?tab=all&sort=oldest",
        "orders of a status": "?state=completed",
        "orders, rare status": "?state=canceled",
        "orders of a country": f"?country={order.country}",
        "orders of a market": f"?market={order.market}",
        "orders of last year's day": f"?placed_from={order.placed_at:%Y-%m-%d}&placed_until={order.placed_at:%Y-%m-%d}",
        "orders paid by gift card": "?paid_by=giftcard",
        "search: number": f"?q={order.number}",
        "search: part of a number": f"?q={order.number[-5:]}",
        "search: name": f"?q={order.name.replace(' ', '+')}",
        "search: common first name": "?q=anna",
        "search: two letters": "?q=mu",
        "search: e-mail": f"?q={order.email}",
        "search: part of an e-mail": f"?q={order.email[:6]}",
        "search: domain": "?q=@example.com",
        "search: SKU": f"?q={line.sku}",
        "search: tracking number": f"?q={parcel.tracking_number}",
        "search: postcode": f"?q={order.postcode}",
        "search: nothing": "?q=nobodyhasthisname",
    }
    others = {
        f"list: {model._meta.verbose_name_plural}": reverse(
            f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        )
        for model in admin.site._registry
        if model is not Order
    }
    return {"home": reverse("admin:index"), **{name: ORDERS + query for name, query in orders.items()}, **others}


def measure_desk(requests: int) -> dict[str, dict[str, float]]:
    """Return the milliseconds over HTTP, the queries and the size of each page in this database."""
    owner = User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("bench@example.com")
    staff = Client()
    staff.force_login(owner)
    cookie = f"{settings.SESSION_COOKIE_NAME}={staff.cookies[settings.SESSION_COOKIE_NAME].value}"
    results = {}
    shown = pages()
    with _server() as (host, port):
        for name, url in shown.items():
            with CaptureQueriesContext(connection) as queries:
                staff.get(url, follow=True)
            results[name] = {**_measure(host, port, url, cookie, requests), "queries": len(queries)}
    return results


def _measure(host: str, port: int, url: str, cookie: str, requests: int) -> dict[str, float]:
    times = []
    size = 0
    for number in range(-WARM_UP, requests):
        begun = time.perf_counter()
        status, size = _get(host, port, url, cookie)
        if number >= 0:
            times.append((time.perf_counter() - begun) * 1000)
        if status not in (200, 302):
            raise RuntimeError(f"{url} answered {status}")
    return {
        "p50": round(statistics.median(times), 2),
        "p99": round(sorted(times)[max(0, int(len(times) * 0.99) - 1)], 2),
        "bytes": size,
    }


def _get(host: str, port: int, url: str, cookie: str) -> tuple[int, int]:
    client = http.client.HTTPConnection(host, port, timeout=60)
    client.request("GET", quote(url, safe="/?&=+@%"), headers={"Host": HOST, "Cookie": cookie})
    answer = client.getresponse()
    body = answer.read()
    client.close()
    return answer.status, len(body)
