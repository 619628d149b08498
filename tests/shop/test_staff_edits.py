"""Every form of the admin: two people edit one object, and each edit is in its history with before and after."""

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote_plus

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.auth.models import Group, Permission
from django.test import Client, RequestFactory
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from accounts.models import Staff, User
from catalog.edits.history import parts_of, recorded, shortened
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
from orders.editing import Edit, add_note, correct_email
from orders.models import ClosingDay, ShippingMethod, TaxRate, TaxRegion
from payments.models import OfflineMethod, RefundLimit
from tests.accounts.second_factors import add_app
from tests.factories import make_location, make_order, make_promotion, make_shipping, make_tax, make_user, make_variant
from tests.reading import find_all, form_of, text_of

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


def employee(name: str) -> Client:
    client = Client()
    client.force_login(make_user(name=name, is_staff=True, is_superuser=True))
    return client


def url_of(row) -> str:
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"


def entries_of(row) -> list[LogEntry]:
    return list(LogEntry.objects.filter(object_id=str(row.pk), content_type__model=row._meta.model_name).order_by("pk"))


def rows_of_entry(entry: LogEntry) -> list[list[str]]:
    return [row for part in parts_of(entry) for row in part["rows"]]


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


CHANGES = "/admin/admin/logentry/"


def lines_on(page) -> list[tuple[str, str]]:
    return [(line.who, line.subject) for line, _url in page.context["lines"]]


def test_the_history_of_the_whole_shop_is_searched_by_person_object_kind_and_day():
    anna, bert = employee("Anna Berg"), employee("Bert")
    swatch, product = Swatch.objects.create(name="Sand", colour="#aabbcc"), make_variant(title="Crème bowl").product
    anna.post(url_of(swatch), {**form_of(anna.get(url_of(swatch)), id="swatch_form"), "colour": "#ddeeff"})
    bert.post(url_of(product), {**form_of(bert.get(url_of(product)), id="product_form"), "vendor": "Alma"})
    everything = anna.get(CHANGES)
    assert lines_on(everything) == [("Bert", "Crème bowl"), ("Anna Berg", "Sand")]
    assert "Colour #aabbcc #ddeeff" in text_of(everything)
    for query, found in [
        ({"person": "berg"}, ["Sand"]),
        ({"subject": "creme"}, ["Crème bowl"]),
        ({"kind": "catalog.swatch"}, ["Sand"]),
        ({"kind": "catalog.product"}, ["Crème bowl"]),
        ({"since": "2020-01-01"}, ["Crème bowl", "Sand"]),
        ({"until": "2020-01-01"}, []),
        ({"until": "9999-12-31", "subject": "nothing"}, []),
    ]:
        assert [subject for _, subject in lines_on(anna.get(CHANGES, query))] == found, query
    wrong = anna.get(CHANGES, {"since": "tomorrow", "kind": "x"})
    assert (wrong.status_code, len(lines_on(wrong))) == (422, 2)


def test_what_staff_do_with_orders_stands_in_the_history_of_the_whole_shop():
    anna, order = employee("Anna Berg"), make_order()
    user = User.objects.get(name="Anna Berg")
    correct_email(order, "new@example.com", Edit(user.pk))
    add_note(order, "Calls on Friday.", Edit(user.pk))
    page = anna.get(CHANGES)
    assert lines_on(page) == [("Anna Berg", order.number)] * 2
    assert ("Calls on Friday." in text_of(page), "new@example.com" in text_of(page)) == (True, True)
    assert page.context["lines"][0][1] == f"/admin/orders/order/{order.pk}/change/"
    for query, found in [
        ({"kind": "orders.order"}, 2),
        ({"kind": "catalog.swatch"}, 0),
        ({"subject": order.number[3:]}, 2),
        ({"subject": "nothing"}, 0),
        ({"person": "berg"}, 2),
        ({"person": "bert"}, 0),
    ]:
        assert len(lines_on(anna.get(CHANGES, query))) == found, query


def test_a_reader_of_the_history_who_sees_no_customers_reads_no_addresses_and_no_notes():
    reader, order = make_user(is_staff=True), make_order()
    reader.groups.set(Group.objects.filter(name="Read-only"))
    reader.user_permissions.add(Permission.objects.get(codename="view_logentry"))
    correct_email(order, "new@example.com", Edit(reader.pk))
    add_note(order, "Calls on Friday.", Edit(reader.pk))
    client = Client()
    client.force_login(reader)
    page = client.get(CHANGES)
    assert [subject for _, subject in lines_on(page)] == [order.number] * 2
    assert ("Calls on Friday." in text_of(page), "new@example.com" in text_of(page)) == (False, False)


def test_who_gets_which_report_stands_in_the_history_for_those_who_manage_it():
    anna = employee("Anna")
    anna.post(
        "/admin/reports/mails/", {"report": "sales", "market": "main", "every": "week", "user": User.objects.get().pk}
    )
    assert lines_on(anna.get(CHANGES)) == [("Anna", f"Sales to {User.objects.get()}")]
    User.objects.update(is_superuser=False)
    User.objects.get().user_permissions.set(Permission.objects.filter(codename="view_logentry"))
    assert lines_on(anna.get(CHANGES)) == []


def test_the_history_goes_on_below_the_last_entry_of_a_page(monkeypatch):
    monkeypatch.setattr("catalog.edits.log.LINES_PER_PAGE", 2)
    anna = employee("Anna")
    swatches = [Swatch.objects.create(name=f"Sand {n}", colour="#aabbcc") for n in range(3)]
    product = make_variant(title="Bowl").product
    user = User.objects.get(name="Anna")
    LogEntry.objects.log_actions(user.pk, swatches, CHANGE, "Looked at.")
    change = Change.objects.create(product=product, user=user, source="admin", differences=[["title", "A", "B"]])
    LogEntry.objects.update(action_time=change.created_at)
    seen, query = [], {}
    for _ in range(2):
        page = anna.get(CHANGES, query)
        seen += [subject for _, subject in lines_on(page)]
        query = dict([part.split("=") for part in page.context["older_query"].split("&") if part])
        query = {name: unquote_plus(value) for name, value in query.items()}
    assert (seen, query) == (["Sand 2", "Sand 1", "Sand 0", "Bowl"], {})


def test_staff_read_the_history_of_what_they_may_see_only():
    reader = make_user(is_staff=True)
    reader.groups.set(Group.objects.filter(name="Catalogue"))
    reader.user_permissions.add(Permission.objects.get(codename="view_logentry"))
    swatch, user = Swatch.objects.create(name="Sand", colour="#aabbcc"), make_user(email="secret@example.com")
    LogEntry.objects.log_actions(reader.pk, [swatch, user], CHANGE, "Changed.")
    client = Client()
    client.force_login(reader)
    page = client.get(CHANGES)
    assert ([subject for _, subject in lines_on(page)], "secret@" in text_of(page)) == (["Sand"], False)
    assert client.get(CHANGES, {"kind": "accounts.user"}).status_code == 422


def test_no_password_is_in_the_history():
    user, anna = make_user(name="Ada"), employee("Anna")
    with recorded(anna.get(url_of(user)).wsgi_request, user):
        user.set_password("something else entirely")
        user.save()
    assert rows_of_entry(entries_of(user)[0]) == [["Password", "not shown", "changed"]]
    assert "argon2" not in LogEntry.objects.get().change_message


def test_the_key_of_a_deleted_second_factor_is_not_in_the_history():
    ada = make_user(name="Ada")
    add_app(ada)
    factor = Authenticator.objects.get()
    employee("Anna").post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"})
    entry = LogEntry.objects.get()
    assert (entry.action_flag, factor.data["secret"] in entry.change_message) == (DELETION, False)
    assert ["User", str(ada), "–"] in rows_of_entry(entry)


def post_action(label: str, action: str, *rows) -> None:
    fields = {"action": action, "_selected_action": [row.pk for row in rows]}
    employee("Anna").post(f"/admin/{label}/", fields)


def sentences() -> list[tuple[str, str]]:
    return [
        (entry.object_repr, part["sentence"]) for entry in LogEntry.objects.order_by("pk") for part in parts_of(entry)
    ]


def test_what_staff_do_with_many_rows_at_once_is_in_the_history_of_each():
    review, coupon = make_review(), make_promotion(codes=("SUMMER",)).coupons.get()
    post_action("catalog/review", "publish", review)
    post_action("orders/coupon", "end", coupon)
    assert sentences() == [(str(review), "Published."), ("…ER", "Ended.")]
    assert rows_of_entry(entries_of(review)[0]) == [["Status", "Waiting", "Published"]]


def test_codes_rates_and_gift_cards_that_staff_add_are_in_the_history():
    anna, promotion, rate = employee("Anna"), make_promotion(), make_tax()
    anna.post(f"/admin/orders/promotion/{promotion.pk}/codes/", {"code": "SUMMER"})
    anna.post(f"/admin/orders/taxrate/{rate.pk}/new/", {"percent": "21", "begins": "2099-01-01"})
    issue = form_of(anna.get("/admin/orders/giftcard/issue/"))
    anna.post("/admin/orders/giftcard/issue/", {**issue, "amount": "25"})
    assert [sentence for _, sentence in sentences()] == [
        "Added the code …ER.",
        "Planned a new rate from 1 Jan 2099, 00:00.",
        "Issued with €25.00.",
    ]
    assert rows_of_entry(entries_of(rate)[0]) == [["Percent", "19", "21"]]
