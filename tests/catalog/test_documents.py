"""Documents hold everything about a product that staff can change, so history, plans, undo and exports keep it."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.utils import timezone

from catalog.admin.products.images import ImageForm
from catalog.importing.apply import Author, apply_changes, default_target
from catalog.importing.export import export_lines
from catalog.importing.plan import PlannedChange, plan_import
from catalog.importing.shopify import read_bytes
from catalog.importing.undo import undo_changes
from catalog.markets import default_market
from catalog.models import Option, Price, Product, ProductImage, Redirect, RelatedProduct, Variant
from catalog.price_plans import plan_prices
from catalog.prices import prices_at, set_price
from catalog.products.document import (
    NEW_IMAGE,
    NEW_PRODUCT,
    NEW_VARIANT,
    Document,
    differences,
    read_documents,
)
from catalog.products.saving import product_document, recorded_change, save_product
from tests.factories import make_user, make_variant

pytestmark = pytest.mark.django_db

# Fields of the forms that a document holds under another name or as a key, or that are no data of a product.
HELD_OTHERWISE = {
    "handle": "identifies the document",
    "product": "identifies the document",
    "attribute_values": "attributes",
    "option1": "key of the variant",
    "option2": "key of the variant",
    "option3": "key of the variant",
    "is_active": "only variants that are sold are in the document",
    "sale_price": "sale",
    "pictures": "images",
    "replace": "file",
    "remove": "the picture is no longer in the document",
    "shown_values": "what the page showed when it was opened",
}


def form_fields(model: type[models.Model]) -> set[str]:
    """All fields that the admin's page of this model shows."""
    sections = admin.site._registry[model].fieldsets or ()
    names = set()
    for _title, options in sections:
        for name in options["fields"]:
            names.update([name] if isinstance(name, str) else name)
    return names


def test_every_field_that_staff_edit_is_part_of_the_document():
    inlines = {inline.model: set(inline.fields) for inline in admin.site._registry[Product].inlines}
    assert set(inlines) == {Option, Variant, RelatedProduct}  # options and related products are lists of the document
    pages = [
        (form_fields(Product), NEW_PRODUCT),
        (form_fields(Variant) | inlines[Variant], NEW_VARIANT),
        ({*ImageForm.base_fields}, NEW_IMAGE),
    ]
    assert [fields - set(known) - set(HELD_OTHERWISE) for fields, known in pages] == [set(), set(), set()]


def other_value(field: models.Field, value: Any) -> Any:
    """A value that differs from this one and that the field accepts."""
    if field.choices:
        return next(choice for choice, _ in field.flatchoices if choice and choice != value)
    if isinstance(field, models.BooleanField):
        return not value
    if isinstance(field, models.DateTimeField):
        return timezone.now() + timedelta(days=1 if "un" in field.name else 0)
    if isinstance(field, models.DecimalField):
        return Decimal("12.500")
    if isinstance(field, models.IntegerField):
        return (value or 0) + 7
    if isinstance(field, models.CharField | models.TextField):
        return "pt"
    return [1, 3] if field.name == "dispatch_days" else ["other"]


def editable_fields(row: models.Model) -> list[models.Field]:
    return [
        field
        for field in row._meta.concrete_fields
        if field.editable
        and not (field.primary_key or field.is_relation or isinstance(field, models.FileField))
        and field.name not in ("handle", "option1", "option2", "option3", "is_active")
    ]


def changed_everywhere(row: models.Model) -> set[str]:
    """Change every editable field of the row in the database, and return the names."""
    fields = editable_fields(row)
    values = {field.name: other_value(field, getattr(row, field.name)) for field in fields}
    type(row).objects.filter(pk=row.pk).update(**values)
    return set(values)


def test_a_change_of_any_field_is_detected_and_undone():
    variant = make_variant(2400)
    image = ProductImage.objects.create(product=variant.product, source="https://example.com/a.jpg")
    handle = variant.product.handle
    before = product_document(handle)
    names = changed_everywhere(variant.product), changed_everywhere(variant), changed_everywhere(image)
    after = product_document(handle)

    def changed(part: Document, other: Document) -> set[str]:
        return {name for name in part if part[name] != other[name]}

    key, source = "\n\n", "https://example.com/a.jpg"
    seen = (
        changed(before["product"], after["product"]),
        changed(before["variants"][key], after["variants"][key]) - {"on_hand"},
        changed(before["images"][source], after["images"][source]),
    )
    assert seen == names
    apply_changes([PlannedChange(handle, 0, after, before, [])], default_target(), Author("undo"))
    assert product_document(handle) == before


def test_prices_of_other_markets_and_related_products_are_written_and_undone(us_market):
    variant, other = make_variant(2400), make_variant(1000)
    handle, target = variant.product.handle, default_target()
    before = product_document(handle)
    RelatedProduct.objects.create(product=variant.product, related=other.product)
    set_price(variant.pk, us_market, regular_minor=2900, sale_minor=2500)
    after = product_document(handle)
    us_prices = {"us": {"price": 2900, "sale": 2500, "sale_until": None, "planned": [], "planned_prices": []}}
    assert after["variants"]["\n\n"]["markets"] == us_prices
    assert differences(before, after, "EUR") == [
        ["related", [], [other.product.handle]],
        ["variant (the only one): price (us)", None, "$29.00"],
        ["variant (the only one): sale (us)", None, "$25.00"],
    ]
    done = apply_changes([PlannedChange(handle, 0, after, before, [])], target, Author("import"))
    assert (prices_at([variant.pk], us_market), RelatedProduct.objects.count()) == ({}, 0)
    apply_changes(undo_changes(done, target), target, Author("undo"))
    assert product_document(handle) == after


def test_planned_prices_are_written_undone_and_shown_in_the_history(us_market):
    variant = make_variant(2400)
    set_price(variant.pk, us_market, regular_minor=2900)
    handle, target = variant.product.handle, default_target()
    before = product_document(handle)
    for market, amounts in ((default_market(), (2600, 2800)), (us_market, (3100, 3300))):
        for year, amount in zip((2090, 2091), amounts, strict=True):
            plan_prices({variant.pk: amount}, market, datetime(year, 1, 1, tzinfo=UTC))
    after = product_document(handle)
    assert differences(before, after, "EUR") == [
        [
            "variant (the only one): planned price",
            "",
            "€26.00 from 1 Jan 2090, 01:00 to 1 Jan 2091, 01:00; €28.00 from 1 Jan 2091, 01:00",
        ],
        [
            "variant (the only one): planned price (us)",
            "",
            "$31.00 from 1 Jan 2090, 01:00 to 1 Jan 2091, 01:00; $33.00 from 1 Jan 2091, 01:00",
        ],
    ]
    done = apply_changes([PlannedChange(handle, 0, after, before, [])], target, Author("import"))
    assert Price.objects.count() == 2
    assert product_document(handle) == before
    apply_changes(undo_changes(done, target), target, Author("undo"))
    assert product_document(handle) == after


def test_a_price_set_by_a_run_ends_when_the_planned_price_begins():
    variant = make_variant(2400)
    plan_prices({variant.pk: 2600}, default_market(), datetime(2090, 1, 1, tzinfo=UTC))
    handle, target = variant.product.handle, default_target()
    before, after = product_document(handle), product_document(handle)
    after["variants"]["\n\n"] |= {"price": 2500, "planned_prices": [[2700, "2091-01-01T00:00:00+00:00", None]]}
    apply_changes([PlannedChange(handle, 0, before, after, [])], target, Author("import"))
    years = (2089, 2090, 2092)
    amounts = [prices_at([variant.pk], default_market(), datetime(y, 6, 1, tzinfo=UTC))[variant.pk] for y in years]
    assert [price.amount_minor for price in amounts] == [2500, 2500, 2700]


def old_document(document: Document) -> Document:
    """The document as it was stored before these fields existed."""
    newer = {
        "tax_class",
        "is_gift_card",
        "markets",
        "focus_x",
        "focus_y",
        "file",
        "related",
        "dispatch_days",
        "planned_prices",
    }

    def older(fields: Document) -> Document:
        return {name: value for name, value in fields.items() if name not in newer}

    return {
        **document,
        "product": older(document["product"]),
        "variants": {key: older(fields) for key, fields in document["variants"].items()},
        "images": {key: older(fields) for key, fields in document["images"].items()},
    }


def test_a_run_stored_before_a_field_existed_is_applied_and_undone_and_leaves_the_field_alone(us_market):
    variant = make_variant(2400)
    Variant.objects.filter(pk=variant.pk).update(tax_class="reduced", is_gift_card=True)
    ProductImage.objects.create(product=variant.product, source="https://example.com/a.jpg", focus_x=10)
    set_price(variant.pk, us_market, regular_minor=2900)
    handle, target = variant.product.handle, default_target()
    original = product_document(handle)
    before, after = old_document(original), old_document(original)
    after["product"]["title"] = "Renamed"
    after["variants"]["\n\n"]["price"] = 2600
    done = apply_changes([PlannedChange(handle, 0, before, after, [])], target, Author("import"))
    assert product_document(handle)["product"]["title"] == "Renamed"
    old_done = [PlannedChange(handle, 0, before, old_document(done[0].after), [])]
    apply_changes(undo_changes(old_done, target), target, Author("undo"))
    assert product_document(handle) == original
    assert Price.objects.filter(market="us").count() == 1


def test_a_run_stored_before_prices_could_be_planned_is_applied_and_keeps_the_plans(us_market):
    variant = make_variant(2400)
    set_price(variant.pk, us_market, regular_minor=2900)
    for market in (default_market(), us_market):
        plan_prices({variant.pk: 5000}, market, datetime(2090, 1, 1, tzinfo=UTC))
    handle, target = variant.product.handle, default_target()
    before = product_document(handle)
    for prices in (before["variants"]["\n\n"], before["variants"]["\n\n"]["markets"]["us"]):
        del prices["planned_prices"]
    after = deepcopy(before)
    after["variants"]["\n\n"]["price"] = 2600
    after["variants"]["\n\n"]["markets"]["us"]["price"] = 3000
    apply_changes([PlannedChange(handle, 0, before, after, [])], target, Author("import"))
    amounts = Price.objects.filter(valid__endswith__isnull=True).order_by("market")
    assert list(amounts.values_list("market", "amount_minor")) == [("main", 5000), ("us", 5000)]


def test_a_new_product_of_a_run_stored_before_a_field_existed_gets_the_defaults():
    row = "cup,Cup,active,9.00,https://example.com/a.jpg"
    file, target = f"Handle,Title,Status,Price,Image Src\n{row}\n".encode(), default_target()
    plan = plan_import(read_bytes(file, "EUR"), target.market, target.location)
    change = plan.changes[0]
    stored = PlannedChange("cup", 2, None, old_document(change.after), change.differences)
    done = apply_changes([stored], target, Author("import"))
    assert Variant.objects.values_list("tax_class", "is_gift_card").get() == ("standard", False)
    assert ProductImage.objects.values_list("focus_x", "focus_y").get() == (50, 50)
    apply_changes(undo_changes(done, target), target, Author("undo"))
    assert Product.objects.get().status == "withdrawn"


def test_a_saved_product_has_a_slug_a_redirect_listings_and_history():
    author = Author("admin", make_user().pk)
    product = Product(handle="cup", title="Cup", description="<h1>Hi</h1>", status="active")
    document = save_product(product, author)
    assert (product.slug, product.description) == ("cup", "<h3>Hi</h3>")
    assert document == read_documents(["cup"], default_target().market, default_target().location)["cup"]
    product.slug = "mug"
    save_product(product, author, lambda: Option.objects.create(product=product, position=1, name="Size"))
    assert Redirect.objects.values_list("old", "product").get() == ("cup", product.pk)
    assert [change.differences for change in product.changes.all()] == [
        [["slug", "cup", "mug"], ["options", "", "Size"]],
        [["product", "–", "new"]],
    ]


def test_a_recorded_change_that_changes_nothing_leaves_no_history():
    variant = make_variant()
    with recorded_change(variant.product, Author("admin")):
        pass
    assert variant.product.changes.count() == 0


def exported() -> str:
    target = default_target()
    return "".join(export_lines(Product.objects.all(), target.market, target.location))


def test_importing_an_export_into_an_empty_shop_restores_every_field(us_market):
    variant = make_variant(2400)
    image = ProductImage.objects.create(product=variant.product, source="https://example.com/a.jpg", alt="A")
    for row in (variant.product, variant, image):
        changed_everywhere(row)
    Product.objects.update(status="active", slug=variant.product.handle)
    Variant.objects.update(content_unit="ml", base_unit="ml")
    set_price(variant.pk, us_market, regular_minor=2900, sale_minor=2500)
    handle, target = variant.product.handle, default_target()
    original, file = product_document(handle), exported().encode()
    assert plan_import(read_bytes(file, "EUR"), target.market, target.location).changes == []
    apply_changes([PlannedChange(handle, 0, original, None, [])], target, Author("undo"))
    Product.objects.update(handle="gone", slug="gone")
    plan = plan_import(read_bytes(file, "EUR"), target.market, target.location)
    assert plan.skipped == []
    apply_changes(plan.changes, target, Author("import"))
    assert differences(original, product_document(handle), "EUR") == []


@pytest.mark.parametrize(
    ("header", "cell", "message"),
    [
        (
            "Variant Tax Class",
            "half",
            "'half' is not valid as 'Variant Tax Class': Value 'half' is not a valid choice.",
        ),
        (
            "Image Focus X",
            "-1",
            "'-1' is not valid as 'Image Focus X': Ensure this value is greater than or equal to 0.",
        ),
        (
            "Product Dispatch Days",
            "0, 9",
            "'0, 9' is not valid as 'Product Dispatch Days': Item 2 in the array did not validate: Value 9 is not a valid choice.",
        ),
        (
            "Product Publish At",
            "soon",
            "'soon' is not valid as 'Product Publish At': “soon” value has an invalid format. It must be in YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] format.",
        ),
        ("Price / us", "cheap", "the Price / us 'cheap' is not valid: enter an amount like 12.50"),
    ],
)
def test_a_cell_that_its_field_does_not_accept_refuses_the_product_by_its_line(us_market, header, cell, message):
    file = f'Handle,Title,Image Src,{header}\ncup,Cup,https://example.com/a.jpg,"{cell}"\n'
    assert [str(problem) for problem in read_bytes(file.encode(), "EUR").problems] == [f"line 2: cup: {message}"]


def test_a_file_changes_a_price_of_another_market_and_leaves_the_rest(us_market):
    variant = make_variant(2400)
    handle, target = variant.product.handle, default_target()
    file = f"Handle,SKU,Price / us\n{handle},{variant.sku},29.00\n"
    plan = plan_import(read_bytes(file.encode(), "EUR"), target.market, target.location)
    assert plan.changes[0].differences == [["variant (the only one): price (us)", None, "$29.00"]]


def test_a_product_with_an_end_before_its_start_is_refused():
    file = "Handle,Title,Product Publish At,Product Unpublish At\ncup,Cup,2030-01-02,2030-01-01\n"
    target = default_target()
    plan = plan_import(read_bytes(file.encode(), "EUR"), target.market, target.location)
    assert [str(problem) for problem in plan.problems] == [
        "line 2: cup: 'Product Unpublish At' must be after 'Product Publish At'"
    ]


def test_an_imported_gift_card_is_one_in_all_its_variants():
    file = "Handle,Title,Gift Card,Option1 Name,Option1 Value,Price\ncard,Card,true,Worth,10,10\ncard,,,,20,20\n"
    reading = read_bytes(file.encode(), "EUR")
    assert [variant.fields["is_gift_card"] for variant in reading.products[0].variants] == [True, True]
    message = "line 2: card: this is a gift card: each unit sold becomes a code worth its price"
    assert [str(problem) for problem in reading.problems] == [message]


def test_an_empty_gift_card_cell_says_nothing_about_the_product():
    reading = read_bytes(b"Handle,Title,Gift Card,Price\ncard,Card,,10\n", "EUR")
    assert "is_gift_card" not in reading.products[0].variants[0].fields
    assert reading.problems == []


def test_a_variant_added_by_a_file_has_the_tax_class_of_the_others():
    variant = make_variant(2400, tax_class="reduced", option1="S")
    Option.objects.create(product=variant.product, position=1, name="Size")
    handle, target = variant.product.handle, default_target()
    file = f"Handle,Title,Option1 Name,Option1 Value,Price\n{handle},Cup,Size,M,26.00\n"
    apply_changes(
        plan_import(read_bytes(file.encode(), "EUR"), target.market, target.location).changes, target, Author("import")
    )
    assert Variant.objects.get(option1="M").tax_class == "reduced"
