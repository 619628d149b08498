"""The history of the whole shop: who changed what, when, and from which value to which."""

from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst

from catalog import folding  # noqa: F401  (registers the lookup)
from catalog.admin.base import ReadOnly, guarded, page
from catalog.edits.history import may_read_history
from catalog.edits.log import Line, Place, Wanted, lines_of, log_sources
from catalog.inputs import DayField


class SearchForm(forms.Form):
    """What to look for in the history. Empty fields do not restrict."""

    person = forms.CharField(required=False, max_length=100, help_text="Name or e-mail address.")
    subject = forms.CharField(label="Object", required=False, max_length=100, help_text="Part of its name.")
    kind = forms.ChoiceField(label="Kind", required=False)
    since = DayField(label="From", required=False)
    until = DayField(label="Until", required=False)

    def __init__(self, *args: Any, models: dict[str, type[Model]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.models = models
        kinds = sorted((str(model._meta.verbose_name), label) for label, model in models.items())
        self.fields["kind"].choices = [("", "Everything"), *((label, capfirst(name)) for name, label in kinds)]

    def wanted(self, reader: Any) -> Wanted:
        """What the form asks for, for this reader. Fields with errors do not restrict."""
        cleaned = self.cleaned_data
        kind = cleaned.get("kind")
        since, until = cleaned.get("since"), cleaned.get("until")
        return Wanted(
            [self.models[kind]] if kind else list(self.models.values()),
            reader=reader,
            person=cleaned.get("person", ""),
            subject=cleaned.get("subject", ""),
            since=_start_of(since) if since else None,
            until=_start_of(until + timedelta(days=1)) if until else None,
        )


def _start_of(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


@admin.register(LogEntry)
class ChangesAdmin(ReadOnly, admin.ModelAdmin):
    """One page. Staff see the entries of those objects that they may see themselves."""

    def get_urls(self) -> list[URLPattern]:
        return [path("", guarded(self, self.changelist_view), name="admin_logentry_changelist")]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = SearchForm(request.GET, models=self._readable(request))
        form.is_valid()
        lines, following = lines_of(form.wanted(request.user), Place.read(request.GET.get("below", "")))
        kept = {name: request.GET[name] for name in form.fields if request.GET.get(name)}
        context = {
            "title": "Changes",
            "form": form,
            "lines": [(line, self._url_of(line)) for line in lines],
            "older_query": urlencode({**kept, "below": str(following)}) if following else "",
            "newest_query": urlencode(kept) if "below" in request.GET else None,
            "is_filtered": bool(kept),
        }
        return page(self, request, "admin/changes.html", context, 422 if form.errors else 200)

    def _readable(self, request: HttpRequest) -> dict[str, type[Model]]:
        """The models whose history the user may read, by label."""
        registered = [
            model
            for model, model_admin in self.admin_site._registry.items()
            if model is not LogEntry and may_read_history(model_admin, request)
        ]
        further = [model for model, permission in log_sources.readable.items() if request.user.has_perm(permission)]
        return {model._meta.label_lower: model for model in [*registered, *further]}

    def _url_of(self, line: Line) -> str:
        """The page of the object, or an empty string if it has none or was deleted."""
        if line.model is None:
            return ""
        options = line.model._meta
        try:
            return reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[line.object_id])
        except NoReverseMatch:
            return ""
