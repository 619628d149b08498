"""What staff see who save an object that somebody else has deleted meanwhile: who deleted it, and all that they typed."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model
from django.forms.models import _get_foreign_key
from django.forms.utils import pretty_name
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst

from catalog.edits.concurrent import SHOWN_VALUES
from catalog.formats import moment

HTTP_CONFLICT = 409
BUTTONS = {"_save", "_continue", "_addanother", "_saveasnew", "_popup", "_to_field"}
FORMSET_COUNTS = ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")
SECRETS = ("password", "csrf")  # parts of the names of fields that are not shown again


class Missing(Http404):
    """The object of a page does not exist, or does not exist any more."""

    def __init__(self, model: type[Model], object_id: str) -> None:
        super().__init__(f"There is no {model._meta.verbose_name} {object_id}.")
        self.model, self.object_id = model, object_id


def deletion_of(model: type[Model], object_id: str) -> LogEntry | None:
    """The entry of the history about the deletion of this object, or None."""
    kind = ContentType.objects.get_for_model(model, for_concrete_model=False)
    entries = LogEntry.objects.filter(content_type=kind, object_id=object_id, action_flag=DELETION)
    return entries.select_related("user").order_by("-pk").first()


def deletion_sentence(request: HttpRequest, model: type[Model], entry: LogEntry | None) -> str:
    """`“Sand” was deleted by Anna Berg on 27 Nov 2026, 10:00.`"""
    if not entry:
        return f"This {model._meta.verbose_name} was deleted."
    who = "you" if entry.user == request.user else entry.user.get_full_name()
    return f"“{entry.object_repr}” was deleted by {who} on {moment(entry.action_time)}."


def typed_values(data: QueryDict) -> Iterator[tuple[str, str]]:
    """The name and the text of everything that was typed, without buttons and what browsers send besides."""
    for name in data:
        last = name.rpartition("-")[2]
        is_kept = name not in BUTTONS and last not in (*FORMSET_COUNTS, SHOWN_VALUES, "id")
        text = ", ".join(part for part in data.getlist(name) if part.strip())
        if is_kept and text and not any(secret in name for secret in SECRETS):
            yield name, text


def _label(name: str) -> str:
    """`rates-0-price_minor` is `Rates 1: price minor`."""
    prefix, _, last = name.rpartition("-")
    set_name, _, number = prefix.rpartition("-")
    if set_name and number.isdecimal():
        return f"{pretty_name(set_name)} {int(number) + 1}: {pretty_name(last).lower()}"
    return pretty_name(name)


def deleted_page(request: HttpRequest, model: type[Model], entry: LogEntry | None) -> HttpResponse:
    """A page with what was typed, to copy it."""
    context = {
        **admin.site.each_context(request),
        "title": f"{capfirst(model._meta.verbose_name)} was deleted",
        "sentence": deletion_sentence(request, model, entry),
        "values": [(_label(name), text) for name, text in typed_values(request.POST)],
    }
    return TemplateResponse(request, "admin/deleted.html", context, status=HTTP_CONFLICT)


class KeepsTypedValues:
    """Part of every model admin: saving a deleted object shows what was typed, in the form for a new one if it fits."""

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        """Answer Django's page of an object that does not exist. Permissions have been checked."""
        entry = deletion_of(self.model, object_id)  # type: ignore[attr-defined]
        is_form = request.method == "POST" and request.POST.keys() - {"post", "csrfmiddlewaretoken"}
        if not (is_form and entry):
            return super()._get_obj_does_not_exist_redirect(request, opts, object_id)  # type: ignore[misc]
        sent = request.POST
        answer = self._as_new(request, entry) if self.has_add_permission(request) else None  # type: ignore[attr-defined]
        if answer:
            return answer
        request.POST = sent  # type: ignore[misc]
        return deleted_page(request, self.model, entry)  # type: ignore[attr-defined]

    def _as_new(self, request: HttpRequest, entry: LogEntry) -> HttpResponse | None:
        """The form for a new object with everything that was typed, or None if it has not all of the fields."""
        model = self.model  # type: ignore[attr-defined]
        request.POST = _as_of_new(request.POST, self._parents(request))  # type: ignore[misc]
        sentence = deletion_sentence(request, model, entry)
        # Every form gets this error, so nothing is saved.
        request.refused_sentence = f"{sentence} What you typed is still here: save it to add it again."  # type: ignore[attr-defined]
        with transaction.atomic():
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}_add"
            answer = self.changeform_view(request, None, reverse(name))  # type: ignore[attr-defined]
            transaction.set_rollback(True)
        context = getattr(answer, "context_data", None) or {}
        if "adminform" not in context or not _has_all(context, request.POST):
            return None
        answer.status_code = HTTP_CONFLICT
        return answer

    def _parents(self, request: HttpRequest) -> set[str]:
        """The names of the fields by which rows of inlines refer to their object."""
        inlines = self.get_inline_instances(request)  # type: ignore[attr-defined]
        return {_get_foreign_key(self.model, inline.model, inline.fk_name).name for inline in inlines}  # type: ignore[attr-defined]


def _as_of_new(sent: QueryDict, parents: set[str]) -> QueryDict:
    """The sent values without ids, so that rows of inlines are new too."""
    data = sent.copy()
    for name in sent:
        prefix, _, last = name.rpartition("-")
        if last == "INITIAL_FORMS":
            data[name] = "0"
        elif last == SHOWN_VALUES or (prefix and (last == "id" or last in parents)):
            data[name] = ""
    return data


def _has_all(context: Mapping[str, Any], data: QueryDict) -> bool:
    """Whether the form and its inlines have a field for each value that was typed."""
    names = list(context["adminform"].form.fields)
    prefixes = [f"{inline.formset.prefix}-" for inline in context["inline_admin_formsets"]]
    return all(
        name.startswith(tuple(prefixes)) or any(name == field or name.startswith(f"{field}_") for field in names)
        for name, _text in typed_values(data)
    )
