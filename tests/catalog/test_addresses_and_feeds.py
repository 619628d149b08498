"""Old addresses, and files for machines."""

from decimal import Decimal
from types import GeneratorType
from xml.etree import ElementTree

import pytest

from catalog.gtin import is_gtin
from catalog.listings import write_listings, wrong_listings
from catalog.listings.browse import current_listings
from catalog.listings.feeds import merchant_feed, sitemap
from catalog.markets import default_market
from catalog.models import (
    Category,
    Collection,
    Listing,
    Page,
    Product,
    Redirect,
    Store,
    Variant,
)
from catalog.prices import set_price
from catalog.products.categories import create_category
from catalog.products.slugs import move_category, remember_product_slug
from catalog.products.unit_price import UnitPrice, unit_price
from tests.factories import make_variant, shelve
from tests.reading import lines_of, text_of

pytestmark = pytest.mark.django_db


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


def test_old_urls_of_a_moved_category_and_its_subcategories_redirect(client):
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
def test_permanently_removed_pages_answer_410_under_every_url(client, status):
    product = make_variant().product
    old = product.slug
    rename(product, "new")
    Product.objects.filter(pk=product.pk).update(status=status)
    assert [client.get(f"/p/{slug}/").status_code for slug in ("new", old, "never")] == [410, 410, 404]


def test_a_draft_and_an_unknown_category_are_404(client):
    product = make_variant().product
    Product.objects.filter(pk=product.pk).update(status="draft")
    assert [client.get(url).status_code for url in (f"/p/{product.slug}/", "/c/none/", "/c/none/below/")] == [404] * 3


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


def test_the_google_feed_has_the_same_data_as_the_page(client):
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
    monkeypatch.setattr("catalog.listings.feeds.BATCH", 2)
    for _ in range(5):
        make_variant()
    feed = merchant_feed(default_market())
    assert isinstance(feed, GeneratorType)
    assert isinstance(sitemap("products", 1), GeneratorType)
    assert [part.count("<item>") for part in feed if "<item>" in part] == [2, 2, 1]


def test_robots_txt_disallows_cart_search_and_admin(client):
    lines = lines_of(client.get("/robots.txt"))
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


def test_the_product_page_shows_the_unit_price(client):
    variant = make_variant(450, content=Decimal(250), content_unit="g", base=Decimal(100), base_unit="g")
    assert "€1.80 per 100 g" in text_of(client.get(variant.product.get_absolute_url()))


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


def test_a_tampered_listing_is_reported_and_repaired():
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
