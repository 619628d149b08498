"""How words find things: synonyms, typing errors, accents, codes, suggestions."""

import pytest

from catalog.categories import create_category
from catalog.listings import write_listings
from catalog.models import (
    Page,
    Product,
    Synonym,
    Variant,
)
from tests.factories import make_variant, shelve

pytestmark = pytest.mark.django_db


def found(client, words: str) -> list[str]:
    return [card.title for card in client.get("/search/", {"q": words}).context["page"].cards]


def test_synonyms_find_what_is_called_otherwise(client):
    make_variant(title="Velvet couch")
    make_variant(title="Living room bench")
    Synonym.objects.create(words=["sofa", "couch", "living room bench"])
    assert sorted(found(client, "sofa")) == ["Living room bench", "Velvet couch"]
    assert found(client, "velvet sofa") == ["Velvet couch"]
    assert found(client, "table") == []


def test_a_typo_is_mended_and_said(client):
    make_variant(title="Porcelain teapot")
    make_variant(title="Linen napkin")
    answer = client.get("/search/?q=porcelan+teapott")
    assert [card.title for card in answer.context["page"].cards] == ["Porcelain teapot"]
    assert 'Did you mean <a href="/search/?q=porcelain%20teapot"><strong>porcelain teapot</strong></a>?' in (
        answer.content.decode()
    )
    assert found(client, "napkinn") == ["Linen napkin"]


@pytest.mark.parametrize("words", ["creme", "Crème", "CREME brulee", "brûlée", "cre"])
def test_accents_and_capitals_make_no_difference(client, words):
    make_variant(title="Crème brûlée dish")
    make_variant(title="Plate")
    assert found(client, words) == ["Crème brûlée dish"]


def test_a_barcode_or_sku_is_found_exactly_and_alone(client):
    mug = make_variant(title="Mug", barcode="4006381333931")
    make_variant(title=f"Holder for {mug.sku} and 4006381333931")
    assert found(client, "4006381333931") == ["Mug"]
    assert found(client, f" {mug.sku.lower()} ") == ["Mug"]


def test_a_variant_that_is_no_longer_sold_is_not_found_by_its_codes(client):
    mug = make_variant(title="Mug")
    Variant.objects.create(product=mug.product, option1="Old", sku="OLD-7", barcode="96385074", is_active=False)
    write_listings(Product.objects.all())
    assert [found(client, code) for code in ("OLD-7", "96385074", mug.sku)] == [[], [], ["Mug"]]


def test_the_page_of_nothing_found_helps_on(client):
    shelve(create_category("Chairs"), "Oak chair")
    text = client.get("/search/?q=zzzzzz").content.decode()
    assert "Nothing was found for “zzzzzz”" in text
    assert "Popular right now" in text
    assert "Oak chair" in text
    assert 'href="/c/chairs/"' in text


def test_suggestions_are_products_categories_and_pages(client):
    shelve(create_category("Delight"), "Delicate dish")
    Page.objects.create(slug="delivery", title="Delivery", body="<p>Fast</p>")
    Product.objects.filter(pk=make_variant(title="Deluxe draft").product_id).update(status="draft")
    write_listings(Product.objects.all())
    context = client.get("/suggest/?q=del").context["found"]
    assert [row.title for row in context.listings] == ["Delicate dish"]
    assert [category.name for category in context.categories] == ["Delight"]
    assert [page.title for page in context.pages] == ["Delivery"]


def test_words_of_later_products_are_suggested_and_mend_typos_too(client):
    for title in ("Copper kettle", "Walnut spoon"):
        make_variant(title=title)
    assert "Walnut spoon" in client.get("/suggest/?q=waln").content.decode()
    assert found(client, "wallnut") == ["Walnut spoon"]
