"""Unusual searches and URLs never cause a server error."""

import itertools
import random

import pytest

from catalog.listings import write_listings
from catalog.models import Attribute, AttributeValue, Page, Product
from catalog.products.categories import create_category
from tests.catalog.malformed import SEED
from tests.factories import make_variant
from tests.reading import text_of

pytestmark = pytest.mark.django_db

ODD_SEARCHES = [
    *("%_\\", '"((((', "a:*&!", "'; DROP TABLE x; --", "<script>alert(1)</script>", "cup & | !", "x " * 300, "\x00"),
    *("a\x00b", "((((((((((a+)+)+)+)+)+$", "\\", "'", "''", ":*", "!!!", "<->", "a <-> b", "___", "the", "the of and"),
    *("🫖", "ﷺ" * 200, "㌀" * 200, "ß" * 200, "İ" * 200, "a\u0301" * 100, "\u202e\u202d", "\ufffe", "x" * 10_000),
    *("word " * 10_000, "shop.example:8080", "shop.example/a?b&c", "mail@shop.example", "1.5e10", "-1", "3/4", "50%"),
    *("{{x}}", "%s", "T-1"),
]
ODD_PARAMETERS = [
    *("page=0", "page=-1", "page=1000000000", "page=" + "9" * 5000, "page=٣", "page=1.0", "page=100000&after=1.1"),
    *("page=2&after=x", "page=2&after=" + "9" * 18 + "." + "9" * 18, "page=2&after=-1.-1", "page=2&after=1.1%00"),
    *("page=2&after=-" + "9" * 18 + ".1&sort=newest", "page=2&after=5.5&sort=newest", "page=2&after=1.1&sort=rating"),
    *("sort=password", "sort=a__b", "sort=-id", "sort=%00", "_connector=OR 1=1", "sort=rating&sort=newest"),
    *("min=NaN", "min=1e400", "max=1e1000000", "min=-0", "min=Infinity", "max=999999999999", "min=5&max=1", "min=%00"),
    *("material=oak", "material=%00", "material=' OR 1=1", "material=oak&material=none", "material=" + "o" * 5000),
    *("&".join(f"f{n}=x" for n in range(100)), "&".join(f"material={n}" for n in range(100))),
    *("id=1", "facets=1", "stock=maybe", "sale=%F0%9F", "q=%ff%fe", "&&&===", "?", "material[]=oak", "page=2&page=3"),
]
PLACES = itertools.count()
CHARACTERS = [*map(chr, range(1, 0xD800, 7)), *map(chr, range(0xE000, 0x110000, 99))]


@pytest.fixture(scope="module")
def _shelf(module_data):
    material = Attribute.objects.create(code="material", name="Material")
    oak = AttributeValue.objects.create(attribute=material, slug="oak", label="Oak")
    category = create_category("Tableware")
    for title in ("Oak cup", "Wire by shop.example:8080/a(b|c)&d", "Café «crème» 1.5e10 it's"):
        product = make_variant(title=title).product
        product.attribute_values.add(oak)
        Product.objects.filter(pk=product.pk).update(category=category)
    Page.objects.create(slug="delivery", title="Delivery", body="<p>Fast</p>")
    write_listings(Product.objects.all())


def assert_no_server_error(client, path: str, query: dict[str, str] | str) -> None:
    place = {"REMOTE_ADDR": f"192.0.2.{next(PLACES) % 256}"}  # searches are counted by place
    answer = client.get(path, query, **place) if isinstance(query, dict) else client.get(f"{path}?{query}", **place)
    assert answer.status_code in (200, 400, 404), (path, query, answer.status_code)
    assert b"<script>alert" not in answer.content


@pytest.mark.fault("F103")
@pytest.mark.usefixtures("_shelf")
@pytest.mark.parametrize("path", ["/search/", "/suggest/"])
def test_odd_searches_are_answered(client, path):
    for text in ODD_SEARCHES:
        assert_no_server_error(client, path, {"q": text})


@pytest.mark.fault("F103")
@pytest.mark.usefixtures("_shelf")
@pytest.mark.parametrize("texts", [80, pytest.param(500, marks=pytest.mark.full)])
def test_random_texts_are_answered(client, texts):
    chance = random.Random(SEED)
    alphabets = [
        "aeiou crmp",
        "'\"\\:&|!()<>*%_-.@/ ab",
        "".join(map(chr, range(1, 256))),
        "語湯ß㌀ﷺ🫖\u0301\u202e \u200d",
    ]
    for number in range(texts):
        anything = "".join(chance.choice(CHARACTERS) for _ in range(20))
        alphabet = chance.choice([*alphabets, anything])
        text = "".join(chance.choice(alphabet) for _ in range(chance.randint(1, 60)))
        assert_no_server_error(client, "/search/" if number % 2 else "/suggest/", {"q": text})


@pytest.mark.fault("F100", "F102", "F104")
@pytest.mark.usefixtures("_shelf")
@pytest.mark.parametrize("path", ["/c/tableware/", "/c/sale/", "/search/"])
def test_odd_parameters_are_answered(client, path):
    for query in ODD_PARAMETERS:
        assert_no_server_error(client, path, query)
        assert_no_server_error(client, path, f"q=cup&{query}")


@pytest.mark.usefixtures("_shelf")
def test_a_title_with_an_address_in_it_is_suggested_and_found(client):
    for text in ("shop", "wire"):
        assert "Wire by shop.example:8080" in text_of(client.get("/suggest/", {"q": text}))
    assert "Wire by shop.example:8080" in text_of(client.get("/search/", {"q": "wirre"}))
