"""The page of the books: trial balance and tax of a period in one currency, and their files."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from payments import books as book_keeping
from payments.bookkeeping import datev
from payments.bookkeeping.chart import numbers
from payments.bookkeeping.files import FILES, csv_lines
from payments.errors import BooksRefused
from payments.reports.periods import Period
from payments.reports.tables import Column, Kind, Table
from payments.reports.taxes import TREATMENTS, UNASSIGNED
from shop.desk.reports.pages import SEE_REPORTS, period_links, period_text, url_with
from shop.desk.reports.query import BooksForm
from shop.desk.reports.values import ShownTable, shown_table

SEE_JOURNALS = "payments.view_journal"
# The files that the page offers besides the DATEV file.
LABELS = {"trial-balance": "Trial balance", "vat": "Tax by rate", "journal": "Journal"}
BALANCE_COLUMNS = (
    Column("Account"),
    Column("Number"),
    Column("Opening balance", Kind.MONEY),
    Column("Debits", Kind.MONEY),
    Column("Credits", Kind.MONEY),
    Column("Closing balance", Kind.MONEY, is_main=True),
)
TAX_COLUMNS = (
    Column("Month", Kind.MONTH),
    Column("Country"),
    Column("Treatment"),
    Column("Rate", Kind.PERCENT),
    Column("Taxed amount, net", Kind.MONEY),
    Column("Tax", Kind.MONEY, is_main=True),
)


@require_safe
@permission_required(SEE_REPORTS, raise_exception=True)
def books(request: HttpRequest) -> HttpResponse:
    """Show the trial balance and the tax of a period."""
    form = BooksForm(request.GET or None)
    period, currency = form.period, form.chosen_currency
    context = {
        **admin.site.each_context(request),
        "title": "Books",
        "form": form,
        "period_links": period_links(request, form),
        "meta": f"{period_text(period)}, {currency}",
        "tables": [_balances(period, currency), _taxes(period, currency)],
        "files": _files(request),
    }
    return TemplateResponse(request, "admin/books.html", context, status=422 if form.errors else 200)


@require_safe
@permission_required([SEE_REPORTS, SEE_JOURNALS], raise_exception=True)
def books_file(request: HttpRequest, what: str) -> HttpResponseBase:
    """Send a file of the books, or go back to the page with the reason why it cannot be written."""
    if what not in (*FILES, "datev"):
        raise Http404
    form = BooksForm(request.GET or None)
    page = reverse("admin:books") + url_with(request)
    if form.is_bound and not form.is_valid():
        return redirect(page)
    period, currency = form.period, form.chosen_currency
    if what != "datev":
        name = f"{what}-{currency}-{period.first}-{period.last}.csv"
        return _file(csv_lines(FILES[what](period, currency)), name, "utf-8")
    try:
        return _file(
            datev.datev_file(period, currency, timezone.now()), datev.file_name(period, currency), "windows-1252"
        )
    except BooksRefused as refused:
        messages.error(request, str(refused))
        return redirect(page)


def _file(lines: Iterable[str] | Iterable[bytes], name: str, charset: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type=f"text/csv; charset={charset}")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _files(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the URL and label of each file that the user may have."""
    user: Any = request.user
    if not user.has_perm(SEE_JOURNALS):
        return []
    query = url_with(request)
    return [
        (reverse("admin:books_file", args=[what]) + query, label)
        for what, label in (*LABELS.items(), ("datev", "DATEV"))
    ]


def _balances(period: Period, currency: str) -> ShownTable:
    chart = numbers()
    rows = [
        [
            *(row.label, chart[row.account], row.opening_minor),
            *(row.debit_minor, row.credit_minor, row.closing_minor),
        ]
        for row in book_keeping.trial_balance(period, currency)
    ]
    totals = ["Total", "", *(sum(row[index] for row in rows) for index in range(2, len(BALANCE_COLUMNS)))]  # type: ignore[misc]
    return shown_table("Trial balance", Table(BALANCE_COLUMNS, rows, totals=totals), currency)


def _taxes(period: Period, currency: str) -> ShownTable:
    found = book_keeping.tax_by_rate(period, currency)
    rows = [
        [
            *(row.month, row.country, TREATMENTS.get(row.treatment, row.treatment) or UNASSIGNED, row.percent),
            *(row.base_minor, row.tax_minor),
        ]
        for row in found
    ]
    totals = ["Total", "", "", None, sum(row.base_minor for row in found), sum(row.tax_minor for row in found)]
    return shown_table("Tax by rate", Table(TAX_COLUMNS, rows, totals=totals), currency)
