"""Add any number of made-up orders with COPY: their lines, parcels, payments, refunds, payouts and books.

Most are shipped. Some are to be shipped and have their units reserved, some wait for their payment, some are canceled, and
a few refunds have failed. The rows agree with each other, so that `manage.py audit` accepts them.
"""

import random
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone
from psycopg.types.json import Json

from catalog.markets import Market, all_markets, default_market
from catalog.models import Variant
from catalog.models.image import PICTURE_ROW, picture_of
from catalog.prices import prices_at
from orders.checkout.placing import CROCKFORD
from orders.models import Fulfillment, FulfillmentLine, Order, OrderEvent, OrderLine
from payments.models import BalanceTransaction, Journal, Payment, Payout, Posting, Refund
from payments.reports.closing import forget_closed_days
from shop.models import Mail
from shop.synthetic.loading import indexes_built_last, next_id, set_sequence
from shop.synthetic.order_rows import MAX_LINES, write_chunk
from shop.synthetic.people import CARDS, CARRIERS, CITIES, FIRST_NAMES, LAST_NAMES, OTHER_CITIES

CHUNK = 20_000
MAX_GOODS = 2_000  # variants that are ordered
SPAN = timedelta(days=730)
OPEN_SPAN = timedelta(days=4)  # how long ago the oldest order to ship was placed
MIN_OPEN, OPEN_SHARE = 60, 0.004
MIN_PROBLEMS, PROBLEM_SHARE = 60, 0.002
UNPAID_EVERY = 4  # of the open orders
MIX = 0x9E3779B97F4A7C15 & (2**40 - 1) | 1  # odd, so that multiplying by it gives every number once
TABLES = (
    *(Order, OrderLine, Fulfillment, FulfillmentLine, OrderEvent, Payment, Refund, Journal, Posting, Mail),
    *(BalanceTransaction, Payout),
)

# What can be ordered.
GOODS = """
CREATE TEMPORARY TABLE goods (
  n int, variant_id bigint, title text, variant_title text, sku text, slug text, grams int, price bigint, image jsonb)"""


def add_orders(orders: int, *, seed: int = 1, on_progress: Callable[[int, int], None] | None = None) -> None:
    """Add orders of the products that have a price. The same seed makes the same customers and baskets.

    Raise ValueError if no product has a price.
    """
    draw = random.Random(seed)  # noqa: S311  (names, not secrets)
    goods = _write_goods()
    first = next_id(Order._meta.db_table)
    maker = _Maker(draw, goods, first, orders, timezone.now())
    with indexes_built_last([model._meta.db_table for model in TABLES], is_worth_it=orders > CHUNK):
        for start in range(0, orders, CHUNK):
            end = min(orders, start + CHUNK)
            write_chunk(maker.line(number) for number in range(start, end))
            if on_progress:
                on_progress(end, orders)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE goods")
        for model in TABLES:
            set_sequence(model._meta.db_table)
            cursor.execute(f'VACUUM ANALYZE "{model._meta.db_table}"')
    forget_closed_days()  # made-up orders were sold on days whose sums may have been written


def _write_goods() -> int:
    """Write what can be ordered to a temporary table, and return its number of rows."""
    variants = Variant.objects.filter(is_active=True, is_gift_card=False, is_tracked=True, product__status="active")
    found = list(variants.select_related("product").annotate(picture_row=PICTURE_ROW).order_by("pk")[:MAX_GOODS])
    prices = prices_at([variant.pk for variant in found], default_market())
    sold = [variant for variant in found if variant.pk in prices]
    if not sold:
        raise ValueError("There is no product with a price. Add products first: manage.py seed_catalog")
    with connection.cursor() as cursor:
        cursor.execute(GOODS)
        with cursor.copy("COPY goods FROM STDIN") as copy:  # type: ignore[attr-defined]
            for number, variant in enumerate(sold):
                copy.write_row(
                    (
                        *(number, variant.pk, variant.product.title, variant.option1, variant.sku),
                        *(variant.product.slug, variant.grams, prices[variant.pk].amount_minor),
                        Json(picture_of(variant.picture_row)),
                    )
                )
    return len(sold)


@dataclass(frozen=True)
class _Maker:
    """Generates the COPY line of each order. The last orders are open, the others are spread evenly over two years."""

    draw: random.Random
    goods: int
    first_id: int
    orders: int
    now: datetime

    def line(self, number: int) -> Sequence[object]:
        draw, pk = self.draw, self.first_id + number
        market = self._market()
        country = self._country(market)
        first, last = draw.choice(FIRST_NAMES), draw.choice(LAST_NAMES)
        lines = draw.choice((1, 1, 1, 2, 2, 3, MAX_LINES))
        state = self._state(number)
        if state == "part":
            lines = max(2, lines)
        carrier, service = draw.choice(CARRIERS)
        return (
            pk,
            f"{settings.ORDER_NUMBER_PREFIX}-{_code(pk)}",
            state,
            self._placed(number),
            f"{first} {last}",
            f"{_plain(first)}.{_plain(last)}{draw.randrange(max(10, self.orders // 3000))}@example.com",
            market.code,
            market.currency,
            market.language,
            market.is_tax_included,
            country,
            draw.choice(CITIES.get(country, OTHER_CITIES)),
            f"{draw.randrange(1_000, 99_999):05}",
            f"Main Street {draw.randrange(1, 200)}",
            [draw.randrange(self.goods) for _ in range(lines)],
            [draw.choice((1, 1, 1, 2, 3)) for _ in range(lines)],
            carrier,
            service,
            f"00340434{draw.randrange(10**11):011}{pk % 10}",
            draw.choice(CARDS),
            "All the best!" if draw.random() < 0.03 else "",
        )

    @property
    def _open(self) -> int:
        return min(self.orders, max(MIN_OPEN, int(self.orders * OPEN_SHARE)))

    def _state(self, number: int) -> str:
        draw = self.draw.random()
        opened = number - (self.orders - self._open)
        if opened >= 0:
            if opened % UNPAID_EVERY == 0:
                return "unpaid"
            return "part" if draw < 0.05 else "ship"
        if draw < 0.04:
            return "expired"
        if draw < 0.05:
            return "returned"
        is_problem = draw < 0.05 + max(PROBLEM_SHARE, MIN_PROBLEMS / self.orders)
        return "refund" if is_problem else "done"

    def _placed(self, number: int) -> datetime:
        opened = number - (self.orders - self._open)
        if opened >= 0:
            return self.now - OPEN_SPAN + OPEN_SPAN * ((opened + 1) / (self._open + 1))
        return self.now - SPAN + (SPAN - OPEN_SPAN) * (number / self.orders)

    def _market(self) -> Market:
        others = [market for market in all_markets().values() if market is not default_market()]
        return self.draw.choice(others) if others and self.draw.random() < 0.15 else default_market()

    def _country(self, market: Market) -> str:
        """A country of the market; the first ones order most."""
        return market.countries[int(len(market.countries) * self.draw.random() ** 3)]


def _code(pk: int) -> str:
    """A code of eight characters, another one for each id."""
    mixed = pk * MIX % 2**40
    return "".join(CROCKFORD[mixed >> shift & 31] for shift in range(35, -1, -5))


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.lower().replace("ß", "ss").replace("ø", "o").replace("ł", "l"))
    return "".join(letter for letter in letters if letter.isascii() and letter.isalpha())
