"""Attributes of products: what staff can enter for each kind, and which values a type of product allows."""

from typing import Any

import pytest

from catalog.models import Attribute, AttributeValue, Product, ProductType
from catalog.products.attributes import product_problem
from tests.catalog.product_pages import save
from tests.factories import make_variant
from tests.reading import form_of

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


def test_a_product_has_only_attributes_of_its_type():
    oak, wide = make_value("material", "Oak"), make_value("width", "40", "number", number=40)
    chair = ProductType.objects.create(name="Chair")
    chair.attributes.add(oak.attribute)
    sentence = "Products of the type Chair do not have Width. They can have Material."
    assert product_problem(chair, [oak, wide]) == sentence
    assert product_problem(chair, [oak]) == ""


@pytest.fixture
def shelf() -> ProductType:
    """A type with an attribute of each kind."""
    shelf = ProductType.objects.create(name="Shelf")
    kinds = {"material": "choice", "width": "number", "foldable": "boolean", "care": "text"}
    for position, (code, kind) in enumerate(kinds.items()):
        shelf.attributes.add(Attribute.objects.create(code=code, name=code.title(), kind=kind, position=position))
    return shelf


def fact(code: str) -> str:
    return f"fact_{Attribute.objects.get(code=code).pk}"


def test_the_form_asks_for_the_attributes_of_the_chosen_type(admin_client, shelf):
    oak = make_value("material", "Oak")
    product = make_variant().product
    told, errors = save(admin_client, product, type=shelf.pk, title="Typed before")
    assert errors == ["Another type has other facts. Please check them below and save again."]
    form = form_of(told, id="product_form")
    assert (form["title"], fact("material") in form, Product.objects.get().type) == ("Typed before", False, None)
    url = f"/admin/catalog/product/{product.pk}/change/"
    facts = {fact("material"): oak.pk, fact("width"): "40", fact("foldable"): "Yes", fact("care"): "Dry\nNo oven"}
    answer = admin_client.post(url, {**form, **facts})
    assert answer.status_code == 302
    product.refresh_from_db()
    values = [f"{value.attribute.code}={value.label}" for value in product.attribute_values.order_by("pk")]
    assert (product.title, product.type) == ("Typed before", shelf)
    assert sorted(values) == ["care=Dry", "care=No oven", "foldable=Yes", "material=Oak", "width=40"]
    shown = form_of(admin_client.get(url), id="product_form")
    assert {name: shown[name] for name in facts} == {name: str(value) for name, value in facts.items()}
    assert admin_client.post(url, {**shown, fact("width"): "40.0"}).status_code == 302
    assert AttributeValue.objects.filter(attribute__code="width").count() == 1


def test_values_of_a_product_stay_until_the_facts_of_another_type_are_saved(admin_client, shelf):
    oak = make_value("material", "Oak")
    product = make_variant().product
    product.attribute_values.add(oak)
    Product.objects.update(type=shelf)
    lamp = ProductType.objects.create(name="Lamp")
    lamp.attributes.add(Attribute.objects.get(code="width"))
    told, errors = save(admin_client, product, type=lamp.pk, **{fact("width"): "12"})
    assert errors == ["Another type has other facts. Material will be removed. Please check them below and save again."]
    assert list(product.attribute_values.all()) == [oak]
    admin_client.post(f"/admin/catalog/product/{product.pk}/change/", form_of(told, id="product_form"))
    assert [str(value) for value in product.attribute_values.all()] == ["12"]


def test_without_a_type_any_attribute_can_be_chosen(admin_client, shelf):
    oak = make_value("material", "Oak")
    product = make_variant().product
    answer, _errors = save(admin_client, product, attribute_values=[oak.pk])
    assert (answer.status_code, list(product.attribute_values.all())) == (302, [oak])


def test_a_product_has_one_number_but_any_number_of_choices():
    values = [make_value("width", label, "number", number=label) for label in ("40", "50")]
    choices = [make_value("material", label) for label in ("Oak", "Ash")]
    assert product_problem(None, [*values, *choices]) == "Choose only one value for Width."
    assert product_problem(None, [values[0], *choices]) == ""
