"""Redirects that staff enter: followed where there is no page, counted, and never in a circle."""

import pytest

from catalog.models import Category, Page, Product, Redirect
from catalog.products.categories import create_category
from tests.factories import make_listed_variants
from tests.reading import find, text_of

ADD = "/admin/catalog/redirect/add/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def pages():
    Page.objects.create(slug="returns", title="Returns", body="<p>Send it back</p>")


def add(client, old: str, target: str):
    return client.post(ADD, {"old": old, "target": target})


def test_a_path_without_a_page_leads_to_the_one_that_staff_chose_and_is_counted(admin_client, client):
    assert add(admin_client, "/pages/refunds", "/help/returns/").status_code == 302
    answer = client.get("/pages/refunds")
    assert (answer.status_code, answer.url) == (301, "/help/returns/")
    assert client.get("/pages/refunds/").url == "/help/returns/"
    row = Redirect.objects.get()
    assert (row.hits, row.last_hit_at is not None) == (2, True)
    assert "/pages/refunds" in text_of(admin_client.get("/admin/catalog/redirect/", {"q": "/pages"}))


def test_a_redirect_stays_in_the_market(admin_client, client, us_market):
    add(admin_client, "/pages/refunds", "/help/returns/")
    assert client.get("/us/pages/refunds").url == "/us/help/returns/"


def test_a_hidden_product_can_lead_to_its_successor(admin_client, client):
    old, new = (variant.product for variant in make_listed_variants(2))
    assert "There is a page at" in text_of(add(admin_client, old.get_absolute_url(), new.get_absolute_url()))
    Product.objects.filter(pk=old.pk).update(status="archived")
    assert client.get(old.get_absolute_url()).status_code == 410
    assert add(admin_client, old.get_absolute_url(), new.get_absolute_url()).status_code == 302
    assert client.get(old.get_absolute_url()).url == new.get_absolute_url()


@pytest.mark.parametrize(
    ("old", "target", "sentence"),
    [
        ("/a/", "/nothing/", "There is no page at /nothing/."),
        ("/a/", "/admin/", "/admin/ is not a page for shoppers."),
        ("/admin/x/", "/help/returns/", "/admin/x/ is not a page for shoppers."),
        ("//evil.example/", "/help/returns/", "Enter a path of this shop"),
        ("//[", "/help/returns/", "Enter a path of this shop"),
        ("/a/", "https://[", "“https://[” is not a complete URL."),
        ("/a/", "https://user:pw@evil.example/", "has a name or a password before “@”"),
        ("/a/", "https://loom.example\\@evil.example/", "has a character that no URL may have"),
        ("/a\\b/", "/help/returns/", "Enter a path of this shop"),
        ("/a/?b=c", "/help/returns/", "Enter a path of this shop"),
        ("/help/returns/", "/", "There is a page at /help/returns/."),
        ("/a/", "javascript:alert(1)", "There is no category, collection or page"),
    ],
)
def test_a_redirect_that_cannot_work_is_refused_and_what_was_typed_is_kept(admin_client, old, target, sentence):
    answer = add(admin_client, old, target)
    assert sentence in text_of(answer)
    assert find(answer, "input", name="old").attributes["value"] == old


def test_a_circle_is_refused(admin_client):
    create_category("Kitchen", None)
    assert add(admin_client, "/old/", "/c/kitchen/").status_code == 302
    Category.objects.all().delete()
    Redirect.objects.create(kind="path", old="/help/returns/", target="/old/")
    answer = text_of(add(admin_client, "/c/kitchen/", "/help/returns/"))
    assert "/help/returns/ leads back to /c/kitchen/, so nobody would ever arrive." in answer


def test_a_path_is_redirected_once(admin_client):
    add(admin_client, "/old/", "/help/returns/")
    assert "This path is redirected already." in text_of(add(admin_client, "/old/", "/"))
    assert Redirect.objects.count() == 1


def test_posts_and_unknown_paths_are_not_found_as_before(admin_client, client):
    add(admin_client, "/old/", "/help/returns/")
    assert client.post("/old/").status_code == 404
    assert client.get("/nowhere/").status_code == 404


def test_staff_do_not_change_the_redirects_that_moved_products_leave(admin_client):
    product = make_listed_variants(1)[0].product
    row = Redirect.objects.create(kind="product", old="former", product=product)
    page = admin_client.get(f"/admin/catalog/redirect/{row.pk}/change/")
    assert "Save" not in text_of(find(page, "main"))
    assert f"/p/former/ {product.get_absolute_url()}" in text_of(admin_client.get("/admin/catalog/redirect/"))
