"""The rules for attribute values: what a value of each kind consists of, and which values a product can have."""

from collections import Counter
from collections.abc import Collection
from decimal import Decimal

from django.utils.text import slugify

from catalog.formats import listed
from catalog.models import Attribute, AttributeValue, ProductType

SINGLE_VALUED = {Attribute.Kind.NUMBER, Attribute.Kind.BOOLEAN}
BOOLEAN_LABELS = ("Yes", "No")


def value_problem(kind: str, *, label: str, number: Decimal | None, colour: str) -> str:
    """Why a value does not suit its kind of attribute, or an empty string."""
    if kind == Attribute.Kind.NUMBER and number is None:
        return "Enter the number too. Values of this attribute are sorted by it."
    if kind != Attribute.Kind.NUMBER and number is not None:
        return "Only attributes of the kind “Number” have a number."
    if kind != Attribute.Kind.COLOUR and colour:
        return "Only attributes of the kind “Colour” have a colour."
    if kind == Attribute.Kind.BOOLEAN and label not in BOOLEAN_LABELS:
        return f"This attribute can only be {' or '.join(BOOLEAN_LABELS)}."
    return ""


def product_problem(product_type: ProductType | None, values: Collection[AttributeValue]) -> str:
    """Why a product of this type cannot have these values, or an empty string.

    A type without attributes, like no type, allows all of them.
    """
    counts = Counter(value.attribute for value in values)
    repeated = [attribute for attribute, count in counts.items() if count > 1 and attribute.kind in SINGLE_VALUED]
    if repeated:
        return f"Choose only one value for {listed(attribute.name for attribute in repeated)}."
    allowed = list(product_type.attributes.all()) if product_type else []
    others = [attribute.name for attribute in counts if allowed and attribute not in allowed]
    if others:
        names = listed(attribute.name for attribute in allowed)
        return f"Products of the type {product_type} do not have {listed(others)}. They can have {names}."
    return ""


def number_label(number: Decimal) -> str:
    """`40` for 40.0000, `7.5` for 7.50."""
    return format(number.normalize(), "f")


def find_or_add_value(attribute: Attribute, label: str, *, number: Decimal | None = None) -> AttributeValue:
    """The attribute's value with this number or label; it is added if there is none."""
    if number is not None and (value := attribute.values.filter(number=number).first()):
        return value
    if value := attribute.values.filter(label=label).first():
        return value
    slug = slugify(label.replace(".", "-"), allow_unicode=True)[:120] or f"value-{attribute.values.count() + 1}"
    return AttributeValue.objects.get_or_create(
        attribute=attribute, slug=slug, defaults={"label": label, "number": number}
    )[0]
