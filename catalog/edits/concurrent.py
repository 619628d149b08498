"""Forms that detect concurrent changes, so that saving an old page does not overwrite what somebody else saved.

`DetectsConcurrentEdits` is part of every model admin, so each change form and each inline is such a form.
"""

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cache, partial
from typing import Any

from django import forms
from django.contrib import messages
from django.db import connection
from django.db.backends.postgresql.psycopg_any import Range
from django.db.models import Model
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.utils import pretty_name
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import Truncator, capfirst

from catalog.edits.history import Edit, edits_since
from catalog.formats import day, listed, moment, span
from catalog.inputs import PlainRelations

SHOWN_VALUES = "shown_values"
READ_AT = "read at"  # among the shown values: when they were read. No field has this name.
MAX_SHOWN_CHARACTERS = 2_000  # of a value in a message


class ShownValuesField(forms.CharField):
    """All values that the page showed, as JSON in one hidden input, because a form may have at most a thousand inputs."""

    def __init__(self) -> None:
        super().__init__(required=False, widget=forms.HiddenInput, strip=False)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class ConcurrentEditForm(forms.ModelForm):
    """A model form that compares three values of each field: the one shown on the page, the stored and the typed one.

    A field that the user left alone keeps the stored value. A field that both the user and somebody else changed is an
    error, which shows the stored value; submitting the form again overwrites it. Lock the row before creating the form,
    and keep the lock until COMMIT.
    """

    shown_values = ShownValuesField()
    # Set by the admin: who changed an object after a moment, and the field of an inline that refers to its object.
    edits_since: Callable[[Model, datetime], list[Edit]] | None = None
    parent_field = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept_labels: list[str] = []  # labels of the fields that somebody else changed and this user did not
        self.conflicts: dict[str, str] = {}
        self.edits: list[Edit] = []  # by people since the page was rendered, newest first
        self.kept_editors: list[str] = []
        if self.instance.pk:
            self.initial[SHOWN_VALUES] = self.snapshot

    def snapshot(self) -> str:
        """The stored values as JSON, with the time at which they were read."""
        values = {name: self._stored_value(name) for name in self._compared()}
        return json.dumps({READ_AT: timezone.now().isoformat(), **values})

    def full_clean(self) -> None:
        if self.is_bound and self.instance.pk:
            self.compare_with_stored()
        elif self.is_bound and self.data.get(self.add_prefix("id")):
            self._keep_deleted()
        super().full_clean()
        for name, message in self.conflicts.items():
            self.add_error(name, message)

    def _compared(self) -> list[str]:
        return [
            name
            for name, field in self.fields.items()
            if name not in (SHOWN_VALUES, DELETION_FIELD_NAME) and not field.widget.is_hidden and not field.disabled
        ]

    def compare_with_stored(self) -> None:
        """Keep the stored values of unchanged fields, and record a conflict for fields that both sides changed."""
        shown = self._shown_values()
        changed = [name for name in self._compared() if name in shown and shown[name] != self._stored_value(name)]
        if not changed:
            return
        self.edits = self._edits(shown)
        self.data = self.data.copy()
        for name in changed:
            typed = shown[name] if self._is_file_kept(name) else self._typed_value(name)
            if typed == shown[name]:
                if not isinstance(self.fields[name], forms.FileField):
                    self._restore(name)
                self.kept_labels.append(self._label(name))
                self.kept_editors.append(self._editor_of(name))
            elif typed != self._stored_value(name):
                self.conflicts[name] = self._conflict_message(name)
        self.data[self.add_prefix(SHOWN_VALUES)] = self.snapshot()

    def _is_file_kept(self, name: str) -> bool:
        """Whether this is a file field without an upload, which keeps the stored file."""
        return isinstance(self.fields[name], forms.FileField) and not self[name].data

    def _edits(self, shown: dict[str, Any]) -> list[Edit]:
        """The edits of the object since the page was rendered, or none if that is unknown."""
        try:
            read_at = datetime.fromisoformat(shown.get(READ_AT) or "")
        except (TypeError, ValueError):
            return []
        subject = getattr(self.instance, self.parent_field) if self.parent_field else self.instance
        return self.edits_since(subject, read_at) if self.edits_since and read_at.tzinfo else []

    def _editor_of(self, name: str) -> str:
        """Who changed this field, or an empty string if it was changed in another way, like stock by a sale."""
        labels = {self._plain_label(name), name.replace("_", " ")}
        return next((edit.who for edit in self.edits if edit.labels & labels), "")

    def _plain_label(self, name: str) -> str:
        return str(self.fields[name].label or pretty_name(name)).lower()

    def _keep_deleted(self) -> None:
        """Keep this row deleted, because somebody else deleted it, and mention what was typed into it."""
        shown = self._shown_values()
        self.edits = self._edits(shown)
        typed = [
            f"“{self[name].data}”"
            for name in self._compared()
            if name in shown and self._typed_value(name) != shown[name]
        ]
        self.data = self.data.copy()
        self.data[self.add_prefix(DELETION_FIELD_NAME)] = "on"
        removed = f"a removed {self._meta.model._meta.verbose_name}"
        self.kept_labels.append(f"{removed} (add {listed(typed)} again if you need it)" if typed else removed)

    def _shown_values(self) -> dict[str, Any]:
        try:
            shown = json.loads(self.data.get(self.add_prefix(SHOWN_VALUES)) or "{}")
        except ValueError:
            return {}
        return shown if isinstance(shown, dict) else {}

    def _stored_value(self, name: str) -> Any:
        field = self.fields[name]
        return _comparable_in(field, field.prepare_value(self.get_initial_for_field(field, name)))

    def _typed_value(self, name: str) -> Any:
        """The typed value in comparable form, or None if it is invalid."""
        field, raw = self.fields[name], self[name].data
        try:
            value = field.clean(raw) if isinstance(field, forms.MultiValueField) else field.to_python(raw)
            return _comparable_in(field, field.prepare_value(value))
        except forms.ValidationError:
            return None

    def _restore(self, name: str) -> None:
        """Put the stored value into the bound data, as the widget would submit it."""
        field, key = self.fields[name], self.add_prefix(name)
        value = field.prepare_value(self.get_initial_for_field(field, name))
        self.data.pop(key, None)
        if isinstance(field.widget, forms.MultiWidget):
            parts = zip(field.widget.widgets_names, field.widget.widgets, field.widget.decompress(value), strict=True)
            for suffix, widget, part in parts:
                self.data[key + suffix] = widget.format_value(part) or ""
        elif isinstance(field.widget, forms.CheckboxInput):
            if value:
                self.data[key] = "on"
        elif isinstance(value, list | tuple):
            self.data.setlist(key, [str(part) for part in value])
        elif isinstance(field.widget, forms.Select):
            self.data[key] = "" if value is None else str(value)
        else:
            self.data[key] = field.widget.format_value(value) or ""

    def _label(self, name: str) -> str:
        label = self._plain_label(name)
        return f"{self.instance}: {label}" if self.prefix else label

    def _conflict_message(self, name: str) -> str:
        stored_text = Truncator(self._stored_text(name)).chars(MAX_SHOWN_CHARACTERS)
        label = capfirst(str(self.fields[name].label or pretty_name(name)))
        if editor := self._editor_of(name):
            sentence = f"{editor} changed this to “{stored_text}” while the page was open."
        else:
            sentence = f"{label} was changed to “{stored_text}” while this page was open."
        return f"{sentence} Your entry is still here: save again to keep it."

    def _stored_text(self, name: str) -> str:
        field = self.fields[name]
        value = self.get_initial_for_field(field, name)
        if isinstance(field, forms.ModelMultipleChoiceField):
            return listed(field.queryset.filter(pk__in=[getattr(row, "pk", row) for row in value or []]))
        if isinstance(field, forms.ModelChoiceField):
            return str(field.queryset.filter(pk=value).first() or "nothing")
        if isinstance(field, forms.ChoiceField):
            return str(dict(field.choices).get(value, value))
        if isinstance(value, datetime):
            return moment(value)
        if isinstance(value, date):
            return day(value)
        if isinstance(value, Range):
            return span(value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        return str(field.prepare_value(value) or "nothing")


def _comparable_in(field: forms.Field, value: Any) -> Any:
    """The field's value in a normal form. The parts of a time span have an order, but chosen rows have none."""
    if isinstance(field, forms.MultiValueField) and isinstance(value, list | tuple):
        return [comparable(part) for part in value]
    return comparable(value)


def comparable(value: Any) -> Any:
    """The value in a normal form for comparing, as JSON: `500` equals `500.000`, and line breaks are `\\n`."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\r\n", "\n").strip()
    if isinstance(value, list | tuple | set):
        return sorted(comparable(part) for part in value)
    if isinstance(value, Model):
        return str(value.pk)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime):
        return value.replace(microsecond=0).isoformat()
    return str(value)


def kept_changes_message(edit_forms: list[forms.BaseForm]) -> str:
    """The message about changes by others that were kept, or an empty string."""
    kept_labels = [label for form in edit_forms for label in getattr(form, "kept_labels", [])]
    if not kept_labels:
        return ""
    editors = {editor for form in edit_forms for editor in getattr(form, "kept_editors", ()) if editor}
    editor = " and ".join(sorted(editors)) or "Somebody else"
    return f"{editor} changed this while the page was open, and the change was kept: {listed(kept_labels)}."


@cache
def concurrent_form(form: type[forms.ModelForm]) -> type[ConcurrentEditForm]:
    """The form class with detection of concurrent changes."""
    if issubclass(form, ConcurrentEditForm):
        return form
    if form is forms.ModelForm:
        return ConcurrentEditForm
    return type(form)(form.__name__, (ConcurrentEditForm, form), {"__module__": form.__module__})


@cache
def concurrent_inline(inline: type) -> type:
    """The inline class with detection of concurrent changes in its rows."""
    return type(inline.__name__, (DetectsConcurrentRows, inline), {"__module__": inline.__module__})


def _with_shown_values(fieldsets: Any, *, is_changeable: bool) -> list[tuple[Any, dict[str, Any]]]:
    """The fieldsets with the hidden field of shown values exactly once, in the first one, if the form can be changed."""
    sets = [
        (title, {**options, "fields": tuple(name for name in options["fields"] if name != SHOWN_VALUES)})
        for title, options in fieldsets
    ]
    if is_changeable and sets:
        title, options = sets[0]
        sets[0] = (title, {**options, "fields": (*options["fields"], SHOWN_VALUES)})
    return sets


class DetectsConcurrentRows(PlainRelations):
    """Part of every inline of a model admin."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        is_changeable = obj is not None and self.has_change_permission(request, obj)  # type: ignore[attr-defined]
        return _with_shown_values(super().get_fieldsets(request, obj), is_changeable=is_changeable)  # type: ignore[misc]

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        if obj is not None and self.has_change_permission(request, obj):  # type: ignore[attr-defined]
            kwargs.setdefault("form", concurrent_form(self.form))  # type: ignore[attr-defined]
        formset = super().get_formset(request, obj, **kwargs)  # type: ignore[misc]
        formset.form.parent_field = formset.fk.name
        formset.form.edits_since = partial(edits_since, request)
        return formset


class DetectsConcurrentEdits:
    """Part of every model admin: no change form overwrites what somebody else saved while the page was open."""

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[type]:
        return [concurrent_inline(inline) for inline in super().get_inlines(request, obj)]  # type: ignore[misc]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        is_changeable = obj is not None and self.has_change_permission(request, obj)  # type: ignore[attr-defined]
        return _with_shown_values(super().get_fieldsets(request, obj), is_changeable=is_changeable)  # type: ignore[misc]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        if change and self.has_change_permission(request, obj):  # type: ignore[attr-defined]
            kwargs.setdefault("form", concurrent_form(self.form))  # type: ignore[attr-defined]
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        form.edits_since = partial(edits_since, request)
        return form

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Lock the row before the form compares values, so that they cannot change until it is saved."""
        if request.method == "POST" and connection.in_atomic_block and object_id.isascii() and object_id.isdecimal():
            # A model admin may have a lock_row() of its own. It comes after this class in the order of resolution.
            getattr(self, "lock_row", self._lock_own_row)(object_id)
        return super().get_object(request, object_id, from_field)  # type: ignore[misc]

    def _lock_own_row(self, object_id: str) -> None:
        """Lock the row with this id until COMMIT."""
        rows = self.model._base_manager.select_for_update(no_key=True, of=("self",))  # type: ignore[attr-defined]
        list(rows.filter(pk=object_id).values_list("pk"))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        if message := kept_changes_message([form, *(row for formset in formsets for row in formset.forms)]):
            messages.warning(request, message)
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
