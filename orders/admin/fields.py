"""Form fields for lists, countries, times and postcodes in the admin, each with a clear error message."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from babel import Locale
from django import forms
from django.contrib.postgres.forms import DateTimeRangeField, RangeWidget
from django.core.exceptions import ValidationError

from catalog.inputs import MomentInput
from catalog.markets import all_markets
from orders.delivery.postcodes import first_invalid_pattern
from orders.models import ShippingMethod

NO_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}  # two-letter codes that are not countries
YEARS = range(2000, 2100)  # others are typing errors, and PostgreSQL stores some that Python cannot represent


def country_code(text: str) -> str:
    """Return the code of a country that staff typed by its code or English name; raise ValidationError if there is none."""
    names = {code: name for code, name in Locale.parse("en").territories.items() if _is_country(code)}
    if (code := text.strip().upper()) in names:
        return code
    typed = text.strip().casefold()
    if found := [code for code, name in names.items() if name.casefold() == typed]:
        return found[0]
    raise ValidationError(f"“{text.strip()[:40]}” is not a country code. Enter two letters, like DE.")


def _is_country(code: str) -> bool:
    return code.isalpha() and code not in NO_COUNTRIES


def without_market(countries: Iterable[str]) -> str:
    """Return a sentence about the countries from which nobody can order, because no market has them; empty if none."""
    sold_to = {country for market in all_markets().values() for country in market.countries}
    names = [Locale.parse("en").territories.get(country, country) for country in countries if country not in sold_to]
    if not names:
        return ""
    return (
        f"Nobody can order from {' and '.join(names)} yet, because no market sells there. "
        "Countries are added in SHOP_COUNTRIES or SHOP_MARKETS, in the settings of the server."
    )


def readable_postcodes(text: str) -> str:
    """Return the text unchanged; raise ValidationError if it contains an invalid postcode pattern."""
    if invalid := first_invalid_pattern(text):
        raise ValidationError(f"“{invalid[:40]}” is not a postcode pattern. Enter parts like 10000-19999, 35* or SW1A.")
    return text


class ListField(forms.CharField):
    """A list of texts, entered with commas between them."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        parts = [part.strip() for part in super().clean(value).split(",")]
        return [part for part in parts if part]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class CountryField(forms.CharField):
    """A country, by its code or name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 60, "help_text": "Two letters like DE, or the name.", **options})

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        return country_code(text) if text else ""


class CountriesField(ListField):
    """A list of country codes."""

    def clean(self, value: Any) -> list[str]:
        return list(dict.fromkeys(country_code(part) for part in super().clean(value)))


class MethodsField(ListField):
    """A list of codes of existing shipping methods."""

    def clean(self, value: Any) -> list[str]:
        codes = super().clean(value)
        known = set(ShippingMethod.objects.filter(code__in=codes).values_list("code", flat=True))
        if unknown := [code for code in codes if code not in known]:
            raise ValidationError(f"There is no delivery method with the code “{unknown[0][:40]}”.")
        return codes


class MomentField(forms.DateTimeField):
    """A date and time in one input."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"widget": MomentInput(), **options})

    def clean(self, value: Any) -> datetime | None:
        moment = super().clean(value)
        if moment and moment.year not in YEARS:
            raise ValidationError(f"Enter a year between {YEARS[0]} and {YEARS[-1]}.")
        return moment


class SpanField(DateTimeRangeField):
    """A time span. Its end must be after its start, because PostgreSQL stores no bounds of an empty range."""

    def __init__(self, **options: Any) -> None:
        inputs = [MomentInput({"aria-label": name}) for name in ("From", "Until")]
        widget = RangeWidget(inputs[0])
        widget.widgets = inputs
        super().__init__(fields=[MomentField(required=False), MomentField(required=False)], widget=widget, **options)

    def compress(self, values: Any) -> Any:
        span = super().compress(values)
        if span and span.lower is not None and span.lower == span.upper:
            raise ValidationError(self.error_messages["bound_ordering"], code="bound_ordering")
        return span
