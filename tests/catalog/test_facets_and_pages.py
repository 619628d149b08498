"""Facets, and the pages that go on behind the last card."""

import pytest

from catalog import facets
from catalog.browse import PAGE_SIZE, SORTS, Wishes, category_page
from catalog.categories import create_category
from catalog.listings import write_listings
from catalog.markets import default_market
from catalog.models import (
    Attribute,
    AttributeValue,
    Category,
    FacetCount,
    Listing,
    Product,
)
from tests.factories import make_options, make_variant, shelve

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
    return category_page(category, default_market(), Wishes(facets=facets))


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
    text = client.get("/c/chairs/?colour=red&material=oak&page=1").content.decode()
    assert "<strong>1</strong> product<" in text
    assert '<a class="chip" href="?material=oak">Red' in text
    assert '<a class="chip" href="?colour=red">Oak' in text


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
    for number in range(COUNT):
        variant = make_variant(1000 + number // 3 * 10, title=f"Thing {number:02}")
        Product.objects.filter(pk=variant.product_id).update(
            category=category, position=number // 3, sales=number // 3, rating=number // 3 * 10
        )
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


def test_a_page_behind_the_last_says_that_nothing_is_there(client, long_shelf):
    for query in ("page=4", "page=99", "page=2&after=999999999.999999999"):
        answer = client.get(f"/c/long/?{query}")
        assert (answer.status_code, answer.context["page"].cards, answer.context["next_url"]) == (200, [], "")
        assert "There is nothing on this page" in answer.content.decode()
