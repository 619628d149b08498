"""Facets of category pages and their numbers, suggestions, and the direction of texts."""

import pytest

from catalog.listings import facets, write_listings
from catalog.listings.browse import ListingQuery, category_page
from catalog.markets import default_market
from catalog.models import (
    Attribute,
    AttributeValue,
    Category,
    FacetCount,
    Page,
    Product,
    Variant,
)
from catalog.prices import set_price
from catalog.products.categories import create_category
from tests.factories import make_options, make_variant, shelve
from tests.reading import find, find_all

pytestmark = pytest.mark.django_db


def facet(code: str, *labels: str, **fields) -> dict[str, AttributeValue]:
    attribute = Attribute.objects.create(code=code, name=code.capitalize(), **fields)
    return {
        label: AttributeValue.objects.create(attribute=attribute, slug=label.lower(), label=label) for label in labels
    }


@pytest.fixture
def category():
    """Four chairs: oak and blue, oak and red, beech and red, beech and green."""
    material, colour = facet("material", "Oak", "Beech", "Pine"), facet("colour", "Blue", "Red", "Green")
    category = create_category("Chairs")
    for title, wood, hue in (("A", "Oak", "Blue"), ("B", "Oak", "Red"), ("C", "Beech", "Red"), ("D", "Beech", "Green")):
        shelve(category, f"Chair {title}", material[wood], colour[hue])
    return category


def titles(page) -> list[str]:
    return [card.title[-1] for card in page.cards]


def numbers(page) -> dict[str, int]:
    return {value.slug: value.count for facet in page.facets for value in facet.values}


def look(category: Category, **facets: list[str]):
    return category_page(category, default_market(), ListingQuery(facets=facets))


def test_values_of_one_facet_are_or_and_facets_are_and(category):
    assert titles(look(category, colour=["blue", "red"])) == ["A", "B", "C"]
    assert titles(look(category, colour=["blue", "red"], material=["beech"])) == ["C"]
    assert titles(look(category, colour=["blue"], material=["beech"])) == []
    assert titles(look(category, colour=["none"], shape=["round"])) == ["A", "B", "C", "D"]


def test_a_facets_own_numbers_ignore_what_is_chosen_in_it(category):
    assert numbers(look(category)) == {"oak": 2, "beech": 2, "blue": 1, "red": 2, "green": 1}
    assert numbers(look(category, colour=["red"])) == {"oak": 1, "beech": 1, "blue": 1, "red": 2, "green": 1}
    page = look(category, colour=["red"], material=["oak"])
    assert numbers(page) == {"oak": 1, "beech": 1, "blue": 1, "red": 1}
    assert page.count == 1


def test_a_page_shows_chosen_values_and_takes_them_off_by_a_link(client, category):
    page = client.get("/c/chairs/?colour=red&material=oak&page=1")
    assert "1 product" in [paragraph.text for paragraph in find_all(page, "p")]
    chips = {chip.attributes["href"]: chip.text for chip in find_all(page, "a", class_="chip")}
    assert chips == {
        "?material=oak": "Red ✕, remove filter",
        "?colour=red": "Oak ✕, remove filter",
        "/c/chairs/": "Clear all",
    }


def test_facet_counts_are_stored_per_version_and_counted_again_after_a_change(category):
    assert numbers(look(category))["red"] == 2
    kept = FacetCount.objects.get()
    look(category)
    assert FacetCount.objects.get().counted_at == kept.counted_at
    shelve(category, "Chair E", AttributeValue.objects.get(slug="red"))
    assert numbers(look(category))["red"] == 3
    assert FacetCount.objects.get().version > kept.version


def test_odd_addresses_share_a_few_rows_and_never_each_others_numbers(category, monkeypatch):
    monkeypatch.setattr(facets, "SLOTS", 1)
    whole = look(category).count
    for _ in range(2):
        found = [look(category, colour=[colour]).count for colour in ("red", "blue", "green")]
        assert (whole, found) == (4, [2, 1, 1])
    assert FacetCount.objects.count() == 2


def test_stored_facet_counts_are_dropped_when_a_product_is_removed(category):
    assert look(category).count == 4
    Product.objects.filter(title="Chair A").update(status="draft")
    write_listings(Product.objects.filter(title="Chair A"))
    page = look(category)
    assert (page.count, "blue" in numbers(page)) == (3, False)


def test_options_count_as_values_of_the_attribute_that_names_them():
    facet("glaze", "Sand", option_names=["Glaze", "Colour"])
    category = create_category("Mugs")
    for value in ("Sand", "Ink Blue"):
        variant = make_variant(option1=value)
        make_options(variant.product, "glaze")
        Product.objects.filter(pk=variant.product_id).update(category=category)
    write_listings(Product.objects.all())
    assert numbers(look(category)) == {"ink-blue": 1, "sand": 1}
    assert len(look(category, glaze=["ink-blue"]).cards) == 1


def test_suggestions_show_from_prices_if_variants_cost_differently(client):
    one = make_variant(1000, title="Lamp of one price")
    many = make_variant(1000, title="Lamp of many prices")
    dearer = Variant.objects.create(product=many.product, option1="Large")
    set_price(dearer.pk, default_market(), regular_minor=2000)
    write_listings(Product.objects.filter(pk__in=[one.product_id, many.product_id]))
    links = find_all(client.get("/suggest/?q=lamp"), "a")
    suggestions = [link for link in links if find_all(link, class_="price")]
    assert [(find(link, class_="grow").text, find(link, class_="price").text) for link in suggestions] == [
        ("Lamp of one price", "€10.00"),
        ("Lamp of many prices", "From €10.00"),
    ]


def test_texts_of_products_and_pages_find_their_own_direction(client):
    product = make_variant(title="قدح").product
    Product.objects.filter(pk=product.pk).update(description='<p dir="rtl">قدح أزرق</p>')
    page = client.get(product.get_absolute_url())
    assert find(page, "h1", dir="auto").text == "قدح"
    prose = find(page, "div", class_="prose", dir="auto")
    assert find(prose, "p", dir="rtl").text == "قدح أزرق"
    Page.objects.create(slug="about", title="عنا", body="<p>مرحبا</p>")
    page = client.get("/help/about/")
    assert find(page, "h1", dir="auto").text == "عنا"
    assert find(page, "div", class_="prose", dir="auto").text == "مرحبا"
