"""The pages of the reports, and their files."""

from dataclasses import dataclass, replace
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog.charts import Chart, Point, line_chart
from catalog.formats import day
from payments.reports.all_reports import REPORTS
from payments.reports.periods import Period, Step
from payments.reports.tables import Query, Report, Table
from shop.desk.reports.query import PERIODS, PeriodForm, QueryForm
from shop.desk.reports.values import csv_of, file_name, shown_figures, shown_table

SEE_REPORTS = "payments.view_reports"
MAX_SHOWN_ROWS = 500  # on the page; the file has all rows


@dataclass(frozen=True)
class PeriodLink:
    """A period that one click chooses."""

    label: str
    url: str
    is_current: bool


@require_safe
@permission_required(SEE_REPORTS, raise_exception=True)
def reports(request: HttpRequest) -> HttpResponse:
    """Redirect to the first report."""
    return redirect("admin:report", next(iter(REPORTS)))


@require_safe
@permission_required(SEE_REPORTS, raise_exception=True)
def report(request: HttpRequest, code: str) -> HttpResponse:
    """Show a report, or send it as a file."""
    if code not in REPORTS:
        raise Http404
    shown_report, form = REPORTS[code], QueryForm(request.GET or None)
    query = form.query
    table = shown_report.read(query)
    if request.GET.get("format") == "csv" and (not form.is_bound or form.is_valid()):
        return _file(shown_report, query, table)
    compared = form.compared if shown_report.has_period else None
    before = shown_report.read(replace(query, period=compared)) if compared else None
    context = {
        **admin.site.each_context(request),
        "title": shown_report.title,
        "report": shown_report,
        "others": [other for other in REPORTS.values() if other is not shown_report],
        "form": form,
        "query": query,
        "period_links": period_links(request, form),
        "meta": _meta(shown_report, query.period, compared),
        "figures": shown_figures(table, before, query.currency),
        "chart": _chart(shown_report, query, table, before),
        "shown": shown_table(shown_report.title, replace(table, rows=table.rows[:MAX_SHOWN_ROWS]), query.currency),
        "left_out": max(0, len(table.rows) - MAX_SHOWN_ROWS),
        "table": table,
        "csv_url": url_with(request, format="csv"),
        "now": timezone.now(),
    }
    return TemplateResponse(request, "admin/report.html", context, status=422 if form.errors else 200)


def _file(shown_report: Report, query: Query, table: Table) -> HttpResponse:
    response = HttpResponse(csv_of(shown_report, query, table), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_name(shown_report, query)}"'
    return response


def url_with(request: HttpRequest, **changes: str) -> str:
    """Return the query of the request with these parameters, the empty ones left out."""
    parameters = QueryDict(mutable=True)
    parameters.update({name: value for name, value in {**request.GET.dict(), **changes}.items() if value})
    return f"?{parameters.urlencode()}"


def period_links(request: HttpRequest, form: PeriodForm) -> list[PeriodLink]:
    """Return the periods that one click chooses."""
    return [
        PeriodLink(label, url_with(request, p=key, first="", last="", format=""), key == form.chosen)
        for key, (label, _) in PERIODS.items()
    ]


def _meta(shown_report: Report, period: Period, compared: Period | None) -> str:
    if not shown_report.has_period:
        return "Now"
    if compared is None:
        return period_text(period)
    return f"{period_text(period)}, compared with {day(compared.first)} – {day(compared.last)}"


def period_text(period: Period) -> str:
    """Return the days of the period: `1 Nov 2026 – 30 Nov 2026`."""
    return day(period.first) if period.count == 1 else f"{day(period.first)} – {day(period.last)}"


def _chart(shown_report: Report, query: Query, table: Table, before: Table | None) -> Chart | None:
    """Draw the points of the table, beside those of the period before, step by step."""
    if not table.points:
        return None
    earlier: list[Any] = [minor for _, minor in before.points] if before else []
    earlier += [0] * (len(table.points) - len(earlier)) if before else []
    values = earlier or [None] * len(table.points)
    label = {Step.DAY: "day", Step.WEEK: "week", Step.MONTH: "month"}[query.step]
    points = [Point(day(first), minor, value) for (first, minor), value in zip(table.points, values, strict=False)]
    return line_chart(f"{shown_report.title} by {label}", points, query.currency)
