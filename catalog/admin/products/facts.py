"""The fields of a product's form for the attributes of its type, one for each attribute."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from catalog.formats import listed
from catalog.inputs import NumberField
from catalog.models import Attribute, AttributeValue, Product, ProductType
from catalog.products.attributes import BOOLEAN_LABELS, find_or_add_value, number_label

MAX_CHECKBOXES = 50  # attributes with more values are typed
SHOWN_TYPE = "facts_of"  # the type whose attributes the page asks for
VALUES = "attribute_values"


class LinesField(forms.CharField):
    """Several values, one a line. Its value is the text; `labels_of` returns the lines."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=forms.Textarea(attrs={"rows": 2}), max_length=5_000, **options)

    @staticmethod
    def labels_of(text: str) -> list[str]:
        return list(dict.fromkeys(" ".join(line.split())[:255] for line in text.splitlines() if line.strip()))


def type_in(request_data: Mapping[str, str], product: Product | None) -> ProductType | None:
    """The type that was chosen in the form, or else the product's own."""
    if "type" not in request_data:
        return product.type if product else None
    chosen = request_data["type"]
    return ProductType.objects.filter(pk=chosen).first() if chosen.isascii() and chosen.isdecimal() else None


def field_name(attribute: Attribute) -> str:
    return f"fact_{attribute.pk}"


def fields_for(product_type: ProductType | None) -> dict[str, forms.Field]:
    """A form field for each attribute of the type, by name."""
    attributes = product_type.attributes.all() if product_type else []
    return {field_name(attribute): _field(attribute) for attribute in attributes}


def _field(attribute: Attribute) -> forms.Field:
    label = f"{attribute.name} ({attribute.unit})" if attribute.unit else attribute.name
    help_text = "The page is incomplete without it." if attribute.is_required else ""
    if attribute.kind == Attribute.Kind.NUMBER:
        return NumberField(
            label=label, required=False, max_digits=14, decimal_places=4, help_text=help_text, localize=False
        )
    if attribute.kind == Attribute.Kind.BOOLEAN:
        choices = [("", "–"), *((answer, answer) for answer in BOOLEAN_LABELS)]
        return forms.ChoiceField(label=label, required=False, choices=choices, help_text=help_text)
    if attribute.kind == Attribute.Kind.TEXT or attribute.values.count() > MAX_CHECKBOXES:
        return LinesField(label=label, help_text=f"One value a line. {help_text}".strip())
    return forms.ModelMultipleChoiceField(
        attribute.values.all(),
        label=label,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=help_text,
    )


def initial_for(attribute: Attribute, field: forms.Field, values: Sequence[AttributeValue]) -> Any:
    """The product's values of the attribute as the field shows them."""
    own = [value for value in values if value.attribute_id == attribute.pk]
    if isinstance(field, forms.ModelMultipleChoiceField):
        return [value.pk for value in own]
    if isinstance(field, LinesField):
        return "\n".join(value.label for value in own)
    if not own:
        return None if isinstance(field, forms.DecimalField) else ""
    if isinstance(field, forms.DecimalField):
        return None if own[0].number is None else Decimal(number_label(own[0].number))
    return own[0].label


class FactsForm(forms.ModelForm):
    """The part of the product's form that asks for the attributes of the chosen type.

    If the type was changed on the page, nothing is saved until staff have seen the attributes of the new one. Values
    that both types have, and those typed before, stay.
    """

    facts_of = forms.CharField(required=False, widget=forms.HiddenInput)
    product_type: ProductType | None = None  # set by the model admin, as are the fields

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.attributes = list(self.product_type.attributes.all()) if self.product_type else []
        stored = self.instance.attribute_values.select_related("attribute") if self.instance.pk else []
        self.stored_values = list(stored)
        self.initial[SHOWN_TYPE] = self._type_text
        for attribute in self.attributes:
            name = field_name(attribute)
            if name in self.fields:
                self.initial[name] = initial_for(attribute, self.fields[name], self.stored_values)
        if self.is_bound and self.is_other_type:
            self._show_new_type()

    @property
    def _type_text(self) -> str:
        return str(self.product_type.pk) if self.product_type else ""

    @property
    def is_other_type(self) -> bool:
        """Whether the type was changed since the page was shown, so that other attributes are asked for."""
        shown = self.data.get(SHOWN_TYPE, "")
        return shown != self._type_text and bool(self.attributes or self._asked_for(shown))

    def _asked_for(self, type_id: str) -> bool:
        return type_id.isdecimal() and Attribute.objects.filter(product_types=type_id).exists()

    def _show_new_type(self) -> None:
        """Fill the fields that the page did not have with the stored values."""
        self.has_changed_type = True
        self.data = self.data.copy()
        self.data[SHOWN_TYPE] = self._type_text
        for attribute in self.attributes:
            name = field_name(attribute)
            if name not in self.data and (value := self.initial[name]):
                self.data.setlist(name, [str(part) for part in (value if isinstance(value, list) else [value])])
        if VALUES in self.fields and VALUES not in self.data:
            self.data.setlist(VALUES, [str(value.pk) for value in self.stored_values])

    has_changed_type = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.has_changed_type:
            self.add_error("type", self._type_sentence())
        for attribute in self.attributes:
            name = field_name(attribute)
            if isinstance(self.fields.get(name), LinesField) and attribute.kind != Attribute.Kind.TEXT:
                self._check_labels(attribute, LinesField.labels_of(cleaned.get(name) or ""))
        return cleaned

    def _type_sentence(self) -> str:
        others = {value.attribute.name for value in self.stored_values if value.attribute not in self.attributes}
        removed = f" {listed(sorted(others))} will be removed." if others and self.attributes else ""
        return f"Another type has other facts.{removed} Please check them below and save again."

    def _check_labels(self, attribute: Attribute, labels: Sequence[str]) -> None:
        known = set(attribute.values.filter(label__in=labels).values_list("label", flat=True))
        if unknown := [label for label in labels if label not in known]:
            self.add_error(field_name(attribute), ValidationError(f"{attribute.name} has no value {unknown[0]}."))

    def save_facts(self, product: Product) -> None:
        """Store the values of the attributes of the product's type. Values that do not exist yet are added."""
        if self.attributes:
            product.attribute_values.set(
                [value for attribute in self.attributes for value in self._values_of(attribute)]
            )

    def _values_of(self, attribute: Attribute) -> list[AttributeValue]:
        typed = self.cleaned_data.get(field_name(attribute))
        if typed is None or typed == "":
            return []
        if attribute.kind == Attribute.Kind.NUMBER:
            return [find_or_add_value(attribute, number_label(typed), number=typed)]
        if isinstance(typed, str):
            labels = LinesField.labels_of(typed) if attribute.kind != Attribute.Kind.BOOLEAN else [typed]
            return [find_or_add_value(attribute, label) for label in labels]
        return list(typed)
