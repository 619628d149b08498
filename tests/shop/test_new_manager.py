"""What helps a manager who is new to the desk: words, hints, and what is kept of a form that was refused."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from catalog.models import Collection, CollectionEntry, Location, Run, Store
from orders.models import GiftCard
from payments.models import Dispute, Journal, Payment, Refund, RefundRequest, StripeEvent
from shop.desk.home import latest_orders
from tests.factories import make_variant
from tests.reading import find, find_all, form_of, messages_of, text_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path", ["catalog/location/add/", "orders/shippingmethod/add/", "orders/taxregion/add/", "catalog/attribute/add/"]
)
def test_a_code_is_made_from_the_name_while_it_is_typed(client, staff, path):
    page = client.get(f"/admin/{path}")
    script = find(page, id="django-admin-prepopulated-fields-constants")
    fields = json.loads(script.attributes["data-prepopulated-fields"])
    assert ("#id_code", ["#id_name"]) in [(field["id"], field["dependency_ids"]) for field in fields]


def test_a_code_that_cannot_be_one_is_refused_in_words(client, staff):
    answer = client.post("/admin/catalog/location/add/", {"name": "Back room", "code": "Back room", "priority": "10"})
    assert "Use only letters, digits, hyphens and underscores." in text_of(answer)
    assert "slug" not in text_of(answer)


def test_a_shop_with_one_location_is_told_what_a_transfer_needs(client, staff):
    hint = "A transfer needs a second location, and the shop has one. Add a location"
    assert hint in text_of(client.get("/admin/catalog/transfer/add/"))
    Location.objects.create(code="back", name="Back room")
    assert hint not in text_of(client.get("/admin/catalog/transfer/add/"))


def test_only_the_closest_page_is_marked_in_the_navigation(client, staff):
    for path, marked in (("stock/receive/", ["Stock", "Receive goods"]), ("stock/", ["Stock", "Stock", "All"])):
        links = find_all(client.get(f"/admin/catalog/{path}"), "a")
        assert [link.text.strip() for link in links if "aria-current" in link.attributes] == marked


def test_the_link_for_another_row_is_a_sentence_without_capitals(client, staff):
    page = client.get("/admin/catalog/product/add/")
    settings = json.loads(find(page, id="variants-group").attributes["data-inline-formset"])
    assert settings["options"]["addText"] == "Add another variant"


def test_a_refused_form_says_that_its_files_must_be_chosen_again(client, staff):
    files = {"pictures": SimpleUploadedFile("a.jpg", b"x", "image/jpeg")}
    management = {f"{prefix}-TOTAL_FORMS": "0" for prefix in ("variants", "options", "related")}
    management |= {f"{prefix}-INITIAL_FORMS": "0" for prefix in ("variants", "options", "related")}
    answer = client.post("/admin/catalog/product/add/", {"title": "", **management, **files})
    assert "Nothing was saved. Choose the files again" in text_of(answer)
    answer = client.post("/admin/catalog/product/add/", {"title": "", **management})
    assert "Choose the files again" not in text_of(answer)


def test_home_says_where_orders_will_be(client, staff):
    assert latest_orders(staff) == []
    assert "No orders yet. New orders appear here." in text_of(client.get("/admin/"))


def test_a_bulk_edit_compares_with_now_until_it_is_applied(client, staff):
    variant = make_variant(1000)
    client.post(f"/admin/catalog/product/bulk/?ids={variant.product_id}", {"ids": variant.product_id, "percent": "10"})
    url = f"/admin/catalog/run/{Run.objects.get().pk}/change/"
    assert "What Now After" in text_of(client.get(url))
    Run.objects.update(status=Run.Status.APPLIED)
    assert "What Before After" in text_of(client.get(url))
    assert "Line Product What" not in text_of(client.get(url))


def test_records_of_money_are_listed_newest_first():
    models = (Payment, Refund, RefundRequest, Journal, Dispute, StripeEvent)
    orders = {model: admin.site.get_model_admin(model).ordering or model._meta.ordering for model in models}
    assert {ordering[0] for ordering in orders.values()} == {"-id"}


def test_a_link_to_records_is_called_as_their_list(client, staff):
    records = client.get("/admin/").context["navigation"].records
    assert "Refund payments" in [link.label for link in records]
    for link in records:
        assert text_of(find(client.get(link.url), "h1")) == link.label


def test_a_variant_stands_below_its_product(client, staff):
    variant = make_variant(1000, title="Mug")
    trail = find(client.get(f"/admin/catalog/variant/{variant.pk}/change/"), "div", class_="breadcrumbs")
    assert text_of(trail) == "Home › Products › Mug › The only variant"


def test_a_line_end_of_a_browser_is_no_change(client, staff):
    Store.objects.create(pk=1, name="Kiln", seller_address="Kraanlei 12\n10115 Berlin")
    form = form_of(client.get("/admin/catalog/store/1/change/"), id="store_form")
    client.post("/admin/catalog/store/1/change/", {**form, "seller_address": "Kraanlei 12\r\n10115 Berlin"})
    assert not LogEntry.objects.filter(change_message__contains="Address").exists()


def test_the_row_that_django_copies_stays_hidden_on_phones():
    sheet = (Path(settings.BASE_DIR) / "static/css/admin.css").read_text()
    assert ".tabular :is(table, tbody, tr:not(.empty-form), td) {" in sheet


def test_a_collection_names_the_products_that_its_deletion_takes_out(client, staff):
    collection = Collection.objects.create(name="Gifts", slug="gifts")
    CollectionEntry.objects.create(collection=collection, product=make_variant(1000, title="Mug").product)
    page = client.get(f"/admin/catalog/collection/{collection.pk}/delete/")
    assert "Collection entry: Mug" in text_of(page)


def test_a_customers_account_is_added_in_words_that_a_shop_uses(client, staff):
    text = text_of(client.get("/admin/accounts/user/add/"))
    assert ("LDAP" in text, "Password confirmation" in text) == (False, True)
    password = "a long new passphrase"
    client.post("/admin/accounts/user/add/", {"email": "a@b.example", "password1": password, "password2": password})
    assert User.objects.get(email="a@b.example").check_password(password)


def test_what_only_ties_two_objects_together_is_not_listed_among_what_is_deleted(client, staff):
    user = User.objects.create_user("a@b.example", "a long new passphrase")
    user.groups.add(group := Group.objects.create(name="Trade"))
    for path in (f"auth/group/{group.pk}", f"accounts/user/{user.pk}"):
        assert "relationship" not in text_of(find(client.get(f"/admin/{path}/delete/"), "main"))
    page = client.get(f"/admin/accounts/user/{user.pk}/change/")
    assert "For promotions that only some customers get." in text_of(page)
    assert form_of(page, id="user_form")["groups"] == str(group.pk)


def test_an_account_with_store_credit_is_closed_instead_of_deleted(client, staff):
    user = User.objects.create_user("a@b.example", "a long new passphrase")
    GiftCard.objects.create(kind="credit", user=user, currency="EUR", initial_minor=1000, balance_minor=0)
    for send in (client.get, client.post):
        page = send(f"/admin/accounts/user/{user.pk}/delete/", follow=True)
        assert messages_of(page) == [
            "This account has store credit or other entries that the books need, so it cannot be deleted. "
            "Untick “May log in” to close it."
        ]
    assert User.objects.filter(pk=user.pk).exists()


def test_the_page_for_a_new_password_shows_no_markup(client, staff):
    user = User.objects.create_user("a@b.example", "a long new passphrase")
    text = text_of(find(client.get(f"/admin/accounts/user/{user.pk}/password/"), "main"))
    assert ("<ul" in text, "LDAP" in text, "Log in with a password" in text) == (False, False, True)
