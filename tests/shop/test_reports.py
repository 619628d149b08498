"""The pages of the reports, their files, and the e-mails in which they are sent."""

import csv
import io
from dataclasses import replace
from datetime import date

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.core.management import call_command

from catalog.inventory.receiving import Arrival, Delivery, receive_delivery
from catalog.models import Stock
from payments.reports.all_reports import REPORTS
from payments.reports.periods import Period
from payments.reports.tables import Kind
from shop.desk.reports.mailing import due_period, send_reports
from shop.desk.reports.values import shown
from shop.models import Mail, ReportMail
from tests.factories import make_location, make_user, make_variant
from tests.orders.staff_pages import staff as log_in
from tests.payments.books import at, local, sell
from tests.reading import errors_of, find, find_all, form_of, messages_of, text_of

pytestmark = pytest.mark.django_db
NOW = local(2026, 11, 26, 12)


def page_of(client, code: str, **query: str):
    with at(NOW):
        return client.get(f"/admin/reports/{code}/", query)


def file_of(client, code: str, **query: str) -> list[list[str]]:
    response = page_of(client, code, format="csv", **query)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(response.content.decode())))


@pytest.mark.parametrize("code", REPORTS)
def test_every_report_opens_with_and_without_sales(client, code):
    log_in(client, "Finance")
    assert page_of(client, code).status_code == 200
    sell(local(2026, 11, 20))
    call_command("run", "refresh-cohorts")
    page = page_of(client, code, compare="year", p="year")
    assert page.status_code == 200
    assert len(file_of(client, code)[0]) == len(page.context["table"].columns)


@pytest.mark.parametrize(("role", "status"), [("Finance", 200), ("Support", 403), ("Read-only", 403)])
def test_reports_are_for_staff_with_their_permission(client, role, status):
    log_in(client, role)
    assert {client.get(path).status_code for path in ("/admin/reports/sales/", "/admin/reports/mails/")} == {status}
    assert ("Reports" in text_of(client.get("/admin/"))) == (status == 200)


def test_the_report_of_sales_has_a_chart_and_compares(client):
    sell(local(2026, 11, 20), price_minor=10_000)
    sell(local(2026, 10, 20), price_minor=8_000)
    log_in(client, "Finance")
    page = page_of(client, "sales")
    assert "28 Oct 2026 – 26 Nov 2026, compared with 28 Sep 2026 – 27 Oct 2026" in text_of(page)
    assert "Sales €100.00 +25.0 %" in text_of(page)
    assert "highest 20 Nov 2026 with €100.00" in find(page, "svg", role="img").attributes["aria-label"]


def test_a_report_by_month_has_a_row_for_each_month(client):
    log_in(client, "Finance")
    rows = file_of(client, "sales", first="2026-01-15", last="2026-03-02", by="month")
    assert [row[0] for row in rows] == ["Period", "2026-03-01", "2026-02-01", "2026-01-01"]


def test_a_file_has_plain_numbers_and_executes_nothing(client):
    with at(local(2026, 11, 1)):
        variant = make_variant(2400, title="=HYPERLINK(1)")
    sell(local(2026, 11, 20), variant=variant)
    log_in(client, "Finance")
    rows = file_of(client, "products")
    assert rows[0] == ["Product", "Units sold", "Units taken back", "Sales, net (EUR)", "Share"]
    assert rows[1][0] == "'=HYPERLINK(1)"
    assert rows[1][1:] == ["1", "0", "20.17", "100"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"first": "2026-11-20", "last": "2026-11-01"}, "The first day is after the last one."),
        ({"first": "2026-11-20"}, "Enter both days, or none."),
        ({"first": "1900-01-01", "last": "2026-11-01"}, "A report covers ten years at most."),
        ({"first": "soon", "last": "2026-11-01"}, "From: Enter a valid date."),
        ({"first": "0001-01-01", "last": "0001-01-02"}, "From: Enter a day between the years 1900 and 2199."),
        ({"first": "9999-12-30", "last": "9999-12-31"}, "From: Enter a day between the years 1900 and 2199."),
    ],
)
def test_a_wrong_period_gets_one_sentence_and_stays_in_the_form(client, query, sentence):
    log_in(client, "Finance")
    page = page_of(client, "sales", **query)
    assert page.status_code == 422
    assert sentence in text_of(page)
    assert find(page, "input", name="first").attributes["value"] == query["first"]


def test_the_stock_value_of_more_than_64_bits_is_added_up(client):
    log_in(client, "Finance")
    dear = {make_variant(on_hand=1).pk: Arrival(1, 9_000_000_000) for _ in range(2)}
    receive_delivery(Delivery(make_location(), "EUR"), dear)
    Stock.objects.update(on_hand=1_000_000_000)
    assert file_of(client, "stock")[1][-2] == "180000000000000000.00"


def test_a_report_that_does_not_exist_is_not_found(client):
    log_in(client, "Finance")
    assert page_of(client, "profit").status_code == 404
    assert page_of(client, "sales", market="mars", by="hour", compare="x", p="x").status_code == 422


def test_a_report_has_one_market_and_its_currency(client, us_market):
    sell(local(2026, 11, 20), market="us", currency="USD")
    log_in(client, "Finance")
    assert page_of(client, "sales", market="us").context["table"].totals[1] == 1
    assert page_of(client, "sales").context["table"].totals[1] == 0
    assert "$" in text_of(page_of(client, "sales", market="us"))


@pytest.mark.parametrize("code", REPORTS)
def test_a_report_needs_twelve_queries_at_most(client, code, django_assert_max_num_queries):
    for day in (18, 19, 20):
        sell(local(2026, 11, day))
    log_in(client, "Finance")
    page_of(client, code)
    with django_assert_max_num_queries(12):
        page_of(client, code)


def test_values_in_words():
    assert shown(-960, Kind.MONEY, "EUR") == "−€9.60"
    assert shown(None, Kind.MONEY, "EUR") == "–"
    assert shown(12_345, Kind.NUMBER, "EUR") == "12,345"


@pytest.mark.parametrize(
    ("every", "first", "last"),
    [("week", date(2026, 11, 16), date(2026, 11, 22)), ("month", date(2026, 10, 1), date(2026, 10, 31))],
)
def test_the_last_whole_week_or_month_is_due(every, first, last):
    assert due_period(every, date(2026, 11, 26)) == Period(first, last)


def subscribe(client, **fields: str):
    with at(NOW):
        form = form_of(client.get("/admin/reports/mails/"))
        return client.post("/admin/reports/mails/", {**form, **fields}, follow=True)


def test_a_report_is_mailed_when_its_week_is_over_and_once(client):
    reader = log_in(client, "Finance")
    sell(local(2026, 11, 25), price_minor=10_000)
    page = subscribe(client, report="sales", market="main", every="week", user=str(reader.pk))
    assert messages_of(page) == [f"Sales to {reader} is sent regularly."]
    with at(local(2026, 11, 29, 23)):
        assert send_reports() == 0
    with at(local(2026, 11, 30, 1)):
        assert send_reports() == 1
        assert send_reports() == 0
    mail = Mail.objects.get()
    assert (mail.recipients, mail.subject) == ([reader.email], "Sales, 23 Nov 2026 – 29 Nov 2026")
    assert "Sales: €100.00" in mail.body
    assert "sales-main-2026-11-23-2026-11-29.csv" in mail.body


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}, {"groups": []}])
def test_who_may_no_longer_see_reports_gets_none(client, change):
    reader = log_in(client, "Finance")
    ReportMail.objects.create(report="sales", market="main", every="week", user=reader)
    reader.groups.set(change.pop("groups", reader.groups.all()))
    type(reader).objects.filter(pk=reader.pk).update(**{"is_active": True, **change})
    assert send_reports() == 0
    assert not Mail.objects.exists()


def test_a_report_that_fails_keeps_no_other_from_being_sent_and_is_tried_again(client, monkeypatch):
    reader = log_in(client, "Finance")
    for report in ("sales", "stock"):
        ReportMail.objects.create(report=report, market="main", every="week", user=reader)
    broken = replace(REPORTS["sales"], read=lambda query: 1 // 0)
    monkeypatch.setitem(REPORTS, "sales", broken)
    assert send_reports() == 1
    assert [mail.sent_until is None for mail in ReportMail.objects.order_by("pk")] == [True, False]


def test_reports_are_sent_only_to_staff_who_may_see_them(client):
    log_in(client, "Manager")
    other = make_user(is_staff=True)
    page = subscribe(client, report="sales", market="main", every="week", user=str(other.pk))
    assert page.status_code == 422
    assert not ReportMail.objects.exists()
    assert str(other.pk) not in [option.attributes["value"] for option in find_all(page, "option")]


def test_staff_choose_and_stop_their_own_report_mails_only(client):
    other = make_user(is_staff=True)
    other.groups.set(Group.objects.filter(name="Finance"))
    theirs = ReportMail.objects.create(report="sales", market="main", every="week", user=other)
    log_in(client, "Finance")
    page = subscribe(client, report="stock", market="main", every="week", user=str(other.pk))
    assert (page.status_code, other.email in text_of(page)) == (422, False)
    client.post("/admin/reports/mails/", {"stop": str(theirs.pk)})
    assert list(ReportMail.objects.all()) == [theirs]


def test_a_manager_chooses_and_stops_the_report_mails_of_others(client):
    other = make_user(is_staff=True)
    other.groups.set(Group.objects.filter(name="Finance"))
    log_in(client, "Manager")
    page = subscribe(client, report="stock", market="main", every="week", user=str(other.pk))
    assert messages_of(page) == [f"Stock value to {other} is sent regularly."]
    client.post("/admin/reports/mails/", {"stop": str(ReportMail.objects.get().pk)})
    assert not ReportMail.objects.exists()


def test_a_report_is_sent_to_a_person_once_and_can_be_stopped(client):
    reader = log_in(client, "Finance")
    fields = {"report": "sales", "market": "main", "every": "month", "user": str(reader.pk)}
    subscribe(client, **fields)
    assert "This report is already sent to this person." in " ".join(errors_of(subscribe(client, **fields)))
    kept = ReportMail.objects.get()
    page = client.post("/admin/reports/mails/", {"stop": str(kept.pk)}, follow=True)
    assert messages_of(page) == [f"Sales to {reader} is no longer sent."]
    assert not ReportMail.objects.exists()
    assert [str(entry.user) for entry in LogEntry.objects.filter(object_id=kept.pk)] == [reader.email] * 2
    assert client.post("/admin/reports/mails/", {"stop": "9" * 30}).status_code == 302


NOVEMBER = {"first": "2026-11-01", "last": "2026-11-30"}


def books_of(client, what: str = "", **query: str):
    with at(NOW):
        return client.get(f"/admin/reports/books/{what}", query)


def test_the_books_show_the_trial_balance_and_the_tax_of_a_period_in_a_currency(client):
    sell(local(2026, 11, 20))
    log_in(client, "Finance")
    page = books_of(client, **NOVEMBER, currency="EUR")
    assert "1 Nov 2026 – 30 Nov 2026, EUR" in text_of(page)
    assert "Owed by shoppers 1410 €0.00 €28.90 €0.00 €28.90" in text_of(page)
    assert "November 2026 DE Taxed 19 % €24.29 €4.61" in text_of(page)
    other = text_of(books_of(client, **NOVEMBER, currency="USD"))
    assert other.count("Nothing was booked in this period.") == 2


@pytest.mark.parametrize(
    ("what", "name", "begins"),
    [
        ("trial-balance", "trial-balance-EUR-2026-11-01-2026-11-30.csv", "account,number,name,currency,opening"),
        ("vat", "vat-EUR-2026-11-01-2026-11-30.csv", "month,country,treatment,rate,currency,net,tax"),
        ("journal", "journal-EUR-2026-11-01-2026-11-30.csv", "journal,date,time,kind,text,reference,order"),
        ("datev", "EXTF_Buchungsstapel_EUR_20261101_20261130.csv", '"EXTF";700;21;"Buchungsstapel";13;2026'),
    ],
)
def test_the_page_of_the_books_gives_the_files_of_the_command(client, what, name, begins):
    sell(local(2026, 11, 20))
    log_in(client, "Finance")
    (link,) = [
        a.attributes["href"]
        for a in find_all(books_of(client, **NOVEMBER), "a")
        if f"/{what}/?" in a.attributes.get("href", "")
    ]
    response = client.get(link)
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert b"".join(response.streaming_content).decode("cp1252").startswith(begins)


def test_a_file_that_cannot_be_written_leads_back_with_the_reason(client):
    log_in(client, "Finance")
    response = books_of(client, "datev/", first="2026-12-31", last="2027-01-01")
    assert response["Location"] == "/admin/reports/books/?first=2026-12-31&last=2027-01-01"
    assert messages_of(client.get(response["Location"])) == [
        "A file covers one business year. Choose a period that ends before the next one begins."
    ]
    wrong = client.get(books_of(client, "journal/", first="2026-12-31")["Location"])
    assert (wrong.status_code, "Enter both days, or none." in text_of(wrong)) == (422, True)
    assert books_of(client, "other/").status_code == 404
