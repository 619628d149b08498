"""What staff type: dates and times by the browser's own inputs, amounts as `12.50`."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.admin.options import FORMFIELD_FOR_DBFIELD_DEFAULTS
from django.core.exceptions import ValidationError
from django.db import models

from catalog.money import AmountRefused, to_major, to_minor


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%H:%M")


class MomentInput(forms.DateTimeInput):
    """A day and a time in one input; seconds only where there are any, so that saving takes none away."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")

    def format_value(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return value.strftime("%Y-%m-%dT%H:%M:%S" if value.second else "%Y-%m-%dT%H:%M")
        return super().format_value(value)


def use_native_inputs() -> None:
    """Every date and time of every form of the admin; to be called before model admins are made."""
    FORMFIELD_FOR_DBFIELD_DEFAULTS[models.DateField] = {"widget": DayInput}
    FORMFIELD_FOR_DBFIELD_DEFAULTS[models.TimeField] = {"widget": TimeInput}
    FORMFIELD_FOR_DBFIELD_DEFAULTS[models.DateTimeField] = {"form_class": forms.DateTimeField, "widget": MomentInput}


class AmountField(forms.CharField):
    """An amount in a currency; its value is minor units."""

    def __init__(self, *, currency: str, **options: Any) -> None:
        super().__init__(max_length=16, widget=forms.TextInput(attrs={"size": 10, "inputmode": "decimal"}), **options)
        self.currency = currency

    def prepare_value(self, value: Any) -> Any:
        return str(to_major(value, self.currency)) if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text.strip():
            return None
        try:
            return to_minor(text, self.currency)
        except AmountRefused as refused:
            raise ValidationError(str(refused)) from refused

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)
