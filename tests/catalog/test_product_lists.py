"""Staff find products: the list, its filters and its search, and the lists beside it."""

import pytest

from catalog.listings import write_listings
from catalog.models import (
    Product,
    Variant,
)
from tests.factories import make_variant
from tests.reading import text_of

pytestmark = pytest.mark.django_db


def test_the_product_list_costs_eight_queries_for_any_number_of_products(client, staff, django_assert_max_num_queries):
    for _ in range(15):
        make_variant()
    with django_assert_max_num_queries(8):
        assert text_of(client.get("/admin/catalog/product/")).count("Thing ") == 15


@pytest.mark.parametrize(
    "query",
    [
        "category=-",
        "category=tableware",
        "stock=in",
        "stock=low",
        "missing=picture",
        "missing=alt",
        "missing=price",
        "maker=Alma",
        "price=10-30",
        "price=x",
        "price=-5",
        "q=thing",
        "status__exact=withdrawn",
        "category=nothing",
        "missing=zzz",
    ],
)
def test_every_filter_of_the_product_list_opens(client, staff, query):
    make_variant(2400)
    assert client.get(f"/admin/catalog/product/?{query}").status_code == 200


def test_each_filter_finds_the_products_that_its_label_names(client, staff):
    cheap, dear = make_variant(1000, on_hand=0), make_variant(5000, on_hand=50)

    def found(query: str) -> list[int]:
        return [product.pk for product in client.get(f"/admin/catalog/product/?{query}").context["cl"].result_list]

    assert found("price=20-60") == [dear.product_id]
    assert found("stock=out") == [cheap.product_id]
    assert found(f"q={dear.sku}") == [dear.product_id]
    assert sorted(found("missing=picture")) == sorted([cheap.product_id, dear.product_id])


@pytest.mark.parametrize(
    "model", ["attribute", "producttype", "collection", "synonym", "review", "run", "transfer", "stocktake", "variant"]
)
def test_every_other_list_opens(client, staff, model):
    make_variant()
    assert client.get(f"/admin/catalog/{model}/").status_code == 200
    if model in ("attribute", "producttype", "collection", "synonym"):
        assert client.get(f"/admin/catalog/{model}/add/").status_code == 200


def test_staff_find_products_by_parts_of_codes_and_without_accents(client, staff):
    mug = make_variant(title="Tasse Größe 42", barcode="4006381333931")
    Variant.objects.filter(pk=mug.pk).update(sku="NOR.0707-60")
    make_variant(title="Plate")
    write_listings(Product.objects.all())
    searches = ["grosse", "tasse größe", "0707-60", "nor070760", "4 006381 333931", "TASSE"]
    results = {
        words: client.get("/admin/catalog/product/", {"q": words}).context["cl"].result_list for words in searches
    }
    assert {words: [product.pk for product in found] for words, found in results.items()} == dict.fromkeys(
        searches, [mug.product_id]
    )
