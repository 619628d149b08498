"""Long lists of products: their pages, their order, and prices that cannot be understood."""

import pytest

from catalog.listings import write_listings
from catalog.listings.browse import PAGE_SIZE, SORTS
from catalog.markets import default_market
from catalog.models import Category, Listing, Product
from catalog.prices import set_prices
from catalog.products.categories import create_category
from tests.factories import make_variants
from tests.reading import find, find_all, form_of, markup_of, text_of

pytestmark = pytest.mark.django_db

COUNT = 2 * PAGE_SIZE + 7


@pytest.fixture(scope="module")
def long_category(module_data: None) -> Category:
    """A category of many products in groups of three with the same price, position, sales and rating."""
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


def test_following_the_next_link_shows_every_product_once_in_every_sort_order(client, long_category):
    for sort, (_, order) in SORTS.items():
        keys = [(getattr(card, order.column), card.product_id) for card in follow_to_the_end(client, sort)]
        assert len(set(keys)) == COUNT, sort
        assert keys == sorted(keys, reverse=order.is_falling), sort


def test_pages_by_number_and_by_link_are_the_same(client, long_category):
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
def test_a_page_that_does_not_exist_is_404_and_links_to_existing_pages(client, long_category, query):
    answer = client.get(f"/c/long/?{query}")
    assert (answer.status_code, answer.context["page"].cards, answer.context["next_url"]) == (404, [], "")
    assert "There is nothing on this page" in text_of(answer)
    assert "Show everything" in [link.text for link in find_all(answer, "a", href="/c/long/")]
    assert find(answer, "a", aria_label="Page 1").attributes["href"].endswith("page=1")
    assert find(answer, "meta", name="robots").attributes["content"] == "noindex,follow"


@pytest.mark.parametrize("path", ["/search/?q=thing&page=99", "/c/sale/?page=99", "/c/long/?page=99"])
def test_every_list_answers_404_for_pages_that_do_not_exist(client, long_category, path):
    assert client.get(path).status_code == 404


def test_each_numbered_page_has_its_own_canonical_url(client, long_category):
    def canonical_and_noindex(query: str) -> tuple[str, bool]:
        page = client.get(f"/c/long/?{query}")
        canonical = find(page, "link", rel="canonical").attributes["href"]
        return canonical.removeprefix("http://testserver"), "noindex" in markup_of(page)

    assert canonical_and_noindex("") == ("/c/long/", False)
    assert canonical_and_noindex("utm_source=mail") == ("/c/long/", False)
    assert canonical_and_noindex("page=2") == ("/c/long/?page=2", False)
    by_link = client.get("/c/long/").context["next_url"]
    assert canonical_and_noindex(by_link.removeprefix("?")) == ("/c/long/?page=2", False)
    assert [
        canonical_and_noindex(query)[1] for query in ("sort=price-up", "max=12", "sale=1", "min=abc", "page=99")
    ] == [True] * 5


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
def test_an_invalid_price_filter_shows_an_error_beside_its_field_and_keeps_the_other_filters(
    client, long_category, query, field, sentence
):
    answer = client.get(f"/c/long/?{query}&stock=1")
    assert answer.status_code == 200
    assert find(answer, id=f"p{field}-e").text == f"Error: {sentence}"
    assert [typed.attributes["name"] for typed in find_all(answer, aria_invalid="true")] == [field]
    assert answer.context["page"].count == COUNT
    typed = dict(pair.split("=") for pair in query.split("&"))
    assert {one["name"]: one["value"] for one in answer.context["price_fields"]} == {"min": "", "max": "", **typed}
    assert form_of(answer, class_="filters")["stock"] == "1"


def test_a_valid_price_filters_even_if_the_other_one_is_invalid(client, long_category):
    answer = client.get("/c/long/?min=abc&max=0.01")
    assert (answer.context["page"].count, "Enter an amount like 12.50." in text_of(answer)) == (0, True)


def test_the_selected_sort_order_is_the_one_in_the_url(client, long_category):
    page = client.get("/c/long/?sort=newest")
    assert form_of(page, class_="filters")["sort"] == "newest"
    assert find(page, "form", class_="filters").attributes["autocomplete"] == "off"
    assert {"open", "data-swap"} <= find(page, "details", id="sorting").attributes.keys()
