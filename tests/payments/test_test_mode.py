"""Test mode: its orders and cards are marked, stay out of every figure and cannot be mixed with real ones."""

import csv
from datetime import date

import pytest
from django.utils import timezone

from catalog.markets import default_market
from orders.errors import GiftCardRefused
from orders.gift_cards import find_card
from orders.models import GiftCard, Order
from orders.people import account_person, history_of, values_by_email
from orders.statistics import refresh_sales
from payments import books, ledger
from payments.cancellation import expire_unpaid
from payments.capturing import carry_out, carry_out_waiting, request_capture
from payments.errors import NotPayable
from payments.models import CohortSum, Journal, Payment
from payments.reconcile import reconcile
from payments.refunds import carry_out as carry_out_refund
from payments.refunds import carry_out_waiting as carry_out_refunds
from payments.refunds import request_refund
from payments.reports.all_reports import REPORTS
from payments.reports.books import sales_by_hour, sales_of, sums_between, sums_of, taxes_of
from payments.reports.closing import close_days, refresh_cohorts
from payments.reports.periods import Period
from payments.reports.tables import Query
from payments.sessions import start_payment
from payments.settlement import settle
from shop.operations.audit import run_audit
from tests.factories import contents_of, make_cart, make_gift_card, make_order, make_user, make_variant, with_codes
from tests.orders.staff_pages import staff
from tests.payments.authorized import authorized, charge_on_shipping, mugs_and_lamp, payment_of
from tests.payments.books import at, local, sell, take_back
from tests.reading import text_of

pytestmark = pytest.mark.django_db
DAY = Period(date(2026, 10, 5), date(2026, 10, 5))
NOON, EVENING = local(2026, 10, 5), local(2026, 10, 5, 20)
SENTENCE = "This shop is in test mode: no money moves, and orders are not delivered."


@pytest.fixture
def test_mode(settings):
    settings.IS_TEST_MODE = True


@pytest.fixture
def sold(settings):
    """A real order, and two test orders of which one was canceled."""
    real = sell(NOON)
    settings.IS_TEST_MODE = True
    kept, canceled = sell(NOON), sell(NOON)
    take_back(canceled, EVENING)
    settings.IS_TEST_MODE = False
    return real, kept, canceled


def test_an_order_keeps_the_mode_it_was_placed_in(settings):
    real = make_order()
    settings.IS_TEST_MODE = True
    test = make_order()
    assert [Order.objects.get(pk=order.pk).is_test for order in (real, test)] == [False, True]


def test_the_ledger_keeps_test_orders_and_marks_their_journals(sold):
    marks = Journal.objects.order_by("id").values_list("kind", "is_test")
    assert list(marks) == [("sale", False), ("sale", True), ("sale", True), ("cancel", True)]
    assert ledger.owed_by_shopper(sold[1]) == sold[1].total_minor


@pytest.mark.parametrize("are_closed", [False, True])
def test_no_figure_counts_test_orders(sold, are_closed):
    if are_closed:
        with at(local(2026, 10, 7)):
            close_days()
    sales = sales_of(row for row in sums_of(DAY) if row.currency == "EUR")
    assert (sales.orders, sales.gross_minor, sales.returned_minor) == (1, sold[0].total_minor, 0)
    assert sum(row.tax_minor for row in taxes_of(DAY)) == sold[0].tax_minor
    assert sales_of(sums_between(DAY.begins, DAY.ends)).orders == 1
    assert sum(sales_by_hour(DAY.begins, DAY.ends, "main", "EUR").values()) == sold[0].total_minor
    assert [found for found in run_audit() if "M12" in found.invariant] == []


def test_the_books_of_a_period_have_no_entry_of_a_test_order(sold):
    assert {entry.order_number for entry in books.entries(DAY, "EUR")} == {sold[0].number}
    receivable = {balance.account: balance.debit_minor for balance in books.trial_balance(DAY, "EUR")}["receivable"]
    assert (receivable, books.balances(DAY.last, "EUR")["receivable"]) == (sold[0].total_minor, sold[0].total_minor)


def test_reports_and_cohorts_leave_test_orders_out(sold):
    refresh_cohorts()
    assert [row.sold_minor for row in CohortSum.objects.all()] == [sold[0].total_minor]
    query = Query(default_market(), DAY)
    products = REPORTS["products"]
    assert [row[1] for row in products.read(query).rows] == [1]


def test_bestsellers_and_the_value_of_customers_leave_test_orders_out(sold):
    Order.objects.update(status="confirmed", confirmed_at=timezone.now())
    assert refresh_sales() == 1
    value = values_by_email([sold[0].email])[sold[0].email]
    assert value.orders == 1
    assert history_of(account_person(make_user(sold[0].email))).value == value


def test_a_test_order_is_marked_for_staff(client, test_mode):
    order = make_order()
    staff(client, is_superuser=True)
    for url in ("/admin/orders/order/?tab=all", f"/admin/orders/order/{order.pk}/change/", "/admin/"):
        assert "Test order" in text_of(client.get(url))
    lines = b"".join(client.get("/admin/orders/order/export/?tab=all").streaming_content).decode().splitlines()
    assert dict(zip(*csv.reader(lines), strict=True))["Test order"] == "yes"


def test_a_real_order_has_no_mark(client):
    order = make_order()
    staff(client, is_superuser=True)
    assert "Test order" not in text_of(client.get(f"/admin/orders/order/{order.pk}/change/"))


def test_both_sides_of_the_shop_say_that_it_is_in_test_mode(client, settings):
    staff(client, is_superuser=True)
    for is_test in (False, True):
        settings.IS_TEST_MODE = is_test
        assert (SENTENCE in text_of(client.get("/"))) is is_test
        assert ("The shop is in test mode" in text_of(client.get("/admin/"))) is is_test


def test_the_bar_is_the_same_for_everybody_so_caches_may_keep_it(client, test_mode):
    page = client.get("/")
    assert SENTENCE in text_of(page)
    assert "Set-Cookie" not in page.headers
    assert "Cookie" not in page.headers.get("Vary", "")


def test_a_gift_card_pays_orders_of_its_own_mode_only(settings):
    real, real_code = make_gift_card(1000)
    settings.IS_TEST_MODE = True
    test, test_code = make_gift_card(2000)
    assert (GiftCard.objects.get(pk=test.pk).is_test, find_card(test_code, "EUR")) == (True, test)
    with pytest.raises(GiftCardRefused, match="only test gift cards"):
        find_card(real_code, "EUR")
    cart = with_codes(make_cart(make_variant(2400)), test_code)
    assert [tender.amount_minor for tender in contents_of(cart).tenders] == [2000]
    settings.IS_TEST_MODE = False
    assert contents_of(cart).tenders == []
    with pytest.raises(GiftCardRefused, match="test gift card, which cannot pay real orders"):
        find_card(test_code, "EUR")
    assert find_card(real_code, "EUR") == real


def test_an_order_of_another_mode_cannot_be_paid(settings):
    order = make_order()
    settings.IS_TEST_MODE = True
    with pytest.raises(NotPayable, match="another mode"):
        start_payment(order.pk)


@pytest.fixture
def live_key(settings):
    def turn_on():
        settings.STRIPE_SECRET_KEY, settings.IS_TEST_MODE = "sk_live_0123456789", False

    return turn_on


def test_nobody_asks_stripe_about_a_payment_of_the_other_mode(stripe_desk, settings, live_key):
    settings.IS_TEST_MODE = True
    payment = start_payment(make_order().pk)
    stripe_desk.pay(payment.session_url)
    live_key()
    assert settle(payment.pk).status == "open"
    settings.STRIPE_SECRET_KEY, settings.IS_TEST_MODE = "sk_test_sandbox", True
    assert settle(payment.pk).status == "captured"


def test_an_unpaid_test_order_still_expires_after_the_shop_has_gone_live(stripe_desk, settings, live_key):
    settings.IS_TEST_MODE = True
    order = make_order()
    start_payment(order.pk)
    live_key()
    Order.objects.update(payment_due_at=timezone.now())
    assert expire_unpaid() == 1
    assert Payment.objects.get().status == "failed"


def test_a_real_order_does_not_expire_while_only_a_test_key_is_set(stripe_desk):
    order = make_order()
    start_payment(order.pk)
    Payment.objects.update(livemode=True)
    Order.objects.update(payment_due_at=timezone.now())
    assert expire_unpaid() == 0
    order.refresh_from_db()
    assert order.status == "placed"


def test_reconciliation_does_not_miss_payments_of_the_other_mode_at_stripe(stripe_desk, settings):
    payment = Payment.objects.create(order=make_order(), currency="EUR", amount_minor=2890, livemode=True)
    with at(NOON):
        ledger.book_capture(payment, 2890, "ch_live")
    assert reconcile(local(2026, 10, 1)).differences == []


def test_a_refund_waits_for_the_key_of_its_payments_mode(stripe_desk, settings, live_key):
    settings.IS_TEST_MODE = True
    payment = start_payment(make_order().pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    refund = request_refund(Payment.objects.get(pk=payment.pk), 100, reason="too late")
    live_key()
    assert (carry_out_refund(refund.pk).status, carry_out_refunds()) == ("requested", 0)
    settings.STRIPE_SECRET_KEY, settings.IS_TEST_MODE = "sk_test_sandbox", True
    assert carry_out_refund(refund.pk).status == "succeeded"


def test_a_capture_waits_for_the_key_of_its_payments_mode(stripe_desk, settings, live_key):
    settings.IS_TEST_MODE = True
    charge_on_shipping()
    order = authorized(mugs_and_lamp(), stripe_desk)
    request = request_capture(order)
    live_key()
    assert (carry_out(request.pk).status, carry_out_waiting()) == ("requested", 0)
    assert stripe_desk.intent(payment_of(order).payment_intent_id)["status"] == "requires_capture"
    settings.STRIPE_SECRET_KEY, settings.IS_TEST_MODE = "sk_test_sandbox", True
    assert carry_out(request.pk).status == "done"
