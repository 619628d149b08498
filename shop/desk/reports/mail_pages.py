"""The page on which staff choose the reports that they get by e-mail, and those of others if they may manage them."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import DELETION
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.models import User
from catalog.edits.history import record_action, write_entry
from catalog.markets import all_markets
from payments.reports.all_reports import REPORTS
from shop.desk.reports.mailing import SEE_REPORTS, due_period
from shop.models import ReportMail

MANAGE = "shop.manage_reportmail"
MAX_STAFF = 200  # in the select box


def readers() -> QuerySet[User]:
    """Staff who may see reports, by e-mail address."""
    app, _, codename = SEE_REPORTS.partition(".")
    granted = Permission.objects.filter(content_type__app_label=app, codename=codename)
    may_see = Q(is_superuser=True) | Q(groups__permissions__in=granted) | Q(user_permissions__in=granted)
    return User.objects.filter(may_see, is_staff=True, is_active=True).order_by("email").distinct()


class ReportMailForm(forms.ModelForm):
    """A report, and the member of staff who gets it: oneself, or anybody who may see reports if one may manage them."""

    class Meta:
        model = ReportMail
        fields = ("report", "market", "every", "user")

    def __init__(self, *args: Any, by: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["report"] = forms.ChoiceField(choices=[(report.code, report.title) for report in REPORTS.values()])
        self.fields["market"] = forms.ChoiceField(
            choices=[(market.code, market.name) for market in all_markets().values()]
        )
        ids = list(readers().values_list("pk", flat=True)[:MAX_STAFF]) if by.has_perm(MANAGE) else [by.pk]
        self.fields["user"].queryset = User.objects.filter(pk__in=ids).order_by("email")  # type: ignore[attr-defined]
        self.fields["user"].label = "To"


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(SEE_REPORTS, raise_exception=True)
def report_mails(request: HttpRequest) -> HttpResponse:
    """Show which reports are sent to whom; add one, or stop one. Others' are for staff who may manage them."""
    if "stop" in request.POST:
        return _stop(request)
    sent = request.POST if request.method == "POST" else None
    form = ReportMailForm(sent, by=request.user, initial={"user": request.user.pk})
    if form.is_valid():
        # The first one is sent when the present week or month is over.
        form.instance.sent_until = due_period(form.cleaned_data["every"], timezone.localdate()).last
        form.instance.created_by = request.user
        form.save()
        record_action(request, form.instance, "Sent regularly from now on.")
        messages.success(request, f"{form.instance} is sent regularly.")
        return redirect("admin:report_mails")
    mails = _managed_by(request.user).select_related("user").order_by("report", "pk")
    context = {
        **admin.site.each_context(request),
        "title": "Reports by e-mail",
        "mails": mails,
        "form": form,
    }
    return TemplateResponse(request, "admin/report_mails.html", context, status=422 if form.errors else 200)


def _managed_by(user: Any) -> QuerySet[ReportMail]:
    """The report mails that this user may see and stop."""
    return ReportMail.objects.all() if user.has_perm(MANAGE) else ReportMail.objects.filter(user=user)


def _stop(request: HttpRequest) -> HttpResponse:
    chosen = request.POST["stop"]
    found = _managed_by(request.user).filter(pk=chosen).first() if chosen.isascii() and chosen.isdigit() else None
    if found:
        write_entry(request, found, DELETION, "Stopped.")
        found.delete()
        messages.success(request, f"{found} is no longer sent.")
    return redirect("admin:report_mails")
