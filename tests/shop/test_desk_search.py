"""The search over the whole desk: each user finds what they may see, by an index."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.desk_search import search_sources
from catalog.models import Page, Product
from shop.models import Mail
from tests.catalog.test_staff_permissions import role
from tests.factories import make_order, make_promotion, make_user, make_variant
from tests.reading import find_all, markup_of, text_of

SEARCH = "/admin/search/"
pytestmark = pytest.mark.django_db


def titles(client, text: str) -> dict[str, list[str]]:
    page = client.get(SEARCH, {"q": text})
    groups = page.context["groups"]
    return {group.label: [hit.title for hit in group.hits] for group in groups}


def test_one_search_finds_orders_products_skus_customers_mails_promotions_and_pages(admin_client):
    variant = make_variant(sku="ALM-INK-450")
    Product.objects.filter(pk=variant.product_id).update(title="Alma mug")
    order = make_order(variant, name="Älma Keller", email="keller@example.com")
    make_user("alma@example.com", name="Alma Weiß")
    make_promotion(name="Alma week")
    Page.objects.create(slug="alma", title="About Alma")
    fields = {"recipients": ["alma@example.com"], "subject": "Hello", "body": "x", "next_try_at": timezone.now()}
    Mail.objects.create(message_id="<1@x>", sender="a@x", **fields)
    assert titles(admin_client, "alma") == {
        "Orders": [order.number],
        "Products": ["Alma mug"],
        "Customers": ["Alma Weiß", "Älma Keller"],
        "E-mails": ["Hello"],
        "Promotions": ["Alma week"],
        "Pages": ["About Alma"],
    }
    assert titles(admin_client, "keller@ex")["Customers"] == ["Älma Keller"]
    assert titles(admin_client, "alm-ink")["SKUs"] == ["Alma mug"]
    assert titles(admin_client, order.number.lower()[:-1])["Orders"] == [order.number]


def test_settings_are_found_by_their_name_and_only_by_who_may_open_them(client):
    role(client, "Owner")
    assert titles(client, "tax rates")["Pages of the desk"] == ["Tax rates"]
    role(client, "Support")
    assert titles(client, "tax rates") == {}


def test_owners_find_staff_by_name_or_address(client):
    role(client, "Owner")
    make_user("bea@shop.example", name="Bea Lind", is_staff=True, is_superuser=True)
    make_user("bea@example.com", name="Bea Keller")
    for text in ("bea li", "bea@shop"):
        groups = client.get(SEARCH, {"q": text}).context["groups"]
        staff = next(group for group in groups if group.label == "Staff")
        assert [(hit.title, hit.detail) for hit in staff.hits] == [("Bea Lind", "bea@shop.example")]
    role(client, "Manager")
    assert "Staff" not in titles(client, "bea li")


def test_nobody_finds_what_their_role_does_not_show(client):
    order = make_order(make_variant(sku="ALM-1"), name="Alma Keller", email="alma@example.com")
    make_user("alma@example.com", name="Alma Keller")
    role(client, "Read-only")
    assert titles(client, "alma") == {}
    part = order.number[:-1]
    assert titles(client, part) == {"Orders": [order.number]}
    assert "Keller" not in markup_of(client.get(SEARCH, {"q": part}))
    role(client, "Catalogue")
    assert titles(client, order.number) == {}


def test_the_number_of_an_order_opens_its_page_for_those_who_may_see_it(client):
    order = make_order(make_variant())
    role(client, "Support")
    answer = client.get(SEARCH, {"q": f" {order.number.lower()} "})
    assert (answer.status_code, answer["Location"]) == (302, f"/admin/orders/order/{order.pk}/change/")
    role(client, "Catalogue")
    assert client.get(SEARCH, {"q": order.number}).status_code == 200


def test_the_box_shows_the_same_results_as_a_fragment(admin_client):
    order = make_order(make_variant())
    fragment = admin_client.get(f"{SEARCH}suggest/", {"q": order.number})
    assert not find_all(fragment, "html")
    assert [link.attributes["href"] for link in find_all(fragment, "a")] == [
        f"/admin/orders/order/{order.pk}/change/",
        f"/admin/search/?q={order.number}",
    ]
    assert text_of(admin_client.get(f"{SEARCH}suggest/", {"q": "zzz"})) == "Nothing matches “zzz”."


@pytest.mark.parametrize("text", ["", "a", "   ", "%%%", "<script>", "a" * 5000, "a b c d e f g h i j"])
def test_any_text_is_answered(admin_client, text):
    assert admin_client.get(SEARCH, {"q": text}).status_code == 200


def test_a_kind_with_more_hits_links_to_its_list(admin_client):
    for _number in range(8):
        make_variant()
    Product.objects.update(title="Mug")
    groups = {group.label: group for group in admin_client.get(SEARCH, {"q": "mug"}).context["groups"]}
    assert (len(groups["Products"].hits), groups["Products"].more_url) == (6, "/admin/catalog/product/?q=mug")


def test_a_search_takes_few_queries_for_any_number_of_rows(admin_client, admin_user, django_assert_max_num_queries):
    for _number in range(8):
        make_order(make_variant(), name="Alma Keller")
    Product.objects.update(title="Alma")
    with django_assert_max_num_queries(13):
        search_sources.found("alma", admin_user)


def test_visitors_and_customers_cannot_search(client):
    assert client.get(SEARCH).status_code == 302
    client.force_login(make_user())
    assert client.get(f"{SEARCH}suggest/").status_code == 302


@pytest.mark.parametrize("source", ["products", "variants", "mails"])
def test_every_source_of_a_large_table_can_use_an_index(source, admin_user):
    with connection.cursor() as cursor:
        # On tables that are almost empty, any index is as good as the one of the search.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    with CaptureQueriesContext(connection) as captured:
        search_sources.sources[source].find("almanac", admin_user)
    for query in captured.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {query['sql']}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "Bitmap Index Scan" in plan, plan


@pytest.mark.parametrize(
    ("text", "found"), [("logo", "Store details"), ("announcement", "Store details"), ("footer", "Menus")]
)
def test_settings_are_found_by_what_they_contain(admin_client, client, text, found):
    assert titles(admin_client, text)["Pages of the desk"] == [found]
    role(client, "Support")
    assert titles(client, text) == {}
