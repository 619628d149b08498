"""A field of a form as a page shows it now."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.forms import BaseForm, BoundField


@dataclass(frozen=True)
class ShownField:
    field: BoundField
    error: str
    is_needed: bool
    is_mended: bool


def shown_field(
    form: BaseForm, name: str, errors: Mapping[str, str], needed: Collection[str], mended: Collection[str] = ()
) -> ShownField:
    """The field with its mistake, whether it is needed here, and whether it was put right just now."""
    return ShownField(form[name], errors.get(name, ""), name in needed, name in mended)
