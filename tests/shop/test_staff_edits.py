"""Every form of the admin: two people edit one object, and each edit is in its history with before and after."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth.models import Group
from django.test import Client, RequestFactory
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from accounts.models import Staff, User
from catalog.edits.history import parts_of, shortened
from catalog.models import (
    Attribute,
    AttributeValue,
    Change,
    Collection,
    Menu,
    Page,
    ProductType,
    Redirect,
    Review,
    Store,
    Swatch,
    Synonym,
)
from catalog.products.categories import create_category
from orders.models import ClosingDay, ShippingMethod, TaxRate, TaxRegion
from payments.models import OfflineMethod, RefundLimit
from tests.factories import make_location, make_promotion, make_shipping, make_tax, make_user, make_variant
from tests.reading import find_all, form_of, text_of
from tests.shop.staff_changes import employee, entries_of, rows_of_entry, url_of

pytestmark = pytest.mark.django_db
SITE = admin.site._registry


def make_attribute() -> Attribute:
    return Attribute.objects.create(code="wood", name="Wood")


def make_review() -> Review:
    return Review.objects.create(product=make_variant().product, author="Mia", rating=5, created_at=timezone.now())


# Of each model that staff edit: a new row, and a field with two further values.
EDITS: dict[str, tuple[Any, str, str, str]] = {
    "accounts.Staff": (lambda: Staff.objects.get(pk=make_user(name="Ada", is_staff=True).pk), "name", "Bea", "Cleo"),
    "accounts.User": (lambda: make_user(name="Ada"), "name", "Bea", "Cleo"),
    "auth.Group": (lambda: Group.objects.create(name="Friends"), "name", "Regulars", "Fans"),
    "catalog.Attribute": (make_attribute, "name", "Timber", "Kind of wood"),
    "catalog.AttributeValue": (
        lambda: AttributeValue.objects.create(attribute=make_attribute(), slug="oak", label="Oak"),
        "label",
        "Light oak",
        "Dark oak",
    ),
    "catalog.Category": (lambda: create_category("Mugs", None), "name", "Cups", "Beakers"),
    "catalog.Collection": (lambda: Collection.objects.create(name="New", slug="new"), "name", "Newest", "This week"),
    "catalog.Location": (make_location, "name", "Warehouse", "Shop floor"),
    "catalog.Menu": (
        lambda: Menu.objects.create(place=Menu.Place.FOOTER, title="Help", position=1),
        "title",
        "Service",
        "Questions",
    ),
    "catalog.Page": (lambda: Page.objects.create(title="Press", slug="press", body="Short"), "body", "One", "Two"),
    "catalog.Product": (lambda: make_variant().product, "title", "Reef cup", "Sea cup"),
    "catalog.ProductType": (lambda: ProductType.objects.create(name="Mug"), "name", "Cup", "Beaker"),
    "catalog.Redirect": (
        lambda: Redirect.objects.create(kind=Redirect.Kind.PATH, old="/former/", target="/help/"),
        "target",
        "https://example.com/about/",
        "https://example.com/search/",
    ),
    "catalog.Review": (make_review, "reply", "Thank you!", "Many thanks"),
    "catalog.Store": (lambda: Store.objects.create(pk=1, name="Reef"), "name", "Cove", "Bay"),
    "catalog.Swatch": (lambda: Swatch.objects.create(name="Sand", colour="#aabbcc"), "name", "Dune", "Beach"),
    "catalog.Synonym": (lambda: Synonym.objects.create(words=["mug", "cup"]), "words", "mug,beaker", "mug,tumbler"),
    "catalog.Variant": (make_variant, "grams", "350", "400"),
    "orders.ClosingDay": (lambda: ClosingDay.objects.create(day=date(2026, 12, 24)), "name", "Eve", "Christmas Eve"),
    "orders.Promotion": (lambda: make_promotion(percent=10), "percent", "15", "20"),
    "orders.ShippingMethod": (make_shipping, "name", "Post", "Courier"),
    "orders.ShippingZone": (lambda: make_shipping().rates.get().zone, "name", "Near", "Far"),
    "orders.TaxRate": (make_tax, "percent", "20", "21"),
    "orders.TaxRegion": (
        lambda: TaxRegion.objects.create(code="isle", country="DE", name="Isle", postcodes="27498"),
        "name",
        "Island",
        "Heligoland",
    ),
    "payments.OfflineMethod": (lambda: OfflineMethod.objects.get(code="transfer"), "due_days", "10", "12"),
    "payments.RefundLimit": (
        lambda: RefundLimit.objects.create(role=Group.objects.create(name="Night"), currency="EUR", amount_minor=10000),
        "amount_minor",
        "250.00",
        "300.00",
    ),
}


def is_edited(model_admin) -> bool:
    request = RequestFactory().get("/admin/")
    request.user = User(is_active=True, is_superuser=True)
    return model_admin.has_change_permission(request)


def test_every_model_that_staff_edit_is_in_this_list():
    assert set(EDITS) == {model._meta.label for model, model_admin in SITE.items() if is_edited(model_admin)}


@pytest.mark.parametrize("label", EDITS)
def test_the_second_of_two_people_is_told_what_the_first_one_changed(label, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    make, name, first, second = EDITS[label]
    row = make()
    anna, bert = employee("Anna Berg"), employee("Bert")
    fields = form_of(bert.get(url_of(row)), id=f"{row._meta.model_name}_form")
    answer = anna.post(url_of(row), {**fields, name: first})
    assert answer.status_code == 302, text_of(answer)
    answer = bert.post(url_of(row), {**fields, name: second})
    assert answer.status_code == 200
    assert "Anna Berg changed this to “" in text_of(answer)
    again = form_of(answer, id=f"{row._meta.model_name}_form")
    assert again[name] == second
    assert bert.post(url_of(row), again).status_code == 302
    written = entries_of(row)
    if label in ("catalog.Product", "catalog.Variant"):
        assert (written, [change.user.name for change in Change.objects.order_by("pk")]) == ([], ["Anna Berg", "Bert"])
    else:
        assert [entry.user.name for entry in written] == ["Anna Berg", "Bert"]
        (before, between), (again_between, after) = (rows_of_entry(entry)[0][1:] for entry in written)
        assert between == again_between != before != after


def can_be_deleted(label: str) -> bool:
    request = RequestFactory().get("/admin/")
    request.user = User(is_active=True, is_superuser=True)
    return SITE[apps.get_model(label)].has_delete_permission(request)


@pytest.mark.parametrize("label", [label for label in EDITS if can_be_deleted(label)])
def test_who_saves_what_was_deleted_meanwhile_is_told_by_whom_and_loses_nothing(label, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    make, name, typed, _other = EDITS[label]
    row = make()
    row.refresh_from_db()
    if label == "orders.ShippingZone":
        row.rates.all().delete()  # they protect it
    anna, bert = employee("Anna Berg"), employee("Bert")
    url, title = url_of(row), str(row)
    fields = form_of(bert.get(url), id=f"{row._meta.model_name}_form")
    anna.post(url.replace("/change/", "/delete/"), {"post": "yes"})
    assert not type(row)._base_manager.filter(pk=row.pk).exists()
    before = [type(row)._base_manager.count(), LogEntry.objects.count()]
    answer = bert.post(url, {**fields, name: typed})
    assert answer.status_code == 409
    assert f"“{title}” was deleted by Anna Berg on " in text_of(answer)
    assert typed in answer.content.decode()
    assert [type(row)._base_manager.count(), LogEntry.objects.count()] == before
    form_id = f"{row._meta.model_name}_form"
    shown = [form for form in find_all(answer, "form") if form.attributes.get("id") == form_id]
    if shown and label != "orders.TaxRate":  # a new rate begins in the future
        again = {key: value for key, value in form_of(answer, id=form_id).items() if value is not None}
        assert bert.post(shown[0].attributes["action"], again).status_code == 302
        assert type(row)._base_manager.count() == before[0] + 1


def test_the_rows_of_a_deleted_object_are_added_again_with_it():
    method = make_shipping(490, name="Post")
    bert, url = employee("Bert"), url_of(method)
    fields = form_of(bert.get(url), id="shippingmethod_form")
    LogEntry.objects.log_actions(make_user(name="Anna").pk, [method], DELETION, "")
    method.delete()
    answer = bert.post(url, {**fields, "rates-0-price_minor": "5.90"})
    assert (answer.status_code, ShippingMethod.objects.exists()) == (409, False)
    again = form_of(answer, id="shippingmethod_form")
    assert again["rates-0-price_minor"] == "5.90"
    assert bert.post("/admin/orders/shippingmethod/add/", again).status_code == 302
    assert [rate.price_minor for rate in ShippingMethod.objects.get().rates.all()] == [590]


def test_a_page_of_its_own_shows_what_was_typed_for_a_deleted_object():
    promotion = make_promotion(percent=10, name="Welcome")
    anna, bert = employee("Anna Berg"), employee("Bert")
    anna.post(f"/admin/orders/promotion/{promotion.pk}/delete/", {"post": "yes"})
    answer = bert.post(f"/admin/orders/promotion/{promotion.pk}/codes/", {"code": "SPRING", "most_uses": "7"})
    assert answer.status_code == 409
    assert "“Welcome” was deleted by Anna Berg on " in text_of(answer)
    assert "Code SPRING Most uses 7" in text_of(answer)
    assert bert.post("/admin/orders/promotion/999/codes/", {"code": "SPRING"}).status_code == 404


def test_the_history_holds_every_kind_of_value_in_words():
    method = make_shipping(490, name="Post")
    rate = TaxRate.objects.create(
        country="DE", percent=19, valid=TimestamptzRange(datetime(2026, 1, 1, tzinfo=UTC), None)
    )
    anna = employee("Anna")
    fields = form_of(anna.get(url_of(method)), id="shippingmethod_form")
    anna.post(url_of(method), {**fields, "free_from_minor": "75", "is_active": "", "rates-0-price_minor": "5.90"})
    parts = parts_of(LogEntry.objects.get())
    assert parts == [
        {"sentence": "Changed.", "rows": [["Free from (EUR)", "€60.00", "€75.00"], ["Is active", "yes", "no"]]},
        {
            "sentence": "Changed the shipping rate “Post to DE,AT,BE ”.",
            "rows": [["Price", "€4.90", "€5.90"]],
        },
    ]
    fields = form_of(anna.get(url_of(rate)), id="taxrate_form")
    anna.post(url_of(rate), {**fields, "valid_1": "2027-01-01T00:00"})
    assert rows_of_entry(entries_of(rate)[0]) == [
        ["Valid", "1 Jan 2026, 01:00 – open", "1 Jan 2026, 01:00 – 1 Jan 2027"]
    ]


def test_a_deleted_and_a_new_object_are_in_the_history_with_what_they_were():
    anna = employee("Anna")
    anna.post("/admin/catalog/swatch/add/", {"name": "Sand", "colour": "#aabbcc"})
    swatch = Swatch.objects.get()
    anna.post(f"/admin/catalog/swatch/{swatch.pk}/delete/", {"post": "yes"})
    added, deleted = entries_of(swatch)
    assert parts_of(added) == [{"sentence": "Added.", "rows": [["Name", "–", "Sand"], ["Colour", "–", "#aabbcc"]]}]
    assert (deleted.action_flag, rows_of_entry(deleted)) == (
        DELETION,
        [["Name", "Sand", "–"], ["Colour", "#aabbcc", "–"]],
    )


def test_rows_deleted_in_bulk_each_leave_an_entry():
    swatches = [Swatch.objects.create(name=name, colour="#aabbcc") for name in ("Sand", "Dune")]
    action = {"action": "delete_selected", "_selected_action": [row.pk for row in swatches], "post": "yes"}
    employee("Anna").post("/admin/catalog/swatch/", action)
    assert [(entry.object_repr, entry.action_flag) for entry in LogEntry.objects.order_by("object_repr")] == [
        ("Dune", DELETION),
        ("Sand", DELETION),
    ]


def test_saving_without_a_change_leaves_no_entry():
    swatch = Swatch.objects.create(name="Sand", colour="#aabbcc")
    anna = employee("Anna")
    anna.post(url_of(swatch), form_of(anna.get(url_of(swatch)), id="swatch_form"))
    assert not LogEntry.objects.exists()


def test_of_long_texts_the_history_holds_the_part_that_differs():
    before = "word " * 2000
    was, becomes = shortened(before, f"{before[:5000]}NEW {before[5000:]}")
    assert (len(was), was[:2], becomes[:86]) == (1002, "…w", f"…{before[4920:5000]}NEW w")


def test_a_form_for_readers_has_no_field_for_concurrent_edits():
    reader = make_user(is_staff=True)
    reader.groups.set(Group.objects.filter(name="Read-only"))
    client = Client()
    client.force_login(reader)
    page = client.get(url_of(create_category("Mugs", None)))
    assert (page.status_code, "hown values" in text_of(page)) == (200, False)
