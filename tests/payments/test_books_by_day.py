"""The sums of the books by day: equal to the journals, in the shop's time zone, with and without stored sums."""

from collections import defaultdict
from datetime import UTC, date, timedelta

import pytest
from django.db import connection, transaction

from payments.audit import INVARIANTS
from payments.models import BooksDay, DailyProduct, DailySum, DailyTax
from payments.reports.books import Sales, sales_by_hour, sales_of, sums_of, taxes_of
from payments.reports.closing import close_days
from payments.reports.periods import Period, Step
from shop.operations.audit import run_audit
from tests.payments.books import at, local, sell, take_back

pytestmark = pytest.mark.django_db
MARKETS = [("main", "EUR"), ("us", "USD")]
# The clocks go back on 25 October 2026, so that day has 25 hours, and forward on 29 March, which has 23.
PERIODS = {
    "the day with 25 hours": Period(date(2026, 10, 25), date(2026, 10, 25)),
    "the day with 23 hours": Period(date(2026, 3, 29), date(2026, 3, 29)),
    "a year": Period(date(2026, 1, 1), date(2026, 12, 31)),
}
MOMENTS = [
    *(local(2026, 3, 28, 23, 59), local(2026, 3, 29, 0, 0), local(2026, 3, 29, 3, 30), local(2026, 3, 30, 0, 0)),
    *(local(2026, 10, 24, 23, 59), local(2026, 10, 25, 0, 0), local(2026, 10, 25, 2, 30)),
    *(local(2026, 10, 25, 2, 30, fold=1), local(2026, 10, 25, 23, 59), local(2026, 10, 26, 0, 0)),
]
PLAIN = """
    SELECT p.account, -sum(p.amount_minor)::bigint, count(DISTINCT j.id) FILTER (WHERE j.kind = 'sale')
    FROM payments_posting p
    JOIN payments_journal j ON j.id = p.journal_id
    JOIN orders_order o ON o.id = j.order_id
    WHERE o.market = %s AND j.created_at >= %s AND j.created_at < %s
    GROUP BY 1
"""
# The same moments in the universal time that a clerk would read off a table.
BOUNDS = {
    "the day with 25 hours": ("2026-10-24 22:00Z", "2026-10-25 23:00Z"),
    "the day with 23 hours": ("2026-03-28 23:00Z", "2026-03-29 22:00Z"),
    "a year": ("2025-12-31 23:00Z", "2026-12-31 23:00Z"),
}


@pytest.fixture(scope="module")
def sold(module_data):
    """Ten sales in each of two markets, two of which were taken back later."""
    for market, currency in MARKETS:
        orders = [sell(moment, market, currency) for moment in MOMENTS]
        take_back(orders[1], local(2026, 10, 25, 12))
        take_back(orders[4], local(2026, 10, 26, 12))


@pytest.fixture(scope="module", params=["from the journals", "from stored sums", "from both"])
def read(request, sold, django_db_blocker):
    """The figures are the same however many days have been closed."""
    with django_db_blocker.unblock(), transaction.atomic():
        if request.param != "from the journals":
            with at(local(2026, 10, 25, 13) if request.param == "from both" else local(2027, 1, 1, 2)):
                while close_days():
                    pass
        yield
        transaction.set_rollback(True)


def plain(market: str, bounds: tuple[str, str]) -> dict[str, tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(PLAIN, [market, *bounds])
        return {account: (amount, orders) for account, amount, orders in cursor.fetchall()}


@pytest.mark.parametrize("name", PERIODS)
@pytest.mark.parametrize("market", [market for market, _ in MARKETS])
def test_sales_equal_a_plain_sum_over_the_books(read, name, market):
    rows = sums_of(PERIODS[name], market)
    books = plain(market, BOUNDS[name])
    sales = sales_of(rows)
    assert sales.net_sales_minor == sum(books[account][0] for account in ("sales", "shipping", "tax"))
    assert sales.tax_minor - sales.returned_tax_minor == books["tax"][0]
    assert sales.orders == books["receivable"][1]
    assert {row.currency for row in rows} <= {currency for code, currency in MARKETS if code == market}


@pytest.mark.parametrize("name", PERIODS)
@pytest.mark.parametrize("market", [market for market, _ in MARKETS])
def test_the_tax_of_all_rates_is_the_tax_in_the_books(read, name, market):
    assert sum(row.tax_minor for row in taxes_of(PERIODS[name], market)) == plain(market, BOUNDS[name])["tax"][0]


def test_a_day_has_the_sales_between_its_midnights(read):
    by_day = defaultdict(list)
    for row in sums_of(PERIODS["a year"], "main"):
        by_day[row.day].append(row)
    orders = {f"{day:%d %b}": sales_of(rows).orders for day, rows in by_day.items() if sales_of(rows).orders}
    assert orders == {"28 Mar": 1, "29 Mar": 2, "30 Mar": 1, "24 Oct": 1, "25 Oct": 4, "26 Oct": 1}


@pytest.fixture
def nothing_closed(sold, db):
    for model in (BooksDay, DailyProduct, DailySum, DailyTax):
        model.objects.all().delete()


def test_days_are_closed_in_order_an_hour_after_they_end(nothing_closed):
    with at(local(2026, 3, 30, 0, 59)):
        assert close_days() == 1
    with at(local(2026, 3, 30, 1, 0)):
        assert close_days() == 1
        assert close_days() == 0
    assert [str(day.day) for day in BooksDay.objects.order_by("day")] == ["2026-03-28", "2026-03-29"]


def test_the_audit_compares_stored_sums_with_the_journals(nothing_closed):
    with at(local(2026, 3, 30, 12)):
        close_days()
    (name,) = [name for name in INVARIANTS if name.startswith("M12")]
    assert [finding for finding in run_audit() if finding.invariant == name] == []
    row = DailySum.objects.filter(account="tax").first()
    DailySum.objects.filter(pk=row.pk).update(amount_minor=row.amount_minor + 1)
    found = [finding for finding in run_audit() if finding.invariant == name]
    assert [finding.key for finding in found] == [f"day {row.day}"]


def test_sums_are_written_again_when_the_time_zone_of_the_shop_changes(nothing_closed, settings):
    with at(local(2026, 4, 2)):
        close_days()
    settings.TIME_ZONE = "Asia/Tokyo"
    with at(local(2026, 4, 2)):
        close_days()
    assert set(BooksDay.objects.values_list("zone", flat=True)) == {"Asia/Tokyo"}
    sale = DailySum.objects.filter(kind="sale", account="", market="main")
    assert sum(row.journals for row in sale if row.day == date(2026, 3, 29)) == 3


def test_hours_are_those_of_the_wall_clock_on_a_day_with_25_of_them(sold):
    period = PERIODS["the day with 25 hours"]
    assert period.ends.astimezone(UTC) - period.begins.astimezone(UTC) == timedelta(hours=25)
    hours = sales_by_hour(period.begins, period.ends, "main", "EUR")
    total = sales_of(sums_of(period, "main")).net_sales_minor
    assert sum(hours.values()) == total
    assert set(hours) == {0, 2, 12, 23}
    assert hours[2] == 2 * hours[0]


def test_average_order_and_paid_carts():
    sales = Sales(orders=2, goods_minor=1000, shipping_minor=300, tax_minor=201, carts=8)
    assert (sales.gross_minor, sales.average_minor, sales.cart_to_paid) == (1501, 751, 25)
    assert (Sales().average_minor, Sales().cart_to_paid) == (None, None)


def test_periods():
    assert Period(date(2026, 11, 1), date(2026, 11, 30)).before == Period(date(2026, 10, 2), date(2026, 10, 31))
    assert Period(date(2024, 2, 29), date(2024, 3, 1)).year_before == Period(date(2023, 2, 28), date(2023, 3, 1))
    weeks = Period(date(2026, 11, 4), date(2026, 11, 17)).steps(Step.WEEK)
    assert [f"{day:%d %b}" for day in weeks] == ["02 Nov", "09 Nov", "16 Nov"]
