"""Staff change one product, its variants, and the categories and collections that it is in."""

from decimal import Decimal

import pytest
from django.contrib.admin.models import DELETION, LogEntry

from catalog.listings.writing import wrong_listings
from catalog.models import (
    Category,
    Change,
    Collection,
    Product,
    Redirect,
    Synonym,
    Variant,
)
from catalog.prices import prices_at, set_price
from catalog.products.categories import create_category
from shop.operations.audit import run_audit
from tests.catalog.product_pages import price_of, save
from tests.factories import make_variant, stock_of
from tests.reading import text_of

pytestmark = pytest.mark.django_db


def test_variants_are_generated_from_options_with_the_same_values(client, staff):
    variant = make_variant(2400, on_hand=0)
    url = f"/admin/catalog/product/{variant.product_id}/variants/"
    fields = {"option1": "Glaze", "values1": "Sand, Chalk", "option2": "Size", "values2": "S, M, L", "sku": "BOWL"}
    assert client.post(url, {**fields, "price": "", "on_hand": "7", "grams": "300"}).status_code == 302
    made = Variant.objects.filter(product=variant.product, is_active=True).order_by("position")
    assert [(v.title, v.sku, v.grams, price_of(v), stock_of(v)) for v in made][:2] == [
        ("Sand · S", "BOWL-SAND-S", 300, 2400, (7, 0)),
        ("Sand · M", "BOWL-SAND-M", 300, 2400, (7, 0)),
    ]
    assert (made.count(), Variant.objects.get(pk=variant.pk).is_active) == (6, False)
    client.post(url, {**fields, "values1": "Sand, Chalk, Moss", "price": "30", "on_hand": "1"})
    assert made.all().count() == 9
    assert price_of(made.all().get(option1="Moss", option2="L")) == 3000
    answer = client.post(url, {"option1": "A", "values1": ",".join(map(str, range(300)))})
    assert (answer.status_code, "at most 250" in text_of(answer)) == (422, True)
    assert run_audit() == []


def test_generated_variants_are_taxed_and_priced_like_the_one_that_they_replace(client, staff, us_market):
    variant = make_variant(2400, tax_class="reduced", needs_shipping=False, hs_code="691200")
    set_price(variant.pk, us_market, regular_minor=2900)
    url = f"/admin/catalog/product/{variant.product_id}/variants/"
    client.post(url, {"option1": "Size", "values1": "S"})
    client.post(url, {"option1": "Size", "values1": "S, M"})
    made = list(Variant.objects.filter(product=variant.product, is_active=True).order_by("option1"))
    assert [(v.option1, v.tax_class, v.needs_shipping, v.hs_code) for v in made] == [
        ("M", "reduced", False, "691200"),
        ("S", "reduced", False, "691200"),
    ]
    assert {pk: price.amount_minor for pk, price in prices_at([v.pk for v in made], us_market).items()} == {
        made[1].pk: 2900
    }


def test_a_changed_slug_leaves_a_redirect_and_history(client, staff):
    variant = make_variant()
    old = variant.product.slug
    answer, errors = save(client, variant.product, slug="new-address")
    assert (answer.status_code, errors) == (302, [])
    assert Redirect.objects.get().old == old
    assert client.get(f"/p/{old}/").url == "/p/new-address/"
    history = text_of(client.get(f"/admin/catalog/product/{variant.product_id}/history/"))
    assert ("slug" in history, staff.email in history) == (True, True)


def test_deleting_a_category_keeps_its_products_and_answers_410(client, staff):
    variant = make_variant()
    client.post("/admin/catalog/category/add/", {"name": "Mugs", "slug": "mugs", "position": "0"})
    category = Category.objects.get()
    Product.objects.update(category=category)
    client.post(f"/admin/catalog/category/{category.pk}/delete/", {"post": "yes"})
    assert (Category.objects.count(), Product.objects.get(pk=variant.product_id).category) == (0, None)
    assert client.get("/c/mugs/").status_code == 410


def test_deleting_a_category_is_in_the_history_of_its_products_and_in_the_log(client, staff):
    variant, other = make_variant(), make_variant()
    category = create_category("Mugs", create_category("Kitchen"))
    Product.objects.filter(pk=variant.product_id).update(category=category)
    client.post(f"/admin/catalog/category/{category.pk}/delete/", {"post": "yes"})
    change = Change.objects.get()
    assert (change.product_id, change.user_id, change.source) == (variant.product_id, staff.pk, "admin")
    assert change.differences == [["category", "Kitchen > Mugs", ""]]
    assert other.product.changes.count() == 0
    assert list(LogEntry.objects.values_list("user_id", "object_repr", "action_flag")) == [
        (staff.pk, "Mugs (kitchen)", DELETION)
    ]
    assert list(wrong_listings(Product.objects.all())) == []


def test_synonyms_are_stored_in_the_form_that_searches_use(client, staff):
    client.post("/admin/catalog/synonym/add/", {"words": "Sofa, Couch,Canapé"})
    assert Synonym.objects.get().words == ["sofa", "couch", "canape"]
    assert client.post("/admin/catalog/synonym/add/", {"words": "Sofa"}).status_code == 200


def test_a_collection_is_made_by_hand(client, staff):
    variant = make_variant(title="Reef cup")
    fields = {"name": "New in", "slug": "new-in", "kind": "manual", "is_active": "on", "position": "0"}
    rows = {
        "entries-TOTAL_FORMS": "1",
        "entries-INITIAL_FORMS": "0",
        "entries-0-product": variant.product_id,
        "entries-0-position": "1",
    }
    client.post("/admin/catalog/collection/add/", {**fields, **rows})
    assert Collection.objects.get().entries.count() == 1
    assert "Reef cup" in text_of(client.get("/collections/new-in/"))


def test_fields_that_are_not_in_the_variant_table_are_kept(client, staff):
    variant = make_variant(2400)
    fields = {
        "is_active": "on",
        "is_tracked": "on",
        "low_stock_at": "3",
        "most_per_order": "2",
        "is_taxable": "on",
        "tax_class": "standard",
        "needs_shipping": "on",
        "grams": "500",
        "length_mm": "100",
        "width_mm": "",
        "height_mm": "",
        "hs_code": "691200",
        "origin": "PT",
        "content": "350",
        "content_unit": "ml",
        "base": "1",
        "base_unit": "l",
        "position": "1",
    }
    answer = client.post(f"/admin/catalog/variant/{variant.pk}/change/", fields)
    assert answer.status_code == 302
    variant.refresh_from_db()
    assert (variant.most_per_order, variant.hs_code, variant.origin, variant.content) == (
        2,
        "691200",
        "PT",
        Decimal("350"),
    )
    assert "€68.57 per l" in text_of(client.get(f"/p/{variant.product.slug}/"))
    assert variant.product.changes.count() == 1


def test_staff_are_told_what_is_removed_from_a_text(client, staff):
    variant = make_variant()
    picture = '<p>Blue</p><img src="/media/mug.jpg">'
    answer, _errors = save(client, variant.product, description=picture)
    page = text_of(client.get(answer.url))
    assert "Removed from the text: 1 picture. Only text, links, lists and tables are allowed." in page
    assert Product.objects.get().description == "<p>Blue</p>"
    client.post("/admin/catalog/page/add/", {"title": "Us", "section": "about", "slug": "us", "body": picture})
    assert "Removed from the text: 1 picture" in text_of(client.get("/admin/"))
