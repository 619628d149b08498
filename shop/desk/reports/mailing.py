"""Send reports by e-mail, weekly or monthly, to staff who may see them."""

import logging
from datetime import date

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from catalog.emails import Attachment, Priority, write_mail
from catalog.formats import day
from catalog.markets import market_of
from orders.mail_examples import MailExample
from payments.reports.all_reports import REPORTS
from payments.reports.periods import Period, Step
from payments.reports.tables import Query
from shop.desk.figures import Change
from shop.desk.reports.values import ShownFigure, csv_of, file_name, shown_figures
from shop.models import ReportMail

log = logging.getLogger(__name__)
SEE_REPORTS = "payments.view_reports"

# For the preview of all e-mails.
REPORT_EXAMPLE = MailExample(
    *("report", "Report", "To staff who chose to get it, with a file"),
    lambda: (
        "Sales, 23 Nov 2026 – 29 Nov 2026",
        {
            "title": "Sales",
            "period": "23 Nov 2026 – 29 Nov 2026",
            "market": "Germany (Euro)",
            "figures": [ShownFigure("Sales", "€1,645.00", Change("+8.2 %", "ok"))],
            "url": f"{settings.SHOP_URL}{reverse('admin:report', args=['sales'])}",
            "stop_url": f"{settings.SHOP_URL}{reverse('admin:report_mails')}",
        },
    ),
)


def due_period(every: str, today: date) -> Period:
    """Return the last whole week, from Monday, or the last whole month."""
    step = Step(every)
    last = Period.last_days(1, step.begin_of(today)).before.last
    return Period(step.begin_of(last), last)


def send_reports() -> int:
    """Send every report whose week or month is over and was not sent yet; return their number.

    Users who have lost the permission, or can no longer log in, get nothing. A report that fails is logged and tried again
    with the next call, and does not keep others from being sent.
    """
    today = timezone.localdate()
    sent = 0
    for mail_id in ReportMail.objects.order_by("pk").values_list("pk", flat=True):
        try:
            sent += _send(mail_id, today)
        except Exception:
            log.exception("report mail %s could not be sent", mail_id)
    return sent


@transaction.atomic
def _send(mail_id: int, today: date) -> bool:
    mail = (
        ReportMail.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("user")
        .filter(pk=mail_id)
        .first()
    )
    if mail is None or mail.report not in REPORTS:
        return False
    period = due_period(mail.every, today)
    if mail.sent_until and mail.sent_until >= period.last:
        return False
    ReportMail.objects.filter(pk=mail.pk).update(sent_until=period.last)
    is_allowed = mail.user.is_active and mail.user.is_staff and mail.user.has_perm(SEE_REPORTS)
    if is_allowed:
        _write(mail, period)
    return is_allowed


def _write(mail: ReportMail, period: Period) -> None:
    report = REPORTS[mail.report]
    step = Step.DAY if mail.every == Step.WEEK else Step.WEEK
    query = Query(market_of(mail.market), period, step)
    table = report.read(query)
    before = report.read(Query(query.market, period.before, step)) if report.has_period else None
    path = reverse("admin:report", args=[report.code])
    context = {
        "title": report.title,
        "period": f"{day(period.first)} – {day(period.last)}",
        "market": query.market.name,
        "figures": shown_figures(table, before, query.currency),
        "url": f"{settings.SHOP_URL}{path}?market={query.market.code}&first={period.first}&last={period.last}",
        "stop_url": f"{settings.SHOP_URL}{reverse('admin:report_mails')}",
    }
    write_mail(
        "report",
        f"{mail.pk}.{period.last}",
        to=mail.user.email,
        subject=f"{report.title}, {day(period.first)} – {day(period.last)}",
        context=context,
        priority=Priority.BULK,
        attachments=[Attachment(file_name(report, query), csv_of(report, query, table), "text/csv")],
    )
