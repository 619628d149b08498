"""The reports: each number equals a plain sum over the books, for three periods and two markets."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection, transaction

from catalog.markets import all_markets
from orders.models import PromotionUse
from payments import ledger
from payments.models import CohortSum, Payment
from payments.reports.all_reports import REPORTS
from payments.reports.closing import close_days, refresh_cohorts
from payments.reports.periods import Period, Step
from payments.reports.tables import Query
from shop.market_list import DEMO, with_further_markets
from tests.factories import make_gift_card, make_promotion, make_variant
from tests.payments.books import at, local, sell, take_back

pytestmark = pytest.mark.django_db
MARKETS = ["main", "us"]
# Name → the days, and the same span in universal time. Clocks change on 29 March and on 25 October.
PERIODS = {
    "the last week of March": ((2026, 3, 23), (2026, 3, 29), "2026-03-22 23:00Z", "2026-03-29 22:00Z"),
    "the day with 25 hours": ((2026, 10, 25), (2026, 10, 25), "2026-10-24 22:00Z", "2026-10-25 23:00Z"),
    "October": ((2026, 10, 1), (2026, 10, 31), "2026-09-30 22:00Z", "2026-10-31 23:00Z"),
}
MOMENTS = [
    *(local(2026, 3, 23), local(2026, 3, 29, 3, 30), local(2026, 3, 29, 23, 59), local(2026, 3, 30)),
    *(local(2026, 10, 1), local(2026, 10, 25), local(2026, 10, 25, 2, 30), local(2026, 10, 25, 2, 30, fold=1)),
    local(2026, 10, 31, 23, 30),
]


@pytest.fixture(scope="module")
def sold(module_data):
    """Sales in two markets, some of which are canceled; payments, gift cards and a promotion."""
    with at(local(2026, 1, 1)):
        mug, bowl = make_variant(2400, on_hand=100, title="Mug"), make_variant(1500, on_hand=100, title="Bowl")
        promotion = make_promotion()
        card, _ = make_gift_card(5000)
    for market, currency in (("main", "EUR"), ("us", "USD")):
        orders = [
            sell(moment, market, currency, variant=(mug, bowl)[number % 2], country=("DE", "AT")[number % 2])
            for number, moment in enumerate(MOMENTS)
        ]
        take_back(orders[1], local(2026, 10, 25, 12))
        take_back(orders[5], local(2026, 10, 31, 12))
        for order in orders[4:7]:
            fields = {"order": order, "promotion": promotion, "customer": "x", "saved_minor": 100 + order.pk % 7}
            PromotionUse.objects.create(**fields)
            with at(local(2026, 10, 25, 10)):
                payment = Payment.objects.create(
                    order=order, currency=currency, amount_minor=order.total_minor, captured_minor=order.total_minor
                )
                ledger.book_capture(payment, order.total_minor, f"ch_{order.pk}")
    with at(local(2026, 10, 25, 11)):
        order = orders[0]
        paid = Payment.objects.create(
            order=order, currency="EUR", amount_minor=900, captured_minor=900, method="giftcard", gift_card=card
        )
        Order = type(order)
        Order.objects.filter(pk=order.pk).update(currency="EUR")
        paid.order.refresh_from_db()
        ledger.book_capture(paid, 900, "gift-card-1")


@pytest.fixture(scope="module", params=["from the journals", "from stored sums"])
def read(request, sold, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        if request.param == "from stored sums":
            with at(local(2026, 10, 25, 13)):
                while close_days(200):
                    pass
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def two_markets(settings):
    settings.MARKETS = with_further_markets(settings.MARKETS[0], DEMO)


def table_of(code: str, market: str, name: str, step: Step = Step.DAY):
    first, last, _, _ = PERIODS[name]
    return REPORTS[code].read(Query(all_markets()[market], Period(date(*first), date(*last)), step))


def plain(statement: str, market: str, name: str) -> list[tuple]:
    """Rows of a statement about the journals `j` of orders `o` in the market and the period."""
    _, _, begins, ends = PERIODS[name]
    currency = all_markets()[market].currency
    where = "o.market = %s AND j.currency = %s AND j.created_at >= %s AND j.created_at < %s"
    with connection.cursor() as cursor:
        cursor.execute(statement.format(where=where), [market, currency, begins, ends])
        return cursor.fetchall()


every = pytest.mark.parametrize(("market", "name"), [(market, name) for market in MARKETS for name in PERIODS])
BOOKED = """
    SELECT coalesce(-sum(p.amount_minor), 0)::bigint, count(DISTINCT j.id) FILTER (WHERE j.kind = 'sale')
    FROM payments_posting p JOIN payments_journal j ON j.id = p.journal_id JOIN orders_order o ON o.id = j.order_id
    WHERE {where} AND p.account IN """


@every
def test_sales(read, market, name):
    table = table_of("sales", market, name, Step.WEEK)
    amount, orders = plain(BOOKED + "('sales', 'shipping', 'tax')", market, name)[0]
    assert (table.totals[7], table.totals[1]) == (amount, orders)
    assert [sum(row[column] for row in table.rows) for column in (1, 7)] == [orders, amount]
    assert (table.totals[8],) == plain(BOOKED + "('tax')", market, name)[0][:1]


@every
def test_tax_per_rate_and_country(read, market, name):
    table = table_of("taxes", market, name)
    by_country = {}
    for row in table.rows:
        by_country[row[1]] = by_country.get(row[1], 0) + row[5]
    books = plain(BOOKED.replace("SELECT", "SELECT o.country,") + "('tax') GROUP BY 1", market, name)
    assert by_country == {country: amount for country, amount, _ in books}
    assert table.totals[5] == sum(by_country.values())
    assert {row[3] for row in table.rows} <= {Decimal(19)}


@every
def test_products(read, market, name):
    table = table_of("products", market, name)
    assert table.totals[3] == plain(BOOKED + "('sales')", market, name)[0][0]
    assert {row[0] for row in table.rows} <= {"Mug", "Bowl"}
    units = """
        SELECT coalesce(sum(l.quantity) FILTER (WHERE j.kind = 'sale'), 0),
               coalesce(sum(l.quantity) FILTER (WHERE j.kind = 'cancel'), 0)
        FROM payments_journal j JOIN orders_order o ON o.id = j.order_id JOIN orders_orderline l ON l.order_id = o.id
        WHERE {where}"""
    assert (table.totals[1], table.totals[2]) == plain(units, market, name)[0]


@every
def test_promotions(read, market, name):
    table = table_of("promotions", market, name)
    statement = """
        SELECT coalesce(sum(CASE j.kind WHEN 'sale' THEN u.saved_minor ELSE -u.saved_minor END), 0)::bigint
        FROM payments_journal j JOIN orders_order o ON o.id = j.order_id
        JOIN orders_promotionuse u ON u.order_id = o.id WHERE j.kind IN ('sale', 'cancel') AND {where}"""
    assert table.totals[2] == plain(statement, market, name)[0][0]


@every
def test_payments(read, market, name):
    table = table_of("payments", market, name)
    statement = """
        SELECT coalesce(sum(p.amount_minor), 0)::bigint FROM payments_posting p
        JOIN payments_journal j ON j.id = p.journal_id JOIN orders_order o ON o.id = j.order_id
        WHERE j.kind IN ('capture', 'refund', 'refund_failed') AND p.account = '{account}' AND {where}"""
    for row, account in zip(table.rows, ("stripe", "gift_cards", "bank", "cash"), strict=True):
        assert row[5] == plain(statement.replace("{account}", account), market, name)[0][0]


@pytest.mark.parametrize("name", PERIODS)
@pytest.mark.parametrize("market", MARKETS)
def test_what_is_owed_to_holders_of_gift_cards(read, market, name):
    table = table_of("gift-cards", market, name)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(-sum(p.amount_minor), 0)::bigint FROM payments_posting p JOIN payments_journal j"
            " ON j.id = p.journal_id WHERE p.account = 'gift_cards' AND j.currency = %s AND j.created_at < %s",
            [all_markets()[market].currency, PERIODS[name][3]],
        )
        assert table.totals[1] == cursor.fetchone()[0]
    assert sum(row[1] for row in table.rows) == table.totals[1]


def test_the_value_of_the_stock(sold):
    table = table_of("stock", "main", "October")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(s.on_hand), sum(s.on_hand * p.amount_minor) FROM catalog_stock s"
            " JOIN catalog_price p ON p.variant_id = s.variant_id AND p.kind = 'regular'"
        )
        units, value = cursor.fetchone()
    assert (table.totals[2], table.totals[6]) == (units, value)


def test_returning_customers(sold):
    assert refresh_cohorts() == CohortSum.objects.count()
    table = table_of("cohorts", "main", "October")
    statement = """
        SELECT count(DISTINCT o.customer_key) FROM payments_journal j JOIN orders_order o ON o.id = j.order_id
        WHERE j.kind = 'sale' AND o.status <> 'canceled' AND {where}"""
    assert table.totals[1] == plain(statement, "main", "October")[0][0]
    assert sum(row[2] for row in table.rows) == table.totals[2]


def test_a_customer_who_came_back_is_counted_in_a_later_month(module_data):
    with transaction.atomic():
        first = sell(local(2026, 8, 3))
        sell(local(2026, 10, 3), customer_key=first.customer_key)
        sell(local(2026, 8, 9))
        refresh_cohorts()
        period = Period(date(2026, 8, 1), date(2026, 8, 31))
        table = REPORTS["cohorts"].read(Query(all_markets()["main"], period))
        transaction.set_rollback(True)
    assert [cell for cell in table.rows[0] if cell is not None][:2] == [date(2026, 8, 1), 2]
    assert table.rows[0][3:5] == [None, Decimal(50)]
    assert table.figures[1].value == Decimal(50)
