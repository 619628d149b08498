"""Which roles open and change the pages of products and stock."""

import pytest
from django.contrib.auth.models import Group

from catalog.models import (
    Stock,
)
from tests.factories import make_user, make_variant

pytestmark = pytest.mark.django_db


def role(client, name: str):
    employee = make_user(is_staff=True)
    employee.groups.set(Group.objects.filter(name=name))
    client.force_login(employee)
    return employee


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        (
            "Owner",
            {"bulk", "run", "variants", "pictures", "stock", "transfer", "stocktake", "history", "export", "as-of"},
        ),
        ("Catalogue", {"bulk", "run", "variants", "pictures", "stock", "history", "export", "as-of"}),
        ("Fulfilment", {"stock", "transfer", "stocktake", "history", "as-of"}),
        ("Support", set()),
        ("Finance", set()),
        ("Read-only", {"stock", "history", "as-of"}),
    ],
)
def test_each_role_opens_its_own_pages_and_no_others(client, name, allowed):
    variant = make_variant()
    role(client, name)
    product = f"/admin/catalog/product/{variant.product_id}"
    pages = {
        "bulk": f"/admin/catalog/product/bulk/?ids={variant.product_id}",
        "run": "/admin/catalog/run/add/",
        "variants": f"{product}/variants/",
        "pictures": f"{product}/pictures/",
        "history": f"{product}/history/",
        "stock": f"/admin/catalog/stock/{Stock.objects.get().pk}/change/",
        "transfer": "/admin/catalog/transfer/add/",
        "stocktake": "/admin/catalog/stocktake/add/",
        "export": "/admin/catalog/run/export/",
        "as-of": "/staff/as-of/",
    }
    assert {page for page, url in pages.items() if client.get(url).status_code == 200} == allowed


@pytest.mark.parametrize("name", ["Catalogue", "Read-only"])
def test_permission_to_view_stock_does_not_allow_changing_it(client, name):
    make_variant(on_hand=5)
    role(client, name)
    url = f"/admin/catalog/stock/{Stock.objects.get().pk}/change/"
    assert client.post(url, {"what": "receive", "quantity": "5"}).status_code == 403
    assert Stock.objects.get().on_hand == 5


def test_visitors_and_customers_cannot_open_the_admin(client):
    variant = make_variant()
    urls = [f"/admin/catalog/product/{variant.product_id}/pictures/", "/admin/catalog/product/bulk/", "/staff/as-of/"]
    assert {client.get(url).status_code for url in urls} == {302}
    client.force_login(make_user())
    assert {client.get(url).status_code for url in urls} == {302}
