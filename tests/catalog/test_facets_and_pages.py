"""Facets, and the pages that go on behind the last card."""

import re

import pytest

from catalog.listings import facets, write_listings
from catalog.listings.browse import PAGE_SIZE, SORTS, ListingQuery, category_page
from catalog.markets import default_market
from catalog.models import (
    Attribute,
    AttributeValue,
    Category,
    FacetCount,
    Listing,
    Page,
    Product,
    Variant,
)
from catalog.prices import set_price, set_prices
from catalog.products.categories import create_category
from tests.factories import make_options, make_variant, make_variants, shelve
from tests.reading import text_of

pytestmark = pytest.mark.django_db


def facet(code: str, *labels: str, **facts) -> dict[str, AttributeValue]:
    attribute = Attribute.objects.create(code=code, name=code.capitalize(), **facts)
    return {
        label: AttributeValue.objects.create(attribute=attribute, slug=label.lower(), label=label) for label in labels
    }


@pytest.fixture
def shelf():
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


def test_values_of_one_facet_are_or_and_facets_are_and(shelf):
    assert titles(look(shelf, colour=["blue", "red"])) == ["A", "B", "C"]
    assert titles(look(shelf, colour=["blue", "red"], material=["beech"])) == ["C"]
    assert titles(look(shelf, colour=["blue"], material=["beech"])) == []
    assert titles(look(shelf, colour=["none"], shape=["round"])) == ["A", "B", "C", "D"]


def test_a_facets_own_numbers_ignore_what_is_chosen_in_it(shelf):
    assert numbers(look(shelf)) == {"oak": 2, "beech": 2, "blue": 1, "red": 2, "green": 1}
    assert numbers(look(shelf, colour=["red"])) == {"oak": 1, "beech": 1, "blue": 1, "red": 2, "green": 1}
    page = look(shelf, colour=["red"], material=["oak"])
    assert numbers(page) == {"oak": 1, "beech": 1, "blue": 1, "red": 1}
    assert page.count == 1


def test_a_page_shows_chosen_values_and_takes_them_off_by_a_link(client, shelf):
    text = text_of(client.get("/c/chairs/?colour=red&material=oak&page=1"))
    assert "<strong>1</strong> product </p>" in text
    assert '<a class="chip" href="?material=oak"> Red' in text
    assert '<a class="chip" href="?colour=red"> Oak' in text


def test_numbers_are_kept_for_a_version_and_counted_anew_after_a_change(shelf):
    assert numbers(look(shelf))["red"] == 2
    kept = FacetCount.objects.get()
    look(shelf)
    assert FacetCount.objects.get().counted_at == kept.counted_at
    shelve(shelf, "Chair E", AttributeValue.objects.get(slug="red"))
    assert numbers(look(shelf))["red"] == 3
    assert FacetCount.objects.get().version > kept.version


def test_odd_addresses_share_a_few_rows_and_never_each_others_numbers(shelf, monkeypatch):
    monkeypatch.setattr(facets, "SLOTS", 1)
    whole = look(shelf).count
    for _ in range(2):
        found = [look(shelf, colour=[colour]).count for colour in ("red", "blue", "green")]
        assert (whole, found) == (4, [2, 1, 1])
    assert FacetCount.objects.count() == 2


def test_kept_numbers_end_with_a_product_that_goes(shelf):
    assert look(shelf).count == 4
    Product.objects.filter(title="Chair A").update(status="draft")
    write_listings(Product.objects.filter(title="Chair A"))
    page = look(shelf)
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


COUNT = 2 * PAGE_SIZE + 7


@pytest.fixture
def long_shelf():
    """Many things, every third with the same price, place, sales and rating as its neighbours."""
    category = create_category("Long")
    variants = make_variants(COUNT)
    for number, variant in enumerate(variants):
        third, product = number // 3, variant.product
        product.title, product.category, product.position = f"Thing {number:02}", category, third
        product.sales, product.rating = third, third * 10
    Product.objects.bulk_update(
        [variant.product for variant in variants], ["title", "category", "position", "sales", "rating"]
    )
    set_prices({one.pk: (1000 + n // 3 * 10, None, None) for n, one in enumerate(variants)}, default_market())
    write_listings(Product.objects.all())
    return category


def follow_to_the_end(client, sort: str) -> list[Listing]:
    """Every card on the three pages that lead to one another."""
    url, shown = f"/c/long/?sort={sort}", []
    for _ in range(3):
        answer = client.get(url)
        shown += answer.context["page"].cards
        url = f"/c/long/{answer.context['next_url']}"
    assert url == "/c/long/"
    return shown


def test_following_the_next_link_shows_everything_once_and_in_order_whatever_the_order(client, long_shelf):
    for sort, (_, order) in SORTS.items():
        keys = [(getattr(card, order.column), card.product_id) for card in follow_to_the_end(client, sort)]
        assert len(set(keys)) == COUNT, sort
        assert keys == sorted(keys, reverse=order.is_falling), sort


def test_pages_by_number_and_by_link_are_the_same(client, long_shelf):
    first = client.get("/c/long/?sort=price-up")
    by_link = client.get(f"/c/long/{first.context['next_url']}").context["page"].cards
    by_number = client.get("/c/long/?sort=price-up&page=2").context["page"].cards
    assert [card.product_id for card in by_link] == [card.product_id for card in by_number]
    assert "after=" in first.context["next_url"]


@pytest.mark.parametrize(
    "query",
    [
        *(
            "page=4",
            "page=99",
            "page=2&after=999999999.999999999",
            "page=abc",
            "page=0",
            "page=-1",
            "page=1.0",
            "page=٣",
        ),
        *("page=99999999", "page=2&after=x", "page=43", "sort=price-up&page=99"),
    ],
)
def test_a_page_that_does_not_exist_is_not_found_and_leads_to_those_that_do(client, long_shelf, query):
    answer = client.get(f"/c/long/?{query}")
    assert (answer.status_code, answer.context["page"].cards, answer.context["next_url"]) == (404, [], "")
    text = text_of(answer)
    assert "There is nothing on this page" in text
    assert 'href="/c/long/">Show everything' in text
    assert 'page=1" aria-label="Page 1"' in text
    assert 'content="noindex,follow"' in text


@pytest.mark.parametrize("path", ["/search/?q=thing&page=99", "/c/sale/?page=99", "/c/long/?page=99"])
def test_every_list_says_not_found_of_pages_that_it_has_not(client, long_shelf, path):
    assert client.get(path).status_code == 404


def test_search_engines_keep_each_numbered_page_under_its_own_address(client, long_shelf):
    def told(query: str) -> tuple[str, bool]:
        text = client.get(f"/c/long/?{query}").content.decode()
        return re.search(r'rel="canonical" href="http://testserver([^"]*)"', text)[1], "noindex" in text

    assert told("") == ("/c/long/", False)
    assert told("utm_source=mail") == ("/c/long/", False)
    assert told("page=2") == ("/c/long/?page=2", False)
    by_link = client.get("/c/long/").context["next_url"]
    assert told(by_link.removeprefix("?")) == ("/c/long/?page=2", False)
    assert [told(query)[1] for query in ("sort=price-up", "max=12", "sale=1", "min=abc", "page=99")] == [True] * 5


@pytest.mark.parametrize(
    ("query", "field", "sentence"),
    [
        ("min=abc", "min", "Enter an amount like 12.50."),
        ("max=1,000", "max", "This could mean 1000.00 or 1.00. Enter one of them."),
        ("min=50&max=20", "max", "The highest price is below the lowest, 50.00."),
        ("min=-5", "min", "An amount cannot be negative."),
        ("max=" + "9" * 30, "max", "Enter an amount like 12.50."),
        ("min=12.3456", "min", "EUR has 2 decimal places."),
    ],
)
def test_a_price_that_cannot_be_understood_is_said_beside_its_field_and_nothing_is_lost(
    client, long_shelf, query, field, sentence
):
    answer = client.get(f"/c/long/?{query}&stock=1")
    text = text_of(answer)
    assert answer.status_code == 200
    assert f'id="p{field}-e"><span class="vh">Error: </span>{sentence}</span>' in text
    assert text.count('aria-invalid="true"') == 1
    assert answer.context["page"].count == COUNT
    typed = dict(pair.split("=") for pair in query.split("&"))
    assert {one["name"]: one["value"] for one in answer.context["price_fields"]} == {"min": "", "max": "", **typed}
    assert 'name="stock" value="1" checked' in text


def test_an_understood_price_beside_one_that_is_not_still_filters(client, long_shelf):
    answer = client.get("/c/long/?min=abc&max=0.01")
    assert (answer.context["page"].count, "Enter an amount like 12.50." in answer.content.decode()) == (0, True)


def test_the_sort_that_is_shown_is_the_one_of_the_address(client, long_shelf):
    text = text_of(client.get("/c/long/?sort=newest"))
    assert '<option value="newest" selected>' in text
    assert re.search(r'<form class="filters" [^>]*autocomplete="off"', text)
    assert re.search(r'<details open id="sorting" data-swap>', text)


def test_suggestions_say_from_where_variants_cost_differently(client):
    one = make_variant(1000, title="Lamp of one price")
    many = make_variant(1000, title="Lamp of many prices")
    dearer = Variant.objects.create(product=many.product, option1="Large")
    set_price(dearer.pk, default_market(), regular_minor=2000)
    write_listings(Product.objects.filter(pk__in=[one.product_id, many.product_id]))
    text = text_of(client.get("/suggest/?q=lamp"))
    assert re.findall(r'<span class="grow" dir="auto">(.*?)</span> <span class="price"> (.*?) </span>', text) == [
        ("Lamp of one price", "€10.00"),
        ("Lamp of many prices", "From €10.00"),
    ]


def test_texts_of_products_and_pages_find_their_own_direction(client):
    product = make_variant(title="قدح").product
    Product.objects.filter(pk=product.pk).update(description='<p dir="rtl">قدح أزرق</p>')
    text = client.get(product.get_absolute_url()).content.decode()
    assert '<h1 dir="auto">قدح</h1>' in text
    assert '<div class="prose" dir="auto"><p dir="rtl">قدح أزرق</p></div>' in text
    Page.objects.create(slug="about", title="عنا", body="<p>مرحبا</p>")
    text = text_of(client.get("/help/about/"))
    assert '<h1 dir="auto">عنا</h1> <div class="prose mt5" dir="auto"><p>مرحبا</p></div>' in text
