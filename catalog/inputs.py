"""Form fields and widgets for staff: the browser's own date and time inputs, amounts like `12.50`, and numbers."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.admin.options import FORMFIELD_FOR_DBFIELD_DEFAULTS
from django.contrib.admin.widgets import AdminTextInputWidget, RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.widgets import Script
from django.http import HttpRequest

from catalog.formats import count_of
from catalog.money import AmountRefused, to_major, to_minor

# Errors of a decimal number that is in bounds, but too exact.
TOO_EXACT = {"max_decimal_places", "max_digits"}


class RichTextInput(forms.Textarea):
    """A text with headings, lists and links. A script shows it as it will look; without it, staff edit the HTML."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"data-rich": True, "class": "vLargeTextField", "rows": 16, **(attrs or {})})

    @property
    def media(self) -> forms.Media:
        return forms.Media(js=[Script("js/rich-text.js", defer=True)])


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class DayField(forms.DateField):
    """A day. Years far away are refused, because the days around them cannot be calculated."""

    widget = DayInput
    first, last = date(1900, 1, 1), date(2199, 12, 31)

    def clean(self, value: Any) -> date | None:
        day = super().clean(value)
        if day and not self.first <= day <= self.last:
            raise ValidationError("Enter a day between the years 1900 and 2199.")
        return day


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%H:%M")


class MomentInput(forms.DateTimeInput):
    """A date and time in one input. Shows seconds only if there are any, so that saving does not lose them."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")

    def format_value(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return value.strftime("%Y-%m-%dT%H:%M:%S" if value.second else "%Y-%m-%dT%H:%M")
        return super().format_value(value)


class NumberField(forms.DecimalField):
    """A decimal number that is refused with one sentence, which says what to enter."""

    noun = "number"

    def clean(self, value: Any) -> Decimal | None:
        try:
            return super().clean(value)
        except ValidationError as refused:
            codes = {error.code for error in refused.error_list}
            if codes == {"required"}:
                raise
            raise ValidationError(self._sentence(is_too_exact=codes <= TOO_EXACT)) from refused

    def _sentence(self, *, is_too_exact: bool) -> str:
        places = self.decimal_places or 0
        if is_too_exact:
            return f"Enter at most {count_of(places, 'decimal place')}."
        if self.min_value is not None and self.max_value is not None:
            return f"Enter a {self.noun} between {self.min_value} and {self.max_value}."
        if self.max_digits is None:
            return f"Enter a {self.noun}."
        return (
            f"Enter a {self.noun} with at most {count_of(self.max_digits - places, 'digit')} before the decimal point."
        )


class PercentField(NumberField):
    """A percentage, shown without the zeros at its end: 12.5."""

    noun = "percentage"

    def __init__(
        self, *, min_value: int = 0, max_value: int = 100, decimal_places: int = 3, max_digits: int = 6, **options: Any
    ) -> None:
        super().__init__(
            min_value=min_value, max_value=max_value, decimal_places=decimal_places, max_digits=max_digits, **options
        )

    def prepare_value(self, value: Any) -> Any:
        return format(value.normalize(), "f") if isinstance(value, Decimal) else value


def use_native_inputs() -> None:
    """Use these fields and widgets for dates, times and decimal numbers in the admin, before model admins are created."""
    FORMFIELD_FOR_DBFIELD_DEFAULTS[models.SlugField] = {
        "widget": AdminTextInputWidget,
        "error_messages": {"invalid": "Use only letters, digits, hyphens and underscores."},
    }
    FORMFIELD_FOR_DBFIELD_DEFAULTS[models.DecimalField] = {"form_class": NumberField}
    FORMFIELD_FOR_DBFIELD_DEFAULTS[models.DateField] = {"widget": DayInput}
    FORMFIELD_FOR_DBFIELD_DEFAULTS[models.TimeField] = {"widget": TimeInput}
    FORMFIELD_FOR_DBFIELD_DEFAULTS[models.DateTimeField] = {"form_class": forms.DateTimeField, "widget": MomentInput}


class PlainRelations:
    """Part of every model admin and inline: a field that chooses another object has no icons beside it.

    Django's would add, change or delete that object, although the page is about this one.
    """

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **options)  # type: ignore[misc]
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field


class AmountField(forms.CharField):
    """An amount of money. Its cleaned value is in minor units."""

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
