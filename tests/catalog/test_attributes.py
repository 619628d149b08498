"""Attributes of products: what staff can enter for each kind, and which values a type of product allows."""

from typing import Any

import pytest

from catalog.models import Attribute, AttributeValue, ProductType
from catalog.products.attributes import product_problem
from tests.catalog.product_pages import save
from tests.factories import make_variant
from tests.reading import text_of

pytestmark = pytest.mark.django_db


def make_value(code: str, label: str, kind: str = "choice", **fields: Any) -> AttributeValue:
    attribute, _ = Attribute.objects.get_or_create(code=code, defaults={"name": code.capitalize(), "kind": kind})
    return AttributeValue.objects.create(attribute=attribute, slug=label.lower(), label=label, **fields)


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        ("number", {"label": "40", "number": "40"}, ""),
        ("number", {"label": "40"}, "Enter the number too. Values of this attribute are sorted by it."),
        ("choice", {"label": "Oak", "number": "4"}, "Only attributes of the kind “Number” have a number."),
        ("choice", {"label": "Oak", "colour": "#aabbcc"}, "Only attributes of the kind “Colour” have a colour."),
        ("colour", {"label": "Moss", "colour": "#aabbcc"}, ""),
        ("boolean", {"label": "Perhaps"}, "This attribute can only be Yes or No."),
        ("boolean", {"label": "Yes"}, ""),
    ],
)
def test_a_value_must_suit_the_kind_of_its_attribute(admin_client, kind, value, problem):
    fields = {"name": "Thing", "code": "thing", "kind": kind, "position": "0"}
    rows = {"values-TOTAL_FORMS": "1", "values-INITIAL_FORMS": "0", "values-0-slug": "x", "values-0-position": "0"}
    row = {f"values-0-{name}": text for name, text in value.items()}
    answer = admin_client.post("/admin/catalog/attribute/add/", {**fields, **rows, **row})
    if problem:
        assert problem in str(answer.context["errors"])
    assert AttributeValue.objects.count() == (0 if problem else 1)


def test_a_product_has_only_attributes_of_its_type(admin_client):
    oak, wide = make_value("material", "Oak"), make_value("width", "40", "number", number=40)
    chair = ProductType.objects.create(name="Chair")
    chair.attributes.add(oak.attribute)
    variant = make_variant()
    refused, _errors = save(admin_client, variant.product, type=chair.pk, attribute_values=[oak.pk, wide.pk])
    sentence = "Products of the type Chair do not have Width. They can have Material."
    assert refused.context["adminform"].form.errors["attribute_values"] == [sentence]
    assert variant.product.attribute_values.count() == 0
    save(admin_client, variant.product, type=chair.pk, attribute_values=[oak.pk])
    assert list(variant.product.attribute_values.all()) == [oak]
    page = admin_client.get(f"/admin/catalog/product/{variant.product_id}/change/")
    assert "Attributes of the type Chair: Material." in text_of(page)


def test_a_product_has_one_number_but_any_number_of_choices():
    values = [make_value("width", label, "number", number=label) for label in ("40", "50")]
    choices = [make_value("material", label) for label in ("Oak", "Ash")]
    assert product_problem(None, [*values, *choices]) == "Choose only one value for Width."
    assert product_problem(None, [values[0], *choices]) == ""
