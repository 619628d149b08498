"""Addresses of the desk that name nothing: staff read that there is no such page."""

import pytest

from catalog.models import Product
from tests.catalog.test_admin import staff  # noqa: F401  (a fixture)
from tests.factories import make_variant

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("page", ["run/abc/change", "stock/abc/change", "transfer/-1/change", "stocktake/²/change"])
def test_an_id_that_is_no_number_is_nobodys(client, staff, page):  # noqa: F811
    assert client.get(f"/admin/catalog/{page}/").status_code == 404


def test_a_history_of_no_number_is_nobodys(client, staff):  # noqa: F811
    assert client.get("/admin/catalog/product/abc/history/").status_code == 404


def test_a_withdrawn_product_gets_neither_variants_nor_pictures(client, staff):  # noqa: F811
    variant = make_variant()
    Product.objects.update(status=Product.Status.WITHDRAWN)
    for page in ("variants", "pictures"):
        url = f"/admin/catalog/product/{variant.product_id}/{page}/"
        assert client.post(url, {"option1": "Size", "values1": "S, M"}).status_code == 404
    assert variant.product.variants.count() == 1
