"""How things are found: facets, pages, words, collections, neighbours, old addresses, and files for machines."""

from datetime import timedelta
from decimal import Decimal
from types import GeneratorType
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from catalog import facets
from catalog.addresses import move_category, remember_product_slug
from catalog.browse import PAGE_SIZE, SORTS, Wishes, category_page, current_listings, related_listings
from catalog.categories import create_category
from catalog.feeds import merchant_feed, sitemap
from catalog.gtin import is_gtin
from catalog.listings import write_listings, wrong_listings
from catalog.markets import default_market
from catalog.models import (
    Attribute,
    AttributeValue,
    BoughtTogether,
    Category,
    Collection,
    CollectionEntry,
    FacetCount,
    Listing,
    Page,
    Product,
    Redirect,
    RelatedProduct,
    Store,
    Synonym,
    Variant,
)
from catalog.popularity import record_pairs, record_sales
from catalog.prices import set_price
from catalog.unit_price import UnitPrice, unit_price
from orders.lifecycle import confirm
from orders.models import Order
from orders.selling import refresh_sales
from tests.factories import make_options, make_order, make_variant

pytestmark = pytest.mark.django_db


def facet(code: str, *labels: str, **facts) -> dict[str, AttributeValue]:
    attribute = Attribute.objects.create(code=code, name=code.capitalize(), **facts)
    return {
        label: AttributeValue.objects.create(attribute=attribute, slug=label.lower(), label=label) for label in labels
    }


def shelve(category: Category, title: str, *values: AttributeValue, price_minor: int = 1000, **facts) -> Product:
    product = make_variant(price_minor, title=title).product
    product.attribute_values.set(values)
    Product.objects.filter(pk=product.pk).update(category=category, **facts)
    write_listings(Product.objects.filter(pk=product.pk))
    return Product.objects.get(pk=product.pk)


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


# --- pages ------------------------------------------------------------------------------------------------------------

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


@pytest.mark.parametrize("sort", SORTS)
def test_following_the_next_link_shows_everything_once_and_in_order(client, long_shelf, sort):
    url, shown = f"/c/long/?sort={sort}", []
    for _ in range(3):
        answer = client.get(url)
        shown += answer.context["page"].cards
        url = f"/c/long/{answer.context['next_url']}"
    assert url == "/c/long/"
    order = SORTS[sort][1]
    keys = [(getattr(card, order.column), card.product_id) for card in shown]
    assert len(set(keys)) == COUNT
    assert keys == sorted(keys, reverse=order.is_falling)


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


# --- words ------------------------------------------------------------------------------------------------------------


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


# --- collections and neighbours ---------------------------------------------------------------------------------------


def collected(client, **facts) -> list[str]:
    Collection.objects.all().delete()
    Collection.objects.create(name="Some", slug="some", kind="rule", **facts)
    return sorted(card.title for card in client.get("/collections/some/").context["page"].cards)


def test_a_collection_by_rule_is_what_fits_now(client):
    home = create_category("Home")
    chairs = create_category("Chairs", home)
    shelve(chairs, "Cheap", price_minor=1000, vendor="Alma", tags=["gift"])
    shelve(home, "Dear", price_minor=5000, vendor="Brook", tags=["gift", "new"])
    sale = shelve(home, "Reduced", price_minor=3000, vendor="Alma")
    set_price(sale.variants.get().pk, default_market(), regular_minor=3000, sale_minor=2000)
    write_listings(Product.objects.filter(pk=sale.pk))
    assert collected(client) == ["Cheap", "Dear", "Reduced"]
    assert collected(client, rule_tag="gift") == ["Cheap", "Dear"]
    assert collected(client, rule_category=chairs) == ["Cheap"]
    assert collected(client, rule_category=home) == ["Cheap", "Dear", "Reduced"]
    assert collected(client, rule_vendor="Alma") == ["Cheap", "Reduced"]
    assert collected(client, rule_min_minor=2000) == ["Dear", "Reduced"]
    assert collected(client, rule_below_minor=2000) == ["Cheap"]
    assert collected(client, rule_on_sale=True) == ["Reduced"]
    assert collected(client, rule_vendor="Alma", rule_tag="gift") == ["Cheap"]


def test_a_collection_by_hand_stands_in_its_order_until_it_is_sorted(client):
    products = [make_variant(price, title=f"Thing {price}").product for price in (3000, 1000, 2000)]
    collection = Collection.objects.create(name="Hand", slug="hand")
    for position, product in enumerate(products):
        CollectionEntry.objects.create(collection=collection, product=product, position=position)
    make_variant(title="Other")

    def shown(query: str = "") -> list[int]:
        return [card.price_minor for card in client.get(f"/collections/hand/{query}").context["page"].cards]

    assert shown() == [3000, 1000, 2000]
    assert shown("?sort=price-up") == [1000, 2000, 3000]
    Collection.objects.update(is_active=False)
    assert client.get("/collections/hand/").status_code == 404


def test_neighbours_are_chosen_ones_then_bought_together_then_of_the_category():
    category = create_category("Chairs")
    main, first, second, often, seldom, same = (shelve(category, f"P{n}", position=n) for n in range(6))
    other = make_variant(title="Elsewhere").product
    sold_out = make_variant(on_hand=0, title="Gone").product
    for position, related in enumerate((second, sold_out, first)):
        RelatedProduct.objects.create(product=main, related=related, position=position)
    record_pairs({(main.pk, often.pk): 5, (main.pk, seldom.pk): 2})
    cards = related_listings(main, default_market(), 6)
    assert [card.title for card in cards] == ["P2", "P1", "P3", "P4", "P5"]
    assert [card.title for card in related_listings(main, default_market(), 2)] == ["P2", "P1"]
    assert related_listings(other, default_market()) == []
    assert same.pk in [card.product_id for card in cards]


def test_sales_of_late_come_from_confirmed_orders_only():
    mug, jug, bowl = (make_variant(title=title) for title in ("Mug", "Jug", "Bowl"))
    orders = [make_order(mug, jug, quantity=2), make_order(mug, jug), make_order(bowl, jug)]
    assert refresh_sales() == 0
    for order in orders:
        confirm(Order.objects.get(pk=order.pk))
    Order.objects.filter(pk=orders[2].pk).update(confirmed_at=timezone.now() - timedelta(days=31))
    make_order(bowl)
    assert refresh_sales() == 2
    assert dict(Listing.objects.values_list("title", "sales")) == {"Mug": 3, "Jug": 3, "Bowl": 0}
    pairs = BoughtTogether.objects.values_list("product__title", "other__title", "orders")
    assert sorted(pairs) == [("Jug", "Mug", 2), ("Mug", "Jug", 2)]
    assert refresh_sales() == 0
    assert record_sales({}) == 2
    assert set(Listing.objects.values_list("sales", flat=True)) == {0}


# --- addresses --------------------------------------------------------------------------------------------------------


def rename(product: Product, slug: str) -> None:
    old = Product.objects.values_list("slug", flat=True).get(pk=product.pk)
    product.slug = slug
    product.save()
    remember_product_slug(product, old)


def leads_to(client, url: str) -> tuple[int, str]:
    answer = client.get(url)
    return answer.status_code, answer.headers.get("Location", "")


def test_every_old_slug_leads_to_the_newest_in_one_step(client):
    product = make_variant().product
    first = product.slug
    for slug in ("second", "third"):
        rename(product, slug)
    assert leads_to(client, f"/p/{first}/?glaze=moss") == (301, "/p/third/?glaze=moss")
    assert leads_to(client, "/p/second/") == (301, "/p/third/")
    rename(product, first)
    assert leads_to(client, f"/p/{first}/") == (200, "")
    assert leads_to(client, "/p/third/") == (301, f"/p/{first}/")
    assert Redirect.objects.count() == 2


def test_a_moved_category_and_those_below_lead_to_their_places(client):
    home, table = create_category("Home"), create_category("Table")
    create_category("Mugs", table)
    move_category(table, parent=home, slug="dining")
    assert leads_to(client, "/c/table/") == (301, "/c/home/dining/")
    assert leads_to(client, "/c/table/mugs/?page=2") == (301, "/c/home/dining/mugs/?page=2")
    move_category(Category.objects.get(pk=table.pk), parent=None, slug="board")
    assert leads_to(client, "/c/table/mugs/") == (301, "/c/board/mugs/")
    assert leads_to(client, "/c/home/dining/") == (301, "/c/board/")
    move_category(Category.objects.get(pk=table.pk), parent=None, slug="table")
    assert leads_to(client, "/c/table/mugs/") == (200, "")


@pytest.mark.parametrize("status", ["archived", "withdrawn"])
def test_what_is_gone_for_good_is_410_under_every_address(client, status):
    product = make_variant().product
    old = product.slug
    rename(product, "new")
    Product.objects.filter(pk=product.pk).update(status=status)
    assert [client.get(f"/p/{slug}/").status_code for slug in ("new", old, "never")] == [410, 410, 404]


def test_a_draft_and_an_unknown_category_are_404(client):
    product = make_variant().product
    Product.objects.filter(pk=product.pk).update(status="draft")
    assert [client.get(url).status_code for url in (f"/p/{product.slug}/", "/c/none/", "/c/none/below/")] == [404] * 3


# --- files for machines -----------------------------------------------------------------------------------------------

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
GOOGLE = "{http://base.google.com/ns/1.0}"


def test_sitemaps_name_every_public_page_and_nothing_else(client):
    product = shelve(create_category("Chairs & more"), 'A <b>"&"</b> \x0b')
    hidden = make_variant().product
    Product.objects.filter(pk=hidden.pk).update(status="unlisted")
    Collection.objects.create(name="Some", slug="some")
    Page.objects.create(slug="delivery", title="Delivery", body="<p>Fast</p>")
    index = ElementTree.fromstring(client.get("/sitemap.xml").content)
    files = [node.text for node in index.iter(f"{SITEMAP}loc")]
    assert files[0] == "http://testserver/sitemap-shop-1.xml"
    assert len(files) == product.pk // 10_000 + 2
    found = set()
    for url in files:
        answer = client.get(url.removeprefix("http://testserver"))
        assert answer.headers["Content-Type"] == "application/xml"
        found |= {node.text for node in ElementTree.fromstring(answer.content).iter(f"{SITEMAP}loc")}
    pages = ("/", "/c/chairs-more/", "/collections/some/", "/help/delivery/", product.get_absolute_url())
    assert found == {f"http://testserver{path}" for path in pages}
    assert [client.get(url).status_code for url in ("/sitemap-x-1.xml", "/sitemap-products-0.xml")] == [404, 404]


def test_the_google_feed_says_of_an_item_what_the_page_says(client):
    Store.objects.update_or_create(pk=1, defaults={"name": "Hearth & Side", "tagline": "Things"})
    variant = make_variant(2400, title="Mug <&>", option1="Sand", barcode="4006381333931", grams=350)
    set_price(variant.pk, default_market(), regular_minor=2400, sale_minor=1900)
    Product.objects.filter(pk=variant.product_id).update(
        vendor="Alma", description="<p>One &amp; only</p><p>Two</p>", category=create_category("Mugs")
    )
    make_variant(None)
    sold_out = make_variant(1000, on_hand=0)
    answer = client.get("/feeds/google.xml")
    channel = ElementTree.fromstring(b"".join(answer.streaming_content))[0]
    assert channel.findtext("title") == "Hearth & Side"
    items = channel.findall("item")
    assert {node.tag.removeprefix(GOOGLE): node.text for node in items[0]} == {
        "id": f"{variant.product_id}-{variant.pk}",
        "item_group_id": str(variant.product_id),
        "title": "Mug <&> Sand",
        "description": "One & only Two",
        "link": f"http://testserver/p/{variant.product.slug}/",
        "availability": "in_stock",
        "condition": "new",
        "price": "24.00 EUR",
        "sale_price": "19.00 EUR",
        "brand": "Alma",
        "gtin": "4006381333931",
        "product_type": "mugs",
        "shipping_weight": "350 g",
    }
    assert [item.findtext(f"{GOOGLE}id") for item in items[1:]] == [f"{sold_out.product_id}-{sold_out.pk}"]
    assert items[1].findtext(f"{GOOGLE}availability") == "out_of_stock"
    assert items[1].findtext(f"{GOOGLE}identifier_exists") == "no"


def test_the_feed_is_sent_batch_by_batch(monkeypatch):
    monkeypatch.setattr("catalog.feeds.BATCH", 2)
    for _ in range(5):
        make_variant()
    feed = merchant_feed(default_market())
    assert isinstance(feed, GeneratorType)
    assert isinstance(sitemap("products", 1), GeneratorType)
    assert [part.count("<item>") for part in feed if "<item>" in part] == [2, 2, 1]


def test_robots_are_told_where_not_to_go(client):
    lines = client.get("/robots.txt").content.decode().splitlines()
    assert lines[0] == "User-agent: *"
    assert {"Disallow: /cart/", "Disallow: /search/", "Disallow: /admin/"} <= set(lines)
    assert lines[-1] == "Sitemap: http://testserver/sitemap.xml"


@pytest.mark.parametrize(
    ("minor", "content", "base", "expected"),
    [
        (450, ("250", "g"), ("100", "g"), UnitPrice(180, "100 g")),
        (450, ("250", "g"), ("1", "kg"), UnitPrice(1800, "kg")),
        (999, ("0.75", "l"), ("1", "l"), UnitPrice(1332, "l")),
        (100, ("3", "pc"), ("1", "pc"), UnitPrice(33, "piece")),
        (5, ("10", "pc"), ("1", "pc"), UnitPrice(1, "piece")),
        (1200, ("150", "cm"), ("1", "m"), UnitPrice(800, "m")),
        (450, ("250", "g"), ("1", "l"), None),
        (450, ("250", "oz"), ("1", "oz"), None),
        (450, (None, ""), (None, ""), None),
    ],
)
def test_a_unit_price_is_rounded_once_and_only_among_like_units(minor, content, base, expected):
    variant = Variant(
        content=content[0] and Decimal(content[0]),
        content_unit=content[1],
        base=base[0] and Decimal(base[0]),
        base_unit=base[1],
    )
    assert unit_price(minor, variant) == expected


def test_the_product_page_says_the_unit_price(client):
    variant = make_variant(450, content=Decimal(250), content_unit="g", base=Decimal(100), base_unit="g")
    assert "€1.80 per 100 g" in client.get(variant.product.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("code", "is_right"),
    [
        ("4006381333931", True),
        ("4006381333932", False),
        ("96385074", True),
        ("036000291452", True),
        ("00012345600012", True),
        ("10012345600012", False),
        ("400638133393", False),
        ("٤٠٠٦٣٨١٣٣٣٩٣١", False),
        ("", False),
        ("400638133393X", False),
    ],
)
def test_check_digits_of_barcodes(code, is_right):
    assert is_gtin(code) is is_right


def test_a_tampered_listing_is_told_and_mended():
    variant = make_variant(2400)
    assert wrong_listings(Product.objects.all()) == []
    Listing.objects.update(price_minor=1)
    words = f"product {variant.product_id} ({variant.product.handle}) in main: price_minor is 1 instead of 2400"
    assert wrong_listings(Product.objects.all()) == [words]
    Listing.objects.all().delete()
    assert wrong_listings(Product.objects.all())[0].endswith("0 rows instead of 1")
    write_listings(Product.objects.all())
    assert wrong_listings(Product.objects.all()) == []
    assert current_listings(default_market()).count() == 1
