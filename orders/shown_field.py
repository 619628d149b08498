"""A form field prepared for a template."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.forms import BaseForm, BoundField


@dataclass(frozen=True)
class ShownField:
    """A form field with its error, whether it is required, and whether an error was just corrected."""

    field: BoundField
    error: str
    is_needed: bool
    is_corrected: bool


@dataclass(frozen=True)
class FieldRow:
    """Fields that are shown side by side."""

    fields: list[ShownField]

    @property
    def is_shared(self) -> bool:
        """Whether there is more than one field in the row."""
        return len(self.fields) > 1


def shown_field(
    form: BaseForm, name: str, errors: Mapping[str, str], needed: Collection[str], corrected: Collection[str] = ()
) -> ShownField:
    """Return the form's field with its error, and whether it is among the required and the corrected fields."""
    return ShownField(form[name], errors.get(name, ""), name in needed, name in corrected)


def field_rows(rows: Iterable[Iterable[str]], shown: Mapping[str, ShownField]) -> list[FieldRow]:
    """Return the rows of names as rows of the fields that have these names."""
    return [FieldRow([shown[name] for name in row]) for row in rows]
