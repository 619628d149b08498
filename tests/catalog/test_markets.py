"""Markets under their prefixes: the URLs, prices and pages of each, and what all have in common."""

import threading
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from django.core import signing
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import get_script_prefix, reverse
from django.utils import timezone

from catalog.listings import write_listings
from catalog.markets import Market, current_market, default_market, in_market, path_in
from catalog.models import Collection, Page, Product, Store, Variant
from catalog.prices import set_price
from catalog.products.categories import create_category
from catalog.templatetags.catalog_tags import money, shared_url
from shop.demo.seeding import dollars, seed_demo_market
from shop.middleware.as_of import chosen_moment
from shop.middleware.markets import MarketMiddleware
from tests.factories import make_options, make_order, make_user, make_variant, shelve
from tests.reading import find, find_all, lines_of, links_of, markup_of, text_of

MAIN = {"code": "main", "prefix": "", "language": "en", "currency": "EUR", "is_tax_included": True, "countries": ["DE"]}
US = {
    "code": "us",
    "prefix": "us",
    "language": "en-US",
    "currency": "USD",
    "is_tax_included": False,
    "countries": ["US"],
}


def sell(product: Product, market: Market, price_minor: int, sale_minor: int | None = None) -> None:
    for variant in product.variants.all():
        set_price(variant.pk, market, regular_minor=price_minor, sale_minor=sale_minor)
    write_listings(Product.objects.filter(pk=product.pk))


def titles(page: HttpResponse) -> list[str]:
    """The titles of the cards, in their order."""
    return [title.text for title in find_all(page, "h3", dir="auto")]


def locations_of(client: Client, url: str) -> list[str]:
    """The URLs in a sitemap."""
    return [location.text for location in find_all(opened(client, url), "loc")]


def opened(client: Client, url: str, status: int = 200) -> HttpResponse:
    answer = client.get(url)
    assert answer.status_code == status
    return answer


def test_addresses_carry_the_prefix_of_the_market_inside_it_and_none_outside(us_market):
    assert (reverse("catalog:sale"), current_market().code) == ("/c/sale/", "main")
    with in_market(us_market):
        assert (reverse("catalog:sale"), current_market().code) == ("/us/c/sale/", "us")
        assert path_in(default_market(), reverse("catalog:sale")) == "/c/sale/"
        with in_market(default_market()):
            assert (reverse("catalog:sale"), current_market().code) == ("/c/sale/", "main")
        assert reverse("catalog:sale") == "/us/c/sale/"
    assert (reverse("catalog:sale"), path_in(us_market, "/c/sale/")) == ("/c/sale/", "/us/c/sale/")


def test_the_market_is_put_back_after_an_exception(us_market):
    def broken(request: HttpRequest) -> HttpResponse:
        assert (current_market(), request.path_info, request.path) == (us_market, "/c/x/", "/us/c/x/")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        MarketMiddleware(broken)(RequestFactory().get("/us/c/x/"))
    assert (current_market(), get_script_prefix()) == (default_market(), "/")


def test_two_threads_answer_in_two_markets_at_once(us_market, at_once):
    both_are_inside = threading.Barrier(2)

    def answer(request: HttpRequest) -> HttpResponse:
        both_are_inside.wait(10)
        content = f"{current_market().code} {reverse('catalog:home')}"
        both_are_inside.wait(10)
        return HttpResponse(content)

    def ask(path: str) -> tuple[bytes, str, str]:
        content = MarketMiddleware(answer)(RequestFactory().get(path)).content
        return content, current_market().code, reverse("catalog:home")

    assert at_once(lambda: ask("/us/"), lambda: ask("/")) == [
        (b"us /us/", "main", "/"),
        (b"main /", "main", "/"),
    ]


@pytest.mark.django_db
def test_a_prefix_without_its_slash_leads_to_the_market(client, us_market):
    for asked, leads_to in (("/us", "/us/"), ("/us?page=2", "/us/?page=2"), ("/us/cart", "/us/cart/")):
        answer = client.get(asked)
        assert (answer.status_code, answer.headers["Location"]) == (301, leads_to)
        assert "Content-Security-Policy" in answer.headers


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        *("/admin/", "/admin/login/", "/admin", "/static/css/shop.css", "/media/x.webp", "/healthz", "/readyz"),
        *("/payments/webhook/", "/staff/as-of/", "/mailbox/", "/robots.txt", "/favicon.ico", "/swatches.css"),
        *("/us/", "/nothing/"),
    ],
)
def test_pages_without_a_market_do_not_exist_under_a_prefix(client, us_market, path):
    answer = client.get(f"/us{path}")
    assert answer.status_code == 404
    assert find(answer, "a", class_="logo").attributes["href"] == "/us/"


@pytest.mark.django_db
def test_pages_without_a_market_keep_their_urls_without_a_prefix(client, us_market):
    assert client.get("/healthz").content == b"ok"
    assert client.head("/static/css/shop.css").status_code == 200
    assert client.post("/payments/webhook/", b"{}", content_type="application/json").status_code == 400
    assert client.post("/us/payments/webhook/", b"{}", content_type="application/json").status_code == 404


@pytest.mark.django_db
def test_pages_of_a_market_link_to_files_and_shared_pages_without_its_prefix(client, us_market, settings):
    settings.MODE = "demo"
    page = opened(client, "/us/")
    addresses = {element.attributes.get(name) for element in find_all(page) for name in ("href", "src")}
    for address in ("/static/css/shop.css", "/static/js/shop.js", "/swatches.css", "/mailbox/"):
        assert address in addresses
        assert f"/us{address}" not in addresses
    assert find_all(page, data_suggest="/us/suggest/?q=")
    with in_market(us_market):
        assert shared_url("as_of") == "/staff/as-of/"


@pytest.mark.django_db
def test_logging_in_and_out_stays_in_the_market(client, us_market):
    answer = client.get("/us/account/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/us/account/login/?next=/us/account/")
    assert client.get("/account/").headers["Location"] == "/account/login/?next=/account/"
    assert find_all(opened(client, "/us/account/login/"), "form", action="/us/account/login/")
    client.force_login(make_user())
    assert client.post("/us/account/logout/").headers["Location"] == "/us/"


@pytest.mark.django_db
def test_personal_pages_of_a_market_are_kept_by_nobody_and_public_ones_may_be(client, us_market):
    assert client.get("/us/cart/").headers["Cache-Control"] == "private, no-store"
    answer = client.get("/us/")
    assert ("Cache-Control" in answer.headers, dict(answer.cookies), answer.headers.get("Vary")) == (
        False,
        {},
        "Accept-Encoding",
    )


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["order_confirmed", "order_shipped", "order_canceled", "late_refund"])
@pytest.mark.parametrize("form", ["txt", "html"])
def test_links_to_orders_in_mails_have_no_prefix(us_market, kind, form):
    order = make_order()
    with in_market(us_market):
        assert order.get_absolute_url() == f"/us/orders/{order.public_id}/"
        mail = render_to_string(f"emails/{kind}.{form}", {"order": order, "shop_url": "http://testserver"})
    assert f"http://testserver/orders/{order.public_id}/" in mail
    assert "/us/" not in mail


@pytest.mark.django_db
def test_each_market_shows_its_own_price_in_its_own_currency(client, us_market):
    variant = make_variant(2400)
    sell(variant.product, us_market, 3150, 2700)
    path = f"/p/{variant.product.slug}/"
    home, us = opened(client, path), opened(client, f"/us{path}")
    assert ("$" in markup_of(home), "€" in markup_of(us)) == (False, False)
    assert all(words in text_of(home) for words in ("€24.00", "incl. VAT", "Prices include VAT."))
    assert all(words in text_of(us) for words in ("$27.00", "$31.50", "plus tax"))
    assert [find(page, "html").attributes["lang"] for page in (home, us)] == ["en", "en-US"]
    assert find(us, "link", rel="canonical").attributes["href"] == f"http://testserver/us{path}"
    assert find_all(us, "form", action="/us/cart/add/")
    assert path in links_of(opened(client, "/"))
    assert f"/us{path}" in links_of(opened(client, "/us/"))


@pytest.mark.django_db
def test_products_without_a_price_in_a_market_are_not_sold_there(client, us_market):
    here, there = make_variant(title="Only here").product, make_variant(title="Also there").product
    sell(there, us_market, 2700)
    assert titles(opened(client, "/us/")) == ["Also there"]
    assert sorted(titles(opened(client, "/"))) == ["Also there", "Only here"]
    page = opened(client, f"/us/p/{here.slug}/", 404)
    assert "We do not sell this product in United States (US Dollar)." in text_of(page)
    assert find_all(page, "a", href=f"/p/{here.slug}/", hreflang="en")
    assert "Add to cart" not in markup_of(page)
    assert "Only here" not in markup_of(opened(client, "/us/search/?q=only"))


@pytest.mark.django_db
def test_a_variant_without_a_price_in_a_market_cannot_be_chosen_there(client, us_market):
    sand = make_variant(2400, option1="Sand")
    moss = Variant.objects.create(product=sand.product, option1="Moss", is_tracked=False)
    make_options(sand.product, "Glaze")
    set_price(moss.pk, default_market(), regular_minor=2600)
    set_price(sand.pk, us_market, regular_minor=2700)
    path = f"/p/{sand.product.slug}/?glaze=moss"
    home, us = opened(client, path), opened(client, f"/us{path}")
    assert ("€26.00" in text_of(home), "Moss" in text_of(home)) == (True, True)
    assert ("$27.00" in text_of(us), "Moss" in markup_of(us)) == (True, False)


@pytest.mark.django_db
def test_filters_and_sorts_count_in_the_currency_of_the_market(client, us_market):
    cups = create_category("Cups")
    # Cheap here is dear there.
    for title, euros, us_dollars in (("Ash", 1000, 3000), ("Birch", 2000, 2000), ("Cedar", 3000, 1000)):
        sell(shelve(cups, title, price_minor=euros), us_market, us_dollars)
    assert titles(opened(client, "/c/cups/?sort=price-up")) == ["Ash", "Birch", "Cedar"]
    assert titles(opened(client, "/us/c/cups/?sort=price-up")) == ["Cedar", "Birch", "Ash"]
    assert titles(opened(client, "/c/cups/?max=15")) == ["Ash"]
    page = opened(client, "/us/c/cups/?max=15")
    assert titles(page) == ["Cedar"]
    assert find_all(page, "form", action="/us/c/cups/")


@pytest.mark.django_db
def test_a_category_costs_the_same_number_of_queries_in_each_market(client, us_market):
    cups = create_category("Cups")
    for n in range(3):
        sell(shelve(cups, f"Cup {n}"), us_market, 1100)
    counts = []
    for url in ("/c/cups/", "/us/c/cups/"):
        client.get(url)  # the facets of a whole category are counted once
        with CaptureQueriesContext(connection) as captured:
            assert len(titles(opened(client, url))) == 3
        counts.append(len(captured))
    assert counts == [counts[0]] * 2
    assert counts[0] <= 6


def test_amounts_are_written_as_the_readers_of_the_market_write_them(us_market):
    swiss = replace(us_market, language="de-CH", currency="CHF")
    assert money(123450, "EUR") == "€1,234.50"
    with in_market(us_market):
        assert money(123450, "USD") == "$1,234.50"
    with in_market(swiss):
        assert money(123450, "CHF") == "CHF\xa01’234.50"


def test_a_market_is_named_by_its_countries_and_its_currency(us_market):
    assert us_market.name == "United States (US Dollar)"
    assert default_market().name == "Germany and 29 more (Euro)"


@pytest.mark.django_db
def test_pages_name_their_twins_in_every_market(client, us_market):
    product = shelve(create_category("Cups"), "Cup")
    sell(product, us_market, 1100)
    Collection.objects.create(name="Some", slug="some")
    Page.objects.create(slug="delivery", title="Delivery", body="<p>Fast</p>")
    for path in ("/", "/c/cups/", "/c/sale/", "/collections/some/", f"/p/{product.slug}/", "/help/delivery/"):
        for asked in (path, f"/us{path}"):
            page = opened(client, asked)
            twins = {
                link.attributes["hreflang"]: link.attributes["href"] for link in find_all(page, "link", rel="alternate")
            }
            assert twins == {
                "en": f"http://testserver{path}",
                "en-US": f"http://testserver/us{path}",
                "x-default": f"http://testserver{path}",
            }
            assert find_all(page, "a", href=f"/us{path}", hreflang="en-US")


@pytest.mark.django_db
def test_a_product_names_no_market_that_it_is_not_sold_in(client, us_market):
    page = opened(client, f"/p/{make_variant().product.slug}/")
    assert find_all(page, rel="alternate") == []
    assert find(page, "a", href="/us/", hreflang="en-US").text == "United States (US Dollar)"


@pytest.mark.django_db
def test_a_shop_with_one_market_speaks_of_no_other(client):
    product = make_variant().product
    for path in ("/", f"/p/{product.slug}/"):
        assert "hreflang" not in markup_of(opened(client, path))
    assert client.get("/us/").status_code == 404


@pytest.mark.django_db
def test_robots_and_sitemaps_know_each_market(client, us_market):
    make_variant()  # without a price in the other market
    there = make_variant().product
    sell(there, us_market, 2700)
    robots = lines_of(client.get("/robots.txt"))
    assert [line for line in robots if "cart" in line or "admin" in line] == [
        *("Disallow: /admin/", "Disallow: /cart/", "Disallow: /us/cart/"),
    ]
    assert robots[-2:] == ["Sitemap: http://testserver/sitemap.xml", "Sitemap: http://testserver/us/sitemap.xml"]
    assert "http://testserver/us/sitemap-shop-1.xml" in locations_of(client, "/us/sitemap.xml")
    assert "http://testserver/us/" in locations_of(client, "/us/sitemap-shop-1.xml")
    number = there.pk // 10_000 + 1
    assert locations_of(client, f"/us/sitemap-products-{number}.xml") == [f"http://testserver/us/p/{there.slug}/"]


@pytest.mark.django_db
def test_the_feed_of_a_market_has_its_prices_and_addresses(client, us_market):
    Store.objects.update_or_create(pk=1, defaults={"name": "Hearth"})
    make_variant()
    product = make_variant().product
    sell(product, us_market, 2700)
    answer = client.get("/us/feeds/google.xml")
    items = ElementTree.fromstring(b"".join(answer.streaming_content))[0].findall("item")
    google = "{http://base.google.com/ns/1.0}"
    assert [(item.findtext(f"{google}price"), item.findtext(f"{google}link")) for item in items] == [
        ("27.00 USD", f"http://testserver/us/p/{product.slug}/")
    ]


@pytest.mark.parametrize(("cents", "expected"), [(2400, 2700), (1000, 1100), (1001, 1200), (1, 100), (0, 0)])
def test_the_demo_asks_a_tenth_more_in_whole_dollars(cents, expected):
    assert dollars(cents) == expected


@pytest.mark.django_db
def test_the_demo_prices_its_second_market_once(us_market, client):
    variant = make_variant(2400, title="Mug")
    set_price(variant.pk, default_market(), regular_minor=2400, sale_minor=1900)
    make_variant(None)
    assert (seed_demo_market(), seed_demo_market()) == (1, 0)
    page = opened(client, "/us/")
    assert titles(page) == ["Mug"]
    assert ("$27.00" in text_of(page), "$21.00" in text_of(page)) == (True, True)


@pytest.mark.django_db
def test_nothing_is_made_up_for_a_market_that_is_not_the_demos(settings):
    make_variant(2400)
    assert seed_demo_market() == 0
    settings.MARKETS = [MAIN, {**US, "currency": "CAD"}]
    assert seed_demo_market() == 0


@pytest.mark.django_db
def test_staff_can_view_each_market_at_another_time(client, us_market, settings):
    moment = timezone.now()
    for path, is_now in (("/us/", False), ("/us/cart/", True), ("/cart/", True)):
        seen = []

        def answer(request: HttpRequest, seen=seen) -> HttpResponse:
            seen.append(chosen_moment(request))
            return HttpResponse()

        request = RequestFactory().get(path)
        request.COOKIES[settings.AS_OF_COOKIE_NAME] = signing.dumps(moment.isoformat(), salt="as-of")
        request.user = make_user(is_staff=True, is_superuser=True)
        MarketMiddleware(answer)(request)
        assert seen == [None if is_now else moment]
