"""The history of what staff change: every field before and after, as entries of the admin's log.

`RecordsChanges` is part of every model admin, so forms and deletions are recorded without further code. Pages with
their own forms use `recorded()` or `record_action()`.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.backends.postgresql.psycopg_any import Range
from django.db.models import Model
from django.forms.models import _get_foreign_key
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from catalog.formats import NOTHING, day, listed, market_name, moment, money, span
from catalog.markets import default_market, market_of
from catalog.models import Change, Product, Variant

MAX_VALUE_CHARACTERS = 1_000
CONTEXT_CHARACTERS = 80  # shown before the first difference of two long texts
MAX_LISTED = 100  # rows of a many-to-many field
MAX_EDITS = 20  # read of an object, to name who changed it
# Never shown. Only that they changed is recorded.
SECRET_FIELDS = {"password", "data", "secret_hash"}  # `data` holds the key of a second factor
UNRECORDED_FIELDS = {"last_login", "date_joined"}

Row = list[str]  # [label, before, after]; a list because it is stored as JSON


@dataclass(frozen=True)
class Snapshot:
    """The values of an object as text by field name, and those of the rows that its form edits as well."""

    model: type[Model]
    label: str
    values: dict[str, str]
    rows: dict[tuple[type[Model], Any], "Snapshot"] = field(default_factory=dict)


def snapshot(stored: Model, inlines: Iterable[tuple[type[Model], str]] = ()) -> Snapshot:
    """Read the object's stored values. `inlines` are models of further rows, with their field that refers to the object."""
    currency = _currency_of(stored)
    rows = {}
    for model, parent in inlines:
        for row in model._base_manager.filter(**{parent: stored}).order_by("pk"):
            rows[model, row.pk] = _values_of(row, currency, without=parent)
    return replace(_values_of(stored, currency), rows=rows)


def _values_of(stored: Model, currency: str, without: str = "") -> Snapshot:
    """The values of one row. Of an inline row, the field that refers to its object is left out."""
    fields = [*stored._meta.concrete_fields, *stored._meta.many_to_many]
    values = {
        each.name: _text(stored, each, currency) for each in fields if _is_recorded(each) and each.name != without
    }
    return Snapshot(type(stored), str(stored), values)


def _is_recorded(each: models.Field) -> bool:
    is_automatic = getattr(each, "auto_now", False) or getattr(each, "auto_now_add", False)
    return each.editable and not (each.primary_key or is_automatic or each.name in UNRECORDED_FIELDS)


def _currency_of(stored: Model) -> str:
    market = getattr(stored, "market", "")
    if isinstance(market, str) and market:
        return market_of(market).currency
    return getattr(stored, "currency", "") or default_market().currency


def _text(stored: Model, each: models.Field, currency: str) -> str:
    """The value of a field as staff read it."""
    if each.many_to_many:
        rows = [str(row) for row in getattr(stored, each.name).all()[: MAX_LISTED + 1]]
        return listed(rows[:MAX_LISTED]) + ("…" if len(rows) > MAX_LISTED else "")
    if each.is_relation:
        related = getattr(stored, each.name, None)
        return NOTHING if related is None else str(related)
    value = getattr(stored, each.attname)
    if each.choices and value not in (None, ""):
        return str(getattr(stored, f"get_{each.name}_display")())
    if each.name.endswith("_minor"):
        return money(value, currency)
    if each.name == "market":
        return market_name(value)
    return as_text(value)


def as_text(value: Any) -> str:
    """A value in the format that the admin uses for it; a dash for nothing."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, str):
        return value.replace("\r\n", "\n")  # browsers send line ends as CRLF, even in unchanged text
    write = next((write for kind, write in FORMATS.items() if isinstance(value, kind)), str)
    return write(value) or NOTHING


# By type. A boolean is an integer and a time is a date, so they come first.
FORMATS: dict[Any, Callable[[Any], str]] = {
    bool: lambda value: "yes" if value else "no",
    datetime: moment,
    date: day,
    Range: span,
    Decimal: lambda value: format(value.normalize(), "f"),
    list: listed,
    dict: lambda value: listed(f"{name}: {as_text(part)}" for name, part in value.items()),
}


def difference(label: str, before: Any, after: Any) -> Row:
    """A row of the history. Of long texts, it holds the part that differs."""
    return [label, *shortened(as_text(before), as_text(after))]


def shortened(before: str, after: str) -> tuple[str, str]:
    """Both texts, each at most MAX_VALUE_CHARACTERS long, starting shortly before the first difference if necessary."""
    if max(len(before), len(after)) <= MAX_VALUE_CHARACTERS:
        return before, after
    pairs = zip(before, after, strict=False)
    same = next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(before), len(after)))
    start = max(0, same - CONTEXT_CHARACTERS)
    return _cut(before, start), _cut(after, start)


def _cut(text: str, start: int) -> str:
    part = text[start : start + MAX_VALUE_CHARACTERS]
    return f"{'…' if start else ''}{part}{'…' if start + len(part) < len(text) else ''}" or NOTHING


def _rows(model: type[Model], before: dict[str, str], after: dict[str, str], labels: dict[str, str]) -> list[Row]:
    rows = []
    for name in after | before:
        was, becomes = before.get(name, NOTHING), after.get(name, NOTHING)
        if was == becomes:
            continue
        label = capfirst(labels.get(name) or str(model._meta.get_field(name).verbose_name))
        rows.append([label, "not shown", "changed"] if name in SECRET_FIELDS else difference(label, was, becomes))
    return rows


def message_of(
    model: type[Model], before: Snapshot | None, after: Snapshot | None, labels: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """The message of a log entry: Django's, with rows of [label, before, after] in addition. Empty if nothing differs."""
    rows = _rows(model, before.values if before else {}, after.values if after else {}, labels or {})
    message: list[dict[str, Any]] = []
    if before is None:
        message.append({"added": {}, "rows": rows})
    elif after is None:
        message.append({"deleted": {"name": str(model._meta.verbose_name), "object": before.label}, "rows": rows})
    elif rows:
        message.append({"changed": {"fields": [label for label, *_ in rows]}, "rows": rows})
    return message + _inline_messages(before.rows if before else {}, after.rows if after else {})


def _inline_messages(before: dict, after: dict) -> list[dict[str, Any]]:
    message = []
    for key in [*after, *(key for key in before if key not in after)]:
        model, was, becomes = key[0], before.get(key), after.get(key)
        rows = _rows(model, was.values if was else {}, becomes.values if becomes else {}, {})
        where = {"name": str(model._meta.verbose_name), "object": (becomes or was).label}
        if was is None:
            message.append({"added": where, "rows": rows})
        elif becomes is None:
            message.append({"deleted": where, "rows": rows})
        elif rows:
            message.append({"changed": {**where, "fields": [label for label, *_ in rows]}, "rows": rows})
    return message


def write_entry(request: HttpRequest, subject: Model, flag: int, message: list[dict[str, Any]] | str) -> None:
    """Add an entry to the history of an object, by the user of the request."""
    LogEntry.objects.log_actions(request.user.pk, [subject], flag, message, single_object=True)


def record_action(request: HttpRequest, subject: Model, sentence: str, rows: Iterable[Row] = ()) -> None:
    """Record what staff did with an object, in a sentence and, if given, as rows of [label, before, after]."""
    rows = list(rows)
    changed = {"fields": [label for label, *_ in rows]}
    write_entry(request, subject, CHANGE, [{"changed": changed, "did": sentence, "rows": rows}] if rows else sentence)


@contextmanager
def recorded(request: HttpRequest, subject: Model, inlines: Iterable[tuple[type[Model], str]] = ()) -> Iterator[None]:
    """Record how the block changes the object's stored values. Nothing is recorded if it changes none."""
    inlines = list(inlines)
    before = stored_snapshot(subject, inlines)
    yield
    after = stored_snapshot(subject, inlines)
    if message := message_of(type(subject), before, after):
        flag = ADDITION if before is None else CHANGE if after else DELETION
        write_entry(request, subject, flag, message)


def stored_snapshot(subject: Model, inlines: Iterable[tuple[type[Model], str]] = ()) -> Snapshot | None:
    """The object as the database has it now, or None."""
    stored = type(subject)._base_manager.filter(pk=subject.pk).first() if subject.pk else None
    return snapshot(stored, inlines) if stored else None


@dataclass(frozen=True)
class Edit:
    """An edit by a person: "You" or a name, and the labels of the values that it changed, in small letters."""

    who: str
    labels: frozenset[str]


def edits_since(request: HttpRequest, subject: Model, since: datetime) -> list[Edit]:
    """Who changed the object after this moment, newest first."""
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(subject, for_concrete_model=False),
        object_id=str(subject.pk),
        action_time__gt=since,
    )
    found = [
        (entry.action_time, entry.user, [row[0] for part in parts_of(entry) for row in part["rows"]])
        for entry in entries.select_related("user").order_by("-action_time", "-pk")[:MAX_EDITS]
    ]
    if isinstance(subject, Product | Variant):
        product_id = subject.pk if isinstance(subject, Product) else subject.product_id
        changes = Change.objects.filter(product=product_id, created_at__gt=since, user__isnull=False)
        found += [
            (change.created_at, change.user, [str(row[0]).rpartition(": ")[2] for row in change.differences])
            for change in changes.select_related("user")[:MAX_EDITS]
        ]
    return [
        Edit("You" if user == request.user else user.get_full_name(), frozenset(label.lower() for label in labels))
        for _, user, labels in sorted(found, key=lambda edit: edit[0], reverse=True)
    ]


def may_read_history(model_admin: Any, request: HttpRequest) -> bool:
    """Whether the user may read the history of these objects. A model admin may say so in has_history_permission()."""
    allowed = getattr(model_admin, "has_history_permission", model_admin.has_view_permission)
    return allowed(request)


class RecordsChanges:
    """Part of every model admin: forms and deletions leave an entry with each field before and after.

    Model admins whose verbs write a history of their own, like products, set `has_own_history`.
    """

    @property
    def _writes_history(self) -> bool:
        # The attribute has no default here, because this class comes first in the order of resolution.
        return not getattr(self, "has_own_history", False)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  (Django's)
        if self._writes_history:
            before = stored_snapshot(obj, self._recorded_inlines(request, obj)) if change else None
            request.before_change = before  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)  # type: ignore[misc]

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:  # noqa: FBT001, FBT002
        if not self._writes_history:
            return []
        if formsets is None:  # Django's page for a new password
            return [{"changed": {"fields": ["Password"]}, "rows": [["Password", "not shown", "changed"]]}]
        before = getattr(request, "before_change", None)
        after = stored_snapshot(form.instance, self._recorded_inlines(request, form.instance))
        labels = {name: str(field.label) for name, field in form.fields.items() if field.label}
        return message_of(self.model, before, after, labels) if after else []  # type: ignore[attr-defined]

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return super().log_addition(request, obj, message) if self._writes_history else None  # type: ignore[misc]

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Write the entry, unless nothing changed."""
        return super().log_change(request, obj, message) if message else None  # type: ignore[misc]

    def log_deletions(self, request: HttpRequest, queryset: Any) -> list[Any]:
        """Record what the objects were, as far as their pages show it, before they are deleted."""
        for subject in queryset:
            before = stored_snapshot(subject, self._recorded_inlines(request, subject))
            if before:
                shown = flatten_fieldsets(self.get_fieldsets(request, subject))  # type: ignore[attr-defined]
                before = replace(before, values={name: text for name, text in before.values.items() if name in shown})
            write_entry(request, subject, DELETION, message_of(self.model, before, None))  # type: ignore[attr-defined]
        return []

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Refuse readers before looking for the object, whose history can contain all of its values."""
        if not may_read_history(self, request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)  # type: ignore[misc]

    def _recorded_inlines(self, request: HttpRequest, obj: Any) -> list[tuple[type[Model], str]]:
        """The models of the inlines with editable rows, and their fields that refer to the object."""
        return [
            (inline.model, _get_foreign_key(self.model, inline.model, inline.fk_name).name)  # type: ignore[attr-defined]
            for inline in self.get_inline_instances(request, obj)  # type: ignore[attr-defined]
            if inline.has_add_permission(request, obj) or inline.has_change_permission(request, obj)
        ]


def parts_of(entry: LogEntry) -> list[dict[str, Any]]:
    """What an entry says, for templates: sentences, each with rows of [label, before, after]."""
    try:
        stored = json.loads(entry.change_message) if entry.change_message.startswith("[") else entry.change_message
    except ValueError:
        stored = entry.change_message
    if isinstance(stored, str):
        return [{"sentence": stored or entry.get_action_flag_display(), "rows": []}]
    return [{"sentence": _sentence(part), "rows": part.get("rows", [])} for part in stored]


def _sentence(part: dict[str, Any]) -> str:
    if "did" in part:
        return part["did"]
    verb = next((verb for verb in ("added", "changed", "deleted") if verb in part), "changed")
    where = part.get(verb) or {}
    if where.get("name"):
        return f"{capfirst(verb)} the {where['name']} “{where.get('object', '')}”."
    if verb == "changed" and not part.get("rows"):
        return f"Changed {listed(where.get('fields', []))}."
    return f"{capfirst(verb)}."
