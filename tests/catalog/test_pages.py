"""The public pages: their content, their queries and their headers."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.inventory import Need, reserve
from catalog.listings import refresh_stock_classes, write_listings
from catalog.listings.browse import category_tiles
from catalog.markets import default_market
from catalog.models import Category, Collection, Listing, Page, Product, Variant
from catalog.prices import set_price, set_prices
from catalog.products.categories import CategoryRefused, create_category, place_category
from tests.factories import make_listed_variants, make_options, make_shipping, make_variant, make_variants
from tests.reading import find, find_all, links_of, markup_of, text_of

pytestmark = pytest.mark.django_db


def fill(count: int) -> Category:
    category = create_category("Tableware")
    variants = make_variants(count)
    for n, variant in enumerate(variants):
        product = Product(pk=variant.product_id, title=f"Cup {n:03}", category=category, position=n)
        product.save(update_fields=["title", "category", "position"])
    set_prices({variant.pk: (1000 + n, None, None) for n, variant in enumerate(variants)}, default_market())
    write_listings(Product.objects.all())
    return category


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize(("url", "most"), [("/c/tableware/", 6), ("/", 8), ("/search/?q=cup", 8)])
def test_a_page_costs_the_same_for_one_card_and_for_many(client, url, most):
    fill(1)
    queries(client, url)  # the facets of a whole category are counted once
    few = queries(client, url)
    products = [variant.product_id for variant in make_listed_variants(30)]
    Product.objects.filter(pk__in=products).update(title="Cup", category=Category.objects.get())
    write_listings(Product.objects.filter(pk__in=products))
    queries(client, url)
    assert queries(client, url) == few <= most


def test_public_pages_set_no_cookie_and_vary_on_none(client):
    fill(2)
    for url in ("/", "/c/tableware/", f"/p/{Product.objects.first().slug}/", "/search/?q=cup", "/swatches.css"):
        response = client.get(url)
        assert (response.status_code, dict(response.cookies)) == (200, {})
        assert "Cookie" not in response.headers.get("Vary", "")


def test_filters_sort_and_pages(client):
    fill(30)
    page = client.get("/c/tableware/")
    assert len(find_all(page, class_="card")) == 24
    assert "?page=2" in links_of(page)
    assert len(find_all(client.get("/c/tableware/?page=2"), class_="card")) == 6
    text = text_of(client.get("/c/tableware/?min=10.05&max=10,07"))
    assert [f"Cup {n:03}" in text for n in (4, 5, 6, 7, 8)] == [False, True, True, True, False]
    text = text_of(client.get("/c/tableware/?sort=price-down"))
    assert text.index("Cup 029") < text.index("Cup 028")


@pytest.mark.fault("F100")
@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=1000000000",
        "page=٣",
        "sort=password",
        "min=NaN",
        "min=1e400",
        "max=abc",
        "stock=%00",
        "q=" + "x" * 500,
    ],
)
def test_odd_parameters_do_no_harm(client, query):
    fill(1)
    assert client.get(f"/c/tableware/?{query}").status_code in (200, 400, 404)
    assert client.get(f"/search/?q=cup&{query}").status_code in (200, 400, 404)


@pytest.mark.fault("F103")
@pytest.mark.parametrize("words", ["%_\\", '"((((', "a:*&!", "'; DROP", "<script>", "cup & | !", "x " * 300, "\ud800"])
def test_odd_searches_find_nothing_bad(client, words):
    fill(1)
    response = client.get("/search/", {"q": words.encode("utf-8", "surrogatepass")})
    assert response.status_code in (200, 400)
    assert b"<script>alert" not in response.content


def test_search_finds_by_stem_beginning_accent_and_sku(client):
    mug = make_variant(title="Café mug")
    make_variant(title="Teapot")
    for words in ("mugs", "caf", "cafe", mug.sku):
        text = text_of(client.get("/search/", {"q": words}))
        assert ("Café mug" in text, "Teapot" in text.split("Popular")[0]) == (True, False), words
    assert "Nothing was found" in text_of(client.get("/search/?q=zzzz"))
    assert "Café mug" in text_of(client.get("/suggest/?q=mu"))
    assert client.get("/suggest/?q=m").content.strip() == b""


def test_the_product_page_shows_the_variant_of_its_address(client):
    make_shipping()
    sand = make_variant(2400, option1="Sand", option2="350 ml")
    product = sand.product
    make_options(product, "Glaze", "Size")
    large = Variant.objects.create(product=product, option1="Sand", option2="450 ml", is_tracked=False, position=2)
    set_price(large.pk, default_market(), regular_minor=2800)
    page = client.get(f"/p/{product.slug}/?size=450-ml")
    assert "€28.00" in text_of(page)
    chosen = find(page, "input", data_name="size", data_key="450-ml")
    assert (chosen.attributes["value"], "checked" in chosen.attributes) == ("450 ml", True)
    assert client.get(f"/p/{product.slug}/?glaze=none&size=x").status_code == 200


def test_sold_out_is_shown(client):
    variant = make_variant(on_hand=1)
    reserve("A1", [Need(1, variant.pk, 1)])
    refresh_stock_classes()
    assert "This one is sold out" in text_of(client.get(f"/p/{variant.product.slug}/"))
    assert "Sold out" in text_of(client.get("/search/?q=thing"))


def test_pages_that_do_not_exist_answer_404_in_plain_words(client):
    draft = make_variant()
    Product.objects.filter(pk=draft.product_id).update(status="draft")
    for url in (f"/p/{draft.product.slug}/", "/p/none/", "/c/none/", "/help/none/", "/nothing"):
        response = client.get(url)
        assert response.status_code == 404
        assert "Page not found" in text_of(response)


def test_a_page_of_the_shop_is_cleaned_when_shown(client):
    Page.objects.create(slug="delivery", title="Delivery", body="<p>Fast</p><script>alert(1)</script>")
    page = client.get("/help/delivery/")
    assert "Fast" in [paragraph.text for paragraph in find_all(page, "p")]
    assert "alert(1)" not in markup_of(page)


def test_a_category_moves_with_everything_below_it():
    home, tableware = create_category("Home"), create_category("Tableware")
    mugs = create_category("Mugs", tableware)
    place_category(tableware, parent=home, slug="table")
    assert Category.objects.get(pk=mugs.pk).path == "home/table/mugs"
    with pytest.raises(CategoryRefused, match="below itself"):
        place_category(home, parent=Category.objects.get(pk=mugs.pk), slug="home")
    with pytest.raises(CategoryRefused, match="already"):
        create_category("Home")


def test_the_first_page_has_a_tile_for_every_top_category_by_one_query(client, django_assert_num_queries):
    categories = [create_category(f"Category {number}") for number in range(6)]
    for category in categories:
        product = make_variant().product
        Product.objects.filter(pk=product.pk).update(category=category)
        Listing.objects.filter(product=product).update(
            image={"name": f"{category.slug}.webp", "widths": [], "width": 8, "height": 10}, category1=category.pk
        )
    with django_assert_num_queries(1):
        tiles = category_tiles(default_market(), categories)
    assert [(category.slug, image["name"]) for category, image in tiles] == [
        (category.slug, f"{category.slug}.webp") for category in categories
    ]
    assert len(find_all(client.get("/"), class_="tile")) == 6


def test_most_loved_leads_to_its_collection_and_is_called_so_only_where_something_is_loved(client):
    product = make_variant().product
    page = text_of(client.get("/"))
    assert ("Our products" in page, "Most loved" in page, "See all" in page) == (True, False, False)
    Collection.objects.create(name="Most loved", slug="most-loved", kind="rule", rule_tag="bestseller")
    Listing.objects.filter(product=product).update(tags=["bestseller"])
    page = client.get("/")
    assert find(page, "h2", id="best").text == "Most loved"
    assert links_of(page)["/collections/most-loved/"] == "See all"
