"""What staff write beside amounts: lists, countries, moments, postcodes; each refused in one sentence."""

from datetime import datetime
from typing import Any

from babel import Locale
from django import forms
from django.contrib.postgres.forms import DateTimeRangeField, RangeWidget
from django.core.exceptions import ValidationError

from catalog.inputs import MomentInput
from orders.models import ShippingMethod
from orders.postcodes import wrong_part

NO_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}  # codes of two letters that name something else
YEARS = range(2000, 2100)  # others are slips of the hand, and the database keeps some that Python cannot read


def country_code(text: str) -> str:
    """The two letters of a country in capitals; raises ValidationError for what is none."""
    code = text.strip().upper()
    known = {code for code in Locale.parse("en").territories if code.isalpha()} - NO_COUNTRIES
    if code not in known:
        raise ValidationError(f"“{text.strip()[:40]}” is not a country code. Enter two letters, like DE.")
    return code


def readable_postcodes(text: str) -> str:
    """The text itself; raises ValidationError where a part of it names no postcodes."""
    if wrong := wrong_part(text):
        raise ValidationError(f"“{wrong[:40]}” is not a postcode pattern. Enter parts like 10000-19999, 35* or SW1A.")
    return text


class ListField(forms.CharField):
    """Several words with commas between them; its value is a list."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        parts = [part.strip() for part in super().clean(value).split(",")]
        return [part for part in parts if part]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class CountriesField(ListField):
    def clean(self, value: Any) -> list[str]:
        return list(dict.fromkeys(country_code(part) for part in super().clean(value)))


class MethodsField(ListField):
    """Codes of delivery methods that there are."""

    def clean(self, value: Any) -> list[str]:
        codes = super().clean(value)
        known = set(ShippingMethod.objects.filter(code__in=codes).values_list("code", flat=True))
        if unknown := [code for code in codes if code not in known]:
            raise ValidationError(f"There is no delivery method with the code “{unknown[0][:40]}”.")
        return codes


class MomentField(forms.DateTimeField):
    """A day and a time in one input."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"widget": MomentInput(), **options})

    def clean(self, value: Any) -> datetime | None:
        moment = super().clean(value)
        if moment and moment.year not in YEARS:
            raise ValidationError(f"Enter a year between {YEARS[0]} and {YEARS[-1]}.")
        return moment


class SpanField(DateTimeRangeField):
    """From one moment until another, or without an end."""

    def __init__(self, **options: Any) -> None:
        inputs = [MomentInput({"aria-label": name}) for name in ("From", "Until")]
        widget = RangeWidget(inputs[0])
        widget.widgets = inputs
        super().__init__(fields=[MomentField(required=False), MomentField(required=False)], widget=widget, **options)
