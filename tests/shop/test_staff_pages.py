"""The admin as a whole: the settings page, permissions, searches and error pages."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connection
from django.utils import timezone

from catalog.models import Category, Location, Product, Stock, Store, Swatch
from orders.models import Order
from shop.models import Mail
from tests.factories import make_location, make_order, make_user, make_variant
from tests.reading import find, form_of, markup_of, text_of

pytestmark = pytest.mark.django_db
SITE = admin.site._registry


def list_of(label: str) -> str:
    return f"/admin/{label.lower().replace('.', '/')}/"


def role(client, name: str):
    employee = make_user(is_staff=True)
    employee.groups.set(Group.objects.filter(name=name))
    client.force_login(employee)
    return employee


def found(client, label: str, term: str) -> list:
    return list(client.get(list_of(label), {"q": term}).context["cl"].result_list)


@pytest.mark.parametrize(
    ("name", "sees_customer", "sees_address_of_browser"),
    [("Fulfilment", True, False), ("Support", True, True), ("Finance", True, True), ("Read-only", False, False)],
)
def test_personal_data_of_orders_is_for_the_roles_that_need_it(client, name, sees_customer, sees_address_of_browser):
    order = make_order(name="Anna Peeters", email="anna@example.com", line1="Kraanlei 12")
    Order.objects.update(terms_accepted_ip="203.0.113.9", phone="+49 30 1234567")
    role(client, name)
    url = list_of("orders.Order")
    for page in (client.get(f"{url}?tab=all"), client.get(f"{url}{order.pk}/change/")):
        text = markup_of(page)
        assert order.number in text
        assert ("Anna Peeters" in text) == sees_customer
        if not sees_customer:
            assert not [part for part in ("anna@example.com", "Kraanlei", "10115", "1234567") if part in text]
    assert ("203.0.113.9" in text) == sees_address_of_browser
    assert bool(found(client, "orders.Order", "Peeters")) == sees_customer
    assert found(client, "orders.Order", order.number) == [order]


@pytest.mark.fault("F130")
@pytest.mark.parametrize(("name", "is_linked"), [("Support", True), ("Read-only", False)])
def test_the_secret_url_of_an_order_is_shown_to_staff_who_may_see_its_customer(client, name, is_linked):
    order = make_order()
    role(client, name)
    page = markup_of(client.get(f"{list_of('orders.Order')}{order.pk}/change/"))
    assert (order.get_absolute_url() in page) == is_linked
    assert "View on site" not in page
    assert client.get(shortcut_to(order)).status_code == 403


def test_staff_open_the_page_of_a_product_that_they_may_view(client):
    product = make_variant().product
    role(client, "Read-only")
    assert client.get(shortcut_to(product)).url.endswith(product.get_absolute_url())
    role(client, "Finance")
    assert client.get(shortcut_to(product)).status_code == 403


def shortcut_to(row) -> str:
    """The address of Django's view that redirects from a row in the admin to its page in the shop."""
    return f"/admin/r/{ContentType.objects.get_for_model(row).pk}/{row.pk}/"


@pytest.mark.parametrize("lookup", ["email__startswith", "name__contains", "phone__regex", "terms_accepted_ip__gt"])
def test_a_filter_in_the_address_finds_out_no_personal_data(client, lookup):
    make_order(email="anna@example.com", phone="+49 30 1234567")
    role(client, "Read-only")
    assert client.get(list_of("orders.Order"), {lookup: "a"}).status_code == 400


@pytest.mark.parametrize(
    ("label", "lookup"),
    [
        ("orders.Order", "public_id__startswith"),
        ("orders.Order", "customer_key"),
        ("orders.GiftCard", "code_hash__startswith"),
        ("payments.Payment", "session_url__contains"),
        ("shop.Mail", "body__contains"),
        ("mfa.Authenticator", "data__secret__startswith"),
        ("accounts.User", "password__startswith"),
    ],
)
def test_no_filter_in_the_address_finds_out_a_secret(client, staff, label, lookup):
    assert client.get(list_of(label), {lookup: "a"}).status_code == 400


def test_staff_filter_orders_by_what_they_see_of_them(client):
    order = make_order(email="anna@example.com")
    make_order(email="bert@example.com")
    role(client, "Support")
    for lookup in ("email__startswith=anna", f"id={order.pk}", f"number__exact={order.number}"):
        shown = client.get(f"{list_of('orders.Order')}?{lookup}").context["cl"].result_list
        assert list(shown) == [order]


@pytest.mark.parametrize(
    ("name", "status"), [("Catalogue", 302), ("Fulfilment", 403), ("Read-only", 403), ("Owner", 302)]
)
def test_how_far_stock_may_be_oversold_is_a_decision_of_sales(client, name, status):
    make_variant(on_hand=5)
    role(client, name)
    url = f"/admin/catalog/stock/{Stock.objects.get().pk}/change/"
    assert ("Save the backorder limit" in text_of(client.get(url))) == (status == 302)
    assert client.post(url, {"limit": "4", "date": ""}).status_code == status
    assert Stock.objects.get().backorder_limit == (4 if status == 302 else 0)


def test_the_settings_are_one_page_that_is_neither_added_nor_deleted(client, staff):
    page = "/admin/catalog/store/1/change/"
    assert client.get("/admin/catalog/store/").url == client.get("/admin/catalog/store/add/").url == page
    shown = client.get(page)
    assert (shown.status_code, Store.objects.count(), "Delete" in text_of(shown)) == (200, 0, False)
    settings = {field.name for field in Store._meta.fields if field.editable and not field.primary_key}
    assert set(shown.context["adminform"].form.fields) == {*settings, "shown_values"}
    fields = {**form_of(shown, id="store_form"), "dispatch_days": ["0", "1"]}
    assert client.post(page, {**fields, "name": "Reef", "contact_email": "a@example.com"}).url == page
    assert Store.objects.get(pk=1).name == "Reef"
    assert client.post("/admin/catalog/store/1/delete/", {"post": "yes"}).status_code == 403
    assert client.get("/admin/catalog/store/2/change/").status_code == 302


def test_no_setting_is_missing_from_the_page_and_each_is_in_one_place(client, staff):
    sets = SITE[Store].get_fieldsets(None)
    names = [name for _, options in sets for name in options["fields"]]
    settings = [field.name for field in Store._meta.fields if field.editable and not field.primary_key]
    assert sorted(names) == sorted(settings)


def test_rows_are_deleted_in_bulk_only_where_they_may_go():
    allowed = {
        model._meta.label
        for model, model_admin in SITE.items()
        if any(getattr(action, "__name__", action) == "delete_selected" for action in model_admin.actions)
    }
    assert "delete_selected" not in dict(admin.site.actions)
    assert allowed == {"catalog.Swatch", "catalog.Synonym"}


def test_no_list_counts_its_rows_to_the_end(client, staff, monkeypatch):
    monkeypatch.setattr("catalog.capped_counts.MAX_COUNTED", 1)
    Swatch.objects.bulk_create(Swatch(name=name, colour="#aabbcc") for name in ("Sand", "Moss", "Clay"))
    page = client.get(list_of("catalog.Swatch"))
    assert page.context["cl"].paginator.count == 2
    assert "1+ swatches" in text_of(page)
    assert {model._meta.label for model, shown in SITE.items() if shown.show_full_result_count} == set()


def test_a_place_that_held_stock_is_not_deleted(client, staff):
    make_variant(on_hand=3)
    used, new = make_location(), Location.objects.create(name="New", code="new", priority=20)
    assert client.post(f"/admin/catalog/location/{used.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/catalog/location/{new.pk}/delete/", {"post": "yes"}).status_code == 302
    assert list(Location.objects.all()) == [used]


def test_a_duplicate_that_only_the_database_sees_is_one_sentence_in_the_form(client, staff, monkeypatch):
    Swatch.objects.create(name="Sand", colour="#aabbcc")
    monkeypatch.setattr(Swatch, "validate_unique", lambda self, exclude=None: None)
    answer = client.post("/admin/catalog/swatch/add/", {"name": "Sand", "colour": "#ddeeff"})
    assert answer.status_code == 200
    assert "Nothing was saved. There is already a swatch with this name." in text_of(answer)
    assert (form_of(answer, id="swatch_form")["colour"], Swatch.objects.get().colour) == ("#ddeeff", "#aabbcc")


def test_what_else_the_database_refuses_is_a_sentence_too(client, staff, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise IntegrityError("no")

    monkeypatch.setattr(Category, "save", refuse)
    answer = client.post("/admin/catalog/category/add/", {"name": "Mugs", "slug": "mugs", "position": "0"})
    assert "Nothing was saved, because a value is not allowed here." in text_of(answer)


@pytest.mark.parametrize(
    ("url", "status", "words"),
    [
        ("/admin/accounts/user/", 403, "You cannot open this page"),
        ("/admin/nothing/here/", 404, "This page does not exist"),
        ("/admin/catalog/product/999999/pictures/", 404, "This page does not exist"),
        ("/staff/nothing/", 404, "This page does not exist"),
    ],
)
def test_errors_inside_the_admin_are_pages_of_the_admin(client, url, status, words):
    role(client, "Catalogue")
    answer = client.get(url)
    assert (answer.status_code, words in text_of(answer)) == (status, True)
    assert find(answer, id="site-name")
    assert "Search the shop" not in markup_of(answer)


def test_a_crash_inside_the_admin_speaks_of_saving_and_not_of_charges(client, staff, monkeypatch):
    client.raise_request_exception = False

    def crash(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("catalog.admin.products.product.editor_of", crash)
    answer = client.get(f"/admin/catalog/product/{make_variant().product_id}/change/")
    text = text_of(answer)
    assert (answer.status_code, "what you sent was not saved" in text, "charged" in text) == (500, True, False)


def test_a_form_that_was_open_for_too_long_is_answered_in_the_admin(client, staff):
    client.handler.enforce_csrf_checks = True
    answer = client.post("/admin/catalog/swatch/add/", {"name": "Sand"})
    assert (answer.status_code, "Please send the form again" in text_of(answer)) == (403, True)


def test_a_visitor_sees_the_storefronts_errors(client):
    assert "Page not found" in text_of(client.get("/nothing/"))


@pytest.mark.parametrize(
    ("stored", "term"),
    [
        *(("Jürgen Müller", term) for term in ("Muller", "müller", "MÜLLER jurgen", "Müller")),
        *(("Hannah Groß", term) for term in ("Gross", "groß")),
        ("Renée Strauss", "strauß"),
        ("Søren Łukasz", "soren lukasz"),
        ("Mu\u0308ller", "Müller"),
    ],
)
def test_names_are_found_without_their_accents(client, staff, stored, term):
    order = make_order(name=stored)
    make_order(name="Somebody Else")
    user = make_user(name=stored)
    assert found(client, "orders.Order", term) == [order]
    assert found(client, "accounts.User", term) == [user]
    assert found(client, "orders.Order", "%") == found(client, "orders.Order", "_") == []


def test_a_title_is_found_without_its_accents(client, staff):
    product = make_variant(title="Crème-Schüssel").product
    assert found(client, "catalog.Product", "creme schussel") == [product]


def test_a_sku_finds_its_orders(client, staff):
    variant = make_variant()
    order = make_order(variant)
    make_order()
    assert found(client, "orders.Order", variant.sku.lower()) == [order]
    assert found(client, "orders.Order", order.number) == [order]


def test_a_mail_is_found_by_recipient_subject_and_message_id(client, staff):
    fields = {"sender": "shop@example.com", "next_try_at": timezone.now() + timedelta(days=1)}
    mail = Mail.objects.create(message_id="<a@x>", recipients=["petra@example.com"], subject="Grüße", **fields)
    Mail.objects.create(message_id="<b@x>", recipients=["otto@example.com"], subject="Order", **fields)
    for term in ("petra", "Petra@Example.com", "grusse", "<a@x>", "petra grüße"):
        assert found(client, "shop.Mail", term) == [mail], term
    text = text_of(client.get(list_of("shop.Mail")))
    assert ("petra@example.com" in text, '["' in text) == (True, False)


@pytest.mark.parametrize(
    ("table", "condition", "index"),
    [
        ("orders_order", "shop_fold(name) LIKE shop_fold('%muller%')", "order_name_folded"),
        ("orders_order", "shop_fold(email) LIKE shop_fold('%muller%')", "order_email_folded"),
        ("catalog_product", "shop_fold(title) LIKE shop_fold('%schussel%')", "product_title_folded"),
        ("shop_mail", "shop_fold((recipients)::text) LIKE shop_fold('%petra%')", "mail_recipients_folded"),
        ("orders_orderline", "upper(sku::text) = upper('t-1')", "order_line_sku"),
    ],
)
def test_large_lists_are_searched_by_an_index(table, condition, index):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        # Of an empty table, reading a whole index of the same column costs as little.
        cursor.execute("DROP INDEX order_by_customer")
        cursor.execute(f"EXPLAIN SELECT id FROM {table} WHERE {condition}")
        assert index in "\n".join(row[0] for row in cursor.fetchall())


def test_empty_stock_of_an_undone_import_is_in_no_list(client, staff):
    gone, held = make_variant(on_hand=0), make_variant(on_hand=2)
    kept = make_variant(on_hand=1)
    Stock.objects.create(variant=gone, location=make_location())
    Product.objects.filter(pk__in=[gone.product_id, held.product_id]).update(status=Product.Status.WITHDRAWN)
    rows = client.get(list_of("catalog.Stock")).context["rows"]
    assert {row.stock.variant for row in rows} == {held, kept}
    for label in ("catalog.Price", "catalog.Variant"):
        assert len(found(client, label, "")) == 1
