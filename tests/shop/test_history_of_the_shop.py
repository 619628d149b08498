"""The history of the whole shop: what staff do is found there by those who may see it."""

from urllib.parse import unquote_plus

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.utils import timezone

from accounts.models import User
from catalog.edits.history import parts_of, recorded
from catalog.models import (
    Change,
    Review,
    Swatch,
)
from orders.editing import Edit, add_note, correct_email
from tests.accounts.second_factors import add_app
from tests.factories import make_order, make_promotion, make_tax, make_user, make_variant
from tests.reading import form_of, text_of
from tests.shop.staff_changes import employee, entries_of, rows_of_entry, url_of

pytestmark = pytest.mark.django_db


def make_review() -> Review:
    return Review.objects.create(product=make_variant().product, author="Mia", rating=5, created_at=timezone.now())


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
