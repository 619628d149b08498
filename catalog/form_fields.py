"""Form fields prepared for the templates of the storefront."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.forms import BaseForm, BoundField, Select, Widget
from django.forms.utils import flatatt
from django.utils.safestring import SafeString

OWN_ATTRIBUTES = {"minlength", "cols", "placeholder"}  # of Django's widgets, which the storefront leaves out


@dataclass(frozen=True)
class ShownField:
    """A form field with its error, whether it is required, and whether an error was just corrected."""

    bound: BoundField
    error: str = ""
    is_required: bool = False
    is_corrected: bool = False
    id: str = ""
    css_class: str = ""

    @property
    def label(self) -> str:
        return str(self.bound.label)

    @property
    def hint(self) -> str:
        return str(self.bound.help_text)

    @property
    def css_classes(self) -> str:
        names = ["field", "corrected" if self.is_corrected else "", self.css_class]
        return " ".join(name for name in names if name)

    @property
    def template(self) -> str:
        """The template of the control: an input, a select or a textarea."""
        if isinstance(self._widget, Select):
            return "includes/controls/select.html"
        return f"includes/controls/{'input' if self._input_type else 'textarea'}.html"

    @property
    def value(self) -> Any:
        value = self.bound.value()
        return "" if value is None else value

    @property
    def choices(self) -> list[tuple[Any, Any, bool]]:
        """The choices of a select: value, label, and whether it is selected."""
        return [(value, label, value == self.value) for value, label in self._widget.choices]  # type: ignore[attr-defined]

    @property
    def attributes(self) -> SafeString:
        """The HTML attributes of the control. A password is never filled in."""
        attributes: dict[str, Any] = {"class": "input", "id": self.id, "name": self.bound.html_name}
        if self._input_type:
            attributes["type"] = self._input_type
            attributes["value"] = None if self._input_type == "password" else str(self.value)
        attributes["maxlength"] = getattr(self.bound.field, "max_length", None)
        attributes |= {name: value for name, value in self._widget.attrs.items() if name not in OWN_ATTRIBUTES}
        attributes["aria-describedby"] = " ".join(self._descriptions) or None
        attributes["aria-invalid"] = "true" if self.error else None
        attributes["required"] = self.is_required
        return flatatt({name: value for name, value in attributes.items() if value is not None})

    @property
    def _widget(self) -> Widget:
        return self.bound.field.widget

    @property
    def _input_type(self) -> str:
        return "" if isinstance(self._widget, Select) else getattr(self._widget, "input_type", "") or ""

    @property
    def _descriptions(self) -> list[str]:
        """The ids of the texts that describe the control."""
        texts = {"h": self.hint, "e": self.error, "ok": self.is_corrected}
        return [f"{self.id}-{suffix}" for suffix, text in texts.items() if text]


@dataclass(frozen=True)
class FieldRow:
    """Fields that are shown side by side."""

    fields: list[ShownField]

    @property
    def is_shared(self) -> bool:
        """Whether there is more than one field in the row."""
        return len(self.fields) > 1


def plain_field(bound: BoundField, *, id: str = "", css_class: str = "") -> ShownField:  # noqa: A002  (the attribute)
    """Return the field with its own error. Its id is its name unless `id` is given."""
    error = str(bound.errors[0]) if bound.errors else ""
    return ShownField(bound, error, is_required=bound.field.required, id=id or bound.html_name, css_class=css_class)


def shown_field(
    form: BaseForm, name: str, errors: Mapping[str, str], needed: Collection[str], corrected: Collection[str] = ()
) -> ShownField:
    """Return the form's field with its error, and whether it is among the required and the corrected fields."""
    bound = form[name]
    is_required = bound.field.required or name in needed
    return ShownField(bound, errors.get(name, ""), is_required, name in corrected, bound.html_name)


def field_rows(rows: Iterable[Iterable[str]], shown: Mapping[str, ShownField]) -> list[FieldRow]:
    """Return the rows of names as rows of the fields that have these names."""
    return [FieldRow([shown[name] for name in row]) for row in rows]
