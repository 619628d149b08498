"""The books of a period: balances, the trial balance, tax by rate and the journal, as the database itself adds them up."""

import csv
import io
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from orders.models import Disposition, Order
from orders.reversal import UnitsBack
from payments import books, ledger
from payments.bookkeeping import datev
from payments.bookkeeping.chart import CHARTS, SALES_KEYS, TAX_KEYS, check_chart
from payments.bookkeeping.files import csv_lines
from payments.errors import BooksRefused
from payments.models import Journal, Payment, Posting
from payments.refund_plans import RefundChoice
from payments.refund_requests import ask_refund
from payments.reports.closing import close_days
from payments.reports.periods import Period
from tests.factories import make_order, make_tax, make_user, make_variant
from tests.payments.books import at, local, sell, take_back

pytestmark = pytest.mark.django_db
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
PLAIN_SQL = """
    SELECT p.account, sum(p.amount_minor)::bigint FROM payments_posting p JOIN payments_journal j ON j.id = p.journal_id
    WHERE j.currency = %s AND j.created_at < %s::timestamptz GROUP BY 1
"""


def plain_sums(currency: str, until: str) -> dict[str, int]:
    """What the database says of every account before a moment in universal time."""
    with connection.cursor() as cursor:
        cursor.execute(PLAIN_SQL, [currency, until])
        return dict(cursor.fetchall())


def capture(order: Order) -> Payment:
    """Book the payment of a sold order now."""
    Order.objects.filter(pk=order.pk).update(status=Order.Status.CONFIRMED)
    amounts = {"amount_minor": order.total_minor, "captured_minor": order.total_minor, "currency": order.currency}
    payment = Payment.objects.create(order=order, status=Payment.Status.CAPTURED, charge_id=f"ch_{order.pk}", **amounts)
    ledger.book_capture(payment, order.total_minor, payment.charge_id)
    return payment


def sell_two_rates(moment) -> Order:
    """Two books of 10.70 at 7 % and a lamp of 23.80 at 19 %, delivery free of charge."""
    with at(moment):
        make_tax(percent="7", tax_class="reduced")
        order = make_order(
            make_variant(1070, tax_class="reduced", title="Book"), make_variant(4760, title="Lamp"), quantity=2
        )
        ledger.book_sale(order)
        capture(order)
    order.refresh_from_db()
    return order


@pytest.fixture
def sold():
    """Sales around the beginning and end of November in the shop's time zone, in two currencies, two of them canceled."""
    orders = [
        sell(moment)
        for moment in (
            local(2026, 10, 31, 23, 59),
            local(2026, 11, 1, 0, 0),
            local(2026, 11, 30, 23, 59),
            local(2026, 12, 1, 0, 0),
        )
    ]
    sell(local(2026, 11, 15), "us", "USD")
    take_back(orders[0], local(2026, 11, 2))
    take_back(orders[1], local(2026, 12, 2))


@pytest.mark.parametrize("closed_until", [None, local(2026, 11, 10), local(2026, 12, 31)])
def test_the_trial_balance_is_what_the_database_adds_up_however_many_days_are_closed(sold, closed_until):
    if closed_until:
        with at(closed_until):
            close_days(100)
    rows = books.trial_balance(NOVEMBER, "EUR")
    opening, closing = plain_sums("EUR", "2026-10-31 23:00Z"), plain_sums("EUR", "2026-11-30 23:00Z")
    assert {row.account: row.opening_minor for row in rows} == opening
    assert {row.account: row.closing_minor for row in rows} == closing
    assert sum(row.closing_minor for row in rows) == sum(row.debit_minor - row.credit_minor for row in rows) == 0
    assert books.balances(date(2026, 11, 30), "EUR") == closing
    sales = next(row for row in rows if row.account == "sales")
    assert (sales.debit_minor, sales.credit_minor) == (2017, 2 * 2017)  # one canceled, two sold


def test_currencies_are_never_added_up(sold):
    assert {row.account: row.closing_minor for row in books.trial_balance(NOVEMBER, "USD")} == plain_sums(
        "USD", "2026-11-30 23:00Z"
    )
    assert books.trial_balance(NOVEMBER, "GBP") == []


def test_a_refund_by_line_reduces_the_rate_of_its_line():
    order = sell_two_rates(local(2026, 11, 3))
    book = order.lines.get(title="Book")
    with at(local(2026, 11, 20)):
        choice = RefundChoice(units=(UnitsBack(book.pk, 1, Disposition.NOT_SENT),))
        ask_refund(order, choice, make_user(is_superuser=True))
    rows = books.tax_by_rate(NOVEMBER, "EUR")
    assert [(row.month, row.country, row.percent, row.base_minor, row.tax_minor) for row in rows] == [
        (date(2026, 11, 1), "DE", Decimal(7), 1000, 70),
        (date(2026, 11, 1), "DE", Decimal(19), 8000, 1520),
    ]


def test_tax_of_a_canceled_order_falls_into_the_month_of_the_cancellation(sold):
    taxes = books.tax_by_rate(Period(date(2026, 10, 1), date(2026, 12, 31)), "EUR")
    assert [(row.month.month, row.tax_minor) for row in taxes] == [(10, 461), (11, 461), (12, 0)]


def test_tax_without_rates_is_listed_for_itself(sold):
    assert [row.tax_minor for row in books.tax_by_rate(NOVEMBER, "USD")] == [461]
    journal = Journal.objects.create(kind="sale", provider_ref="old", currency="EUR")
    Posting.objects.create(journal=journal, account="tax", amount_minor=-100)
    Posting.objects.create(journal=journal, account="receivable", amount_minor=100)
    today = Period(*[journal.created_at.date()] * 2)
    assert [(row.percent, row.tax_minor) for row in books.tax_by_rate(today, "EUR")] == [(None, 100)]


def test_no_text_of_a_file_begins_a_formula():
    (line,) = csv_lines([["=1+1", "+49", "-2", "@x", "\tx", "ok", Decimal("-12.30"), date(2026, 1, 2)]])
    assert next(csv.reader([line])) == ["'=1+1", "'+49", "'-2", "'@x", "'\tx", "ok", "-12.30", "2026-01-02"]


def written(capsys, *arguments: str) -> list[list[str]]:
    call_command("books", *arguments)
    return list(csv.reader(io.StringIO(capsys.readouterr().out)))


def test_the_commands_write_what_the_books_say(sold, capsys):
    november = ("--from", "2026-11-01", "--until", "2026-11-30")
    assert written(capsys, "trial-balance", *november, "--currency", "usd")[1] == [
        *("receivable", "1410", "Owed by shoppers", "USD", "0.00", "28.90", "0.00", "28.90")
    ]
    assert written(capsys, "vat", *november)[1:] == [["2026-11", "DE", "Taxed", "19", "EUR", "24.29", "4.61"]]
    assert written(capsys, "balances", "--on", "2026-11-30")[1][4:] == ["2026-11-30", "57.80"]
    journal = written(capsys, "journal", *november)
    assert len(journal) == 1 + 3 * 4
    debits, credits = (sum(Decimal(row[index] or 0) for row in journal[1:]) for index in (11, 12))
    assert debits == credits == 3 * Decimal("28.90")
    with at(local(2026, 12, 5)):
        assert written(capsys, "journal") == journal  # the last month


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (("journal", "--from", "2026-12-02", "--until", "2026-12-01"), "2026-12-02 is after 2026-12-01"),
        (("vat", "--from", "yesterday"), "is not a day like 2026-12-31"),
        (("datev", "--from", "2026-12-31", "--until", "2027-01-01"), "A file covers one business year"),
        (("datev", "--currency", "KWD"), "The format has two decimals, and KWD has three"),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_sentence(arguments, refusal):
    with pytest.raises(CommandError, match=refusal):
        call_command("books", *arguments)


def datev_rows(period: Period = NOVEMBER, currency: str = "EUR") -> list[list[str]]:
    file = b"".join(datev.datev_file(period, currency, local(2026, 12, 1, 8))).decode("cp1252")
    assert file.endswith("\r\n")
    return list(csv.reader(io.StringIO(file, newline=""), delimiter=";"))


def sums_by_number(rows: list[list[str]]) -> dict[str, int]:
    """What a bookkeeping program has on each account after it has read the rows and taken out automatic tax."""
    automatic = {"8400": ("1776", 19), "8300": ("1771", 7)}
    sums: Counter[str] = Counter()
    for row in rows:
        minor = int(row[0].replace(",", ""))
        for number, signed in ((row[6], minor), (row[7], -minor)):
            if number in automatic:
                tax_number, percent = automatic[number]
                tax = round(signed * percent / (100 + percent))
                sums[tax_number] += tax
                signed -= tax
            sums[number] += signed
    return {number: minor for number, minor in sums.items() if minor}


def test_a_datev_file_has_the_head_and_the_columns_of_its_format(sold):
    head, columns, *rows = datev_rows()
    assert head == [
        *("EXTF", "700", "21", "Buchungsstapel", "13", "20261201080000000", "", "RE", "", ""),
        *("1001", "1", "20260101", "4", "20261101", "20261130", "Shop 2026-11", "", "1", "0", "0", "EUR"),
        *("", "", "", "", "03", "", "", "", ""),
    ]
    assert (len(columns), columns[113], columns[-1]) == (125, "Festschreibung", "Abw. Skontokonto")
    assert {len(row) for row in rows} == {125}
    assert [row[9] for row in rows] == ["0111", "3011", "0211"]


def test_a_sale_is_one_gross_amount_for_each_rate_on_the_account_that_takes_its_tax_out():
    order = sell_two_rates(local(2026, 11, 3))
    assert [(row[0], row[1], row[6], row[7], row[10]) for row in datev_rows()[2:]] == [
        ("95,20", "S", "1410", "8400", order.number),
        ("21,40", "S", "1410", "8300", order.number),
        ("116,60", "S", "1360", "1410", order.number),
    ]


def test_a_datev_file_adds_up_to_the_books_to_the_cent(settings):
    order = sell_two_rates(local(2026, 11, 3))
    with at(local(2026, 11, 20)):
        choice = RefundChoice(
            units=(UnitsBack(order.lines.get(title="Book").pk, 1, Disposition.NOT_SENT),), goodwill_minor=333
        )
        ask_refund(order, choice, make_user(is_superuser=True))
        ledger.book_cancel(order)
    for price in (1001, 1003, 337):
        sell(local(2026, 11, 5), price_minor=price)
    found = sums_by_number(datev_rows()[2:])
    expected: Counter[str] = Counter()
    chart = CHARTS["skr03"]
    for row in books.trial_balance(NOVEMBER, "EUR"):
        if row.account not in ("sales", "shipping", "tax"):
            expected[chart[row.account]] += row.closing_minor
    for tax in books.tax_by_rate(NOVEMBER, "EUR"):
        expected[chart[f"tax.{tax.percent.normalize():f}"]] -= tax.tax_minor
    sales = {chart[key] for key in ("sales", *SALES_KEYS)}
    assert {number: minor for number, minor in found.items() if number not in sales} == {
        number: minor for number, minor in expected.items() if minor
    }
    assert sum(found.values()) == 0


@pytest.mark.parametrize(
    ("country", "treatment", "percent", "expected"),
    [
        ("CH", "export", "0", [("8120", "", "")]),
        ("AT", "reverse_charge", "0", [("8125", "ATU12345678", "")]),
        ("AT", "domestic", "20", [("8320", "AT", "20,00"), ("1767", "", "")]),
        ("DE", "domestic", "5.5", [("8200", "", ""), ("1770", "", "")]),
    ],
)
def test_deliveries_abroad_and_other_rates_have_accounts_of_their_own(country, treatment, percent, expected):
    tax = int(1000 * Decimal(percent) / 100)
    order = make_order()
    fields = {"country": country, "treatment": treatment, "vat_id": "ATU12345678" if treatment != "domestic" else ""}
    Order.objects.filter(pk=order.pk).update(**fields)
    with at(local(2026, 11, 3)):
        taxes = [{"percent": percent, "base_minor": 1000, "tax_minor": tax}]
        journal = Journal.objects.create(
            kind="sale", provider_ref=order.number, order=order, currency="EUR", taxes=taxes
        )
    for account, minor in (("receivable", 1000 + tax), ("sales", -1000), ("tax", -tax)):
        if minor:
            Posting.objects.create(journal=journal, account=account, amount_minor=minor)
    columns = {name: index for index, name in enumerate(datev.COLUMNS)}
    place, rate = columns["EU-Land u. UStID (Bestimmung)"], columns["EU-Steuersatz (Bestimmung)"]
    assert [(row[7], row[place], row[rate]) for row in datev_rows()[2:]] == expected


def test_the_business_year_and_the_chart_are_settings(sold, settings):
    settings.BOOKS_FIRST_MONTH, settings.BOOKS_CHART = 7, "skr04"
    settings.BOOKS_NUMBERS, settings.DATEV_CONSULTANT = {"receivable": "12345"}, 29098
    head, _columns, first, *_others = datev_rows()
    assert (head[10], head[12], head[13], head[26]) == ("29098", "20260701", "5", "04")
    assert (first[6], first[7]) == ("12345", "4400")
    assert datev_rows(Period(date(2026, 7, 1), date(2027, 6, 30)))
    with pytest.raises(BooksRefused):
        datev_rows(Period(date(2026, 6, 30), date(2026, 7, 1)))


def test_a_file_that_the_format_cannot_hold_is_refused(sold, monkeypatch):
    monkeypatch.setattr(datev, "MAX_ROWS", 11)
    with pytest.raises(BooksRefused, match="holds 11 entries. Choose a shorter period"):
        datev_rows()


@pytest.mark.parametrize("chart", CHARTS)
def test_every_account_has_a_number_in_every_chart(chart):
    assert set(CHARTS[chart]) == {*Posting.Account.values, *SALES_KEYS, *TAX_KEYS}


def test_wrong_settings_of_the_books_are_reported(settings):
    assert check_chart() == []
    settings.BOOKS_NUMBERS = {"bank": "1210", "till": "1000", "fees": "49x"}
    assert [error.msg for error in check_chart()] == [
        "SHOP_BOOKS_NUMBERS needs a known account and a number of 4 to 8 digits for till, fees."
    ]
    settings.BOOKS_FIRST_MONTH = 13
    assert [error.id for error in check_chart()] == ["payments.E003"]
    settings.BOOKS_CHART = "skr99"
    assert [error.id for error in check_chart()] == ["payments.E001"]
