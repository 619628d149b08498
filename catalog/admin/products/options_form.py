"""The fields for up to three options with their values: "Size: S, M, L" and "Colour: Sand, Ink"."""

from itertools import product as combinations
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

MAX_GENERATED_VARIANTS = 250
OPTION_NUMBERS = (1, 2, 3)


class OptionsForm(forms.Form):
    """Up to three options with their values, separated by commas."""

    option1 = forms.CharField(label="First option", max_length=100, required=False, help_text="Size")
    values1 = forms.CharField(label="Its values", max_length=2000, required=False, help_text="S, M, L")
    option2 = forms.CharField(label="Second option", max_length=100, required=False)
    values2 = forms.CharField(label="Its values", max_length=2000, required=False)
    option3 = forms.CharField(label="Third option", max_length=100, required=False)
    values3 = forms.CharField(label="Its values", max_length=2000, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        count = 1
        for n in OPTION_NUMBERS:
            name, values = cleaned.get(f"option{n}", "").strip(), split(cleaned.get(f"values{n}", ""))
            if bool(name) != bool(values) and f"values{n}" in self.fields:
                self.add_error(f"values{n}", "An option needs a name and at least one value.")
            count *= max(1, len(values))
        if count > MAX_GENERATED_VARIANTS:
            raise ValidationError(
                f"These options make {count} variants. A product can have at most {MAX_GENERATED_VARIANTS}."
            )
        return cleaned

    @property
    def options(self) -> list[tuple[str, list[str]]]:
        cleaned = self.cleaned_data
        pairs = [(cleaned.get(f"option{n}", "").strip(), split(cleaned.get(f"values{n}", ""))) for n in OPTION_NUMBERS]
        return [(name, values) for name, values in pairs if name]

    @property
    def value_combinations(self) -> list[tuple[str, ...]]:
        """The option values of each variant; none without options."""
        return list(combinations(*(values for _, values in self.options))) if self.options else []


def split(text: str) -> list[str]:
    """Split the text at commas into distinct values."""
    return list(dict.fromkeys(" ".join(value.split())[:255] for value in text.split(",") if value.strip()))


def sku_of(prefix: str, values: tuple[str, ...]) -> str:
    """`MUG` and the values make `MUG-SAND-350ML`. Empty without a prefix."""
    suffixes = ["".join(value.split()).upper() for value in values]
    return "-".join([prefix.strip(), *suffixes])[:255] if prefix.strip() else ""
