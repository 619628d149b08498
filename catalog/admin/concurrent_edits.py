"""Forms that detect concurrent changes, so that saving an old page does not overwrite what somebody else saved."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Model
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.utils import pretty_name
from django.utils.text import Truncator, capfirst

from catalog.formats import day, listed, moment

SHOWN_VALUES = "shown_values"
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept_labels: list[str] = []  # labels of the fields that somebody else changed and this user did not
        self.conflicts: dict[str, str] = {}
        if self.instance.pk:
            self.initial[SHOWN_VALUES] = self.snapshot

    def snapshot(self) -> str:
        """The stored values as JSON."""
        return json.dumps({name: self._stored_value(name) for name in self._compared()})

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
        self.data = self.data.copy()
        for name in changed:
            typed = self._typed_value(name)
            if typed == shown[name]:
                self._restore(name)
                self.kept_labels.append(self._label(name))
            elif typed != self._stored_value(name):
                self.conflicts[name] = self._conflict_message(name)
        self.data[self.add_prefix(SHOWN_VALUES)] = self.snapshot()

    def _keep_deleted(self) -> None:
        """Keep this row deleted, because somebody else deleted it, and mention what was typed into it."""
        shown = self._shown_values()
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
        return comparable(field.prepare_value(self.get_initial_for_field(field, name)))

    def _typed_value(self, name: str) -> Any:
        """The typed value in comparable form, or None if it is invalid."""
        field, raw = self.fields[name], self[name].data
        try:
            return comparable(field.prepare_value(field.to_python(raw)))
        except forms.ValidationError:
            return None

    def _restore(self, name: str) -> None:
        """Put the stored value into the bound data, as the widget would submit it."""
        field, key = self.fields[name], self.add_prefix(name)
        value = field.prepare_value(self.get_initial_for_field(field, name))
        self.data.pop(key, None)
        if isinstance(field.widget, forms.CheckboxInput):
            if value:
                self.data[key] = "on"
        elif isinstance(value, list | tuple):
            self.data.setlist(key, [str(part) for part in value])
        elif isinstance(field.widget, forms.Select):
            self.data[key] = "" if value is None else str(value)
        else:
            self.data[key] = field.widget.format_value(value) or ""

    def _label(self, name: str) -> str:
        label = str(self.fields[name].label or pretty_name(name)).lower()
        return f"{self.instance}: {label}" if self.prefix else label

    def _conflict_message(self, name: str) -> str:
        stored_text = Truncator(self._stored_text(name)).chars(MAX_SHOWN_CHARACTERS)
        label = capfirst(str(self.fields[name].label or pretty_name(name)))
        return (
            f"{label} was changed to “{stored_text}” while this page was open. "
            "Your entry is still here: save again to keep it."
        )

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
        if isinstance(value, bool):
            return "yes" if value else "no"
        return str(field.prepare_value(value) or "nothing")


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
    return f"Somebody else changed this while the page was open, and the change was kept: {listed(kept_labels)}."
