"""The list of people who order, and the page of each: an account or a guest by e-mail address."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.edits.history import parts_of
from catalog.formats import money
from orders.models import Customer, GiftCard, Order
from orders.people import latest_orders
from payments.models import Payment
from tests.factories import make_order, make_user
from tests.orders.staff_pages import staff
from tests.reading import find, find_all, form_of, links_of, text_of

pytestmark = pytest.mark.django_db
CUSTOMERS = "/admin/orders/customer/"


def people_on(page) -> list[str]:
    return [row.email for row in page.context["people"].rows]


def placed(days_ago: int, **fields) -> Order:
    order = make_order(**fields)
    Order.objects.filter(pk=order.pk).update(placed_at=timezone.now() - timedelta(days=days_ago))
    return order


def test_each_person_is_listed_once_by_the_latest_order_with_the_value_of_all(client):
    staff(client, "Support")
    placed(3, email="anna@example.com", name="Anna Peeters")
    placed(2, email="bert@example.com", name="Bert")
    order = placed(1, email="anna@example.com", name="Anna Peeters")
    canceled = placed(0, email="bert@example.com", name="Bert")
    Order.objects.filter(pk=canceled.pk).update(status="canceled", cancel_reason="staff", canceled_at=timezone.now())
    page = client.get(CUSTOMERS)
    assert people_on(page) == ["bert@example.com", "anna@example.com"]
    anna = page.context["people"].rows[1]
    assert (anna.value.orders, anna.value.text, anna.url) == (2, "€57.80", f"{CUSTOMERS}order/{order.pk}/")


def test_people_are_found_by_name_without_accents_and_by_address(client):
    staff(client, "Support")
    placed(1, email="jurgen@example.com", name="Jürgen Müller")
    placed(2, email="anna@example.com", name="Anna Peeters")
    make_user("zoe@example.com", name="Zoë Blanc")
    for text in ("muller", "jurgen@ex", "JURGEN"):
        assert people_on(client.get(CUSTOMERS, {"q": text})) == ["jurgen@example.com"], text
    assert people_on(client.get(CUSTOMERS, {"q": "zoe", "tab": "accounts"})) == ["zoe@example.com"]
    nobody = client.get(CUSTOMERS, {"q": "nobody at all"})
    assert (people_on(nobody), "No customer matches" in text_of(nobody)) == ([], True)


def test_the_list_goes_on_below_its_last_row_and_back(client, monkeypatch):
    monkeypatch.setattr("orders.admin.customers.people_list.PER_PAGE", 1)
    staff(client, "Support")
    for days in (1, 2):
        placed(days, email=f"person{days}@example.com")
    first = client.get(CUSTOMERS)
    second = client.get(CUSTOMERS + first.context["people"].next_url)
    assert people_on(first) + people_on(second) == ["person1@example.com", "person2@example.com"]
    assert people_on(client.get(CUSTOMERS + second.context["people"].previous_url)) == ["person1@example.com"]


def test_the_list_takes_as_many_queries_for_many_people_as_for_one(client):
    staff(client, "Support")
    client.get(CUSTOMERS)  # the first page of a process reads the shop's name
    counts = []
    for people in (1, 5):
        for number in range(people):
            placed(1, email=f"p{people}{number}@example.com")
        with CaptureQueriesContext(connection) as queries:
            client.get(CUSTOMERS)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


def test_the_page_of_an_account_has_its_orders_credit_gift_cards_and_addresses(client):
    staff(client, "Support")
    account = make_user("anna@example.com", name="Anna Peeters")
    own = placed(2, email="old@example.com", user=account)
    as_guest = placed(1, email="anna@example.com")
    GiftCard.objects.create(kind="credit", user=account, currency="EUR", initial_minor=1200, balance_minor=1200)
    account.addresses.create(name="Anna Peeters", line1="Kraanlei 12", city="Gent", country="BE")
    page = client.get(f"{CUSTOMERS}order/{as_guest.pk}/", follow=True)
    assert page.redirect_chain == [(f"{CUSTOMERS}account/{account.pk}/", 302)]
    text = text_of(page)
    assert [part in text for part in (own.number, as_guest.number, "€12.00", "Kraanlei 12", "Account")] == [True] * 5
    assert text_of(find(page, "h1")) == "Anna Peeters"


def test_the_page_of_a_guest_has_the_orders_with_that_address_only(client):
    staff(client, "Support")
    order, other = placed(1, email="guest@example.com", name="Guest"), placed(1, email="other@example.com")
    page = client.get(f"{CUSTOMERS}order/{order.pk}/")
    text = text_of(page)
    assert (order.number in text, other.number in text, "Guest" in text) == (True, False, True)
    assert f"/admin/orders/order/{order.pk}/change/" in links_of(page)


def test_notes_and_tags_are_kept_with_their_history(client):
    staff(client, "Support")
    order = placed(1, email="guest@example.com")
    url = f"{CUSTOMERS}order/{order.pk}/"
    fields = form_of(client.get(url), id="customer_form")
    assert client.post(url, {**fields, "tags": "trade, press , trade", "note": "Rings twice."}).url == url
    record = Customer.objects.get()
    assert (record.email, record.tags, record.note) == ("guest@example.com", ["trade", "press"], "Rings twice.")
    assert [row for part in parts_of(LogEntry.objects.get()) for row in part["rows"]] == [
        ["Tags", "–", "trade, press"],
        ["Note", "–", "Rings twice."],
    ]
    assert "Rings twice." in text_of(client.get(f"{CUSTOMERS}{record.pk}/history/"))
    assert client.get(CUSTOMERS).context["people"].rows[0].tags == ["trade", "press"]


def test_two_people_note_something_about_one_customer(client):
    staff(client, "Support")
    other = Client()
    staff(other, "Support")
    order = placed(1, email="guest@example.com")
    url = f"{CUSTOMERS}order/{order.pk}/"
    fields = form_of(client.get(url), id="customer_form")
    client.post(url, {**fields, "note": "First."})
    answer = other.post(url, {**fields, "note": "Second."})
    assert (answer.status_code, Customer.objects.get().note) == (422, "First.")
    assert "changed this to “First.” while the page was open." in text_of(answer)
    again = form_of(answer, id="customer_form")
    assert again["note"] == "Second."
    assert (other.post(url, again).status_code, Customer.objects.get().note) == (302, "Second.")


def test_groups_of_an_account_are_set_by_those_who_may_change_accounts(client):
    staff(client, "Manager")
    account, trade = make_user("anna@example.com"), Group.objects.create(name="Trade")
    url = f"{CUSTOMERS}account/{account.pk}/"
    fields = form_of(client.get(url), id="customer_form")
    owner_id = Group.objects.get(name="Owner").pk
    assert client.post(url, {**fields, "groups": [owner_id]}).status_code == 422
    assert list(account.groups.all()) == []
    assert client.post(url, {**fields, "groups": [trade.pk]}).status_code == 302
    assert list(account.groups.all()) == [trade]
    staff(client, "Support")
    assert "groups" not in form_of(client.get(url), id="customer_form")


@pytest.mark.parametrize(
    ("role", "opens", "changes"),
    [
        ("Support", True, True),
        ("Finance", True, False),
        ("Fulfilment", False, False),
        ("Catalogue", False, False),
        ("Marketing", False, False),
        ("Read-only", False, False),
    ],
)
def test_customers_are_for_the_roles_that_need_them(client, role, opens, changes):
    order = placed(1, email="guest@example.com")
    staff(client, role)
    url = f"{CUSTOMERS}order/{order.pk}/"
    assert (client.get(CUSTOMERS).status_code == 200, client.get(url).status_code == 200) == (opens, opens)
    assert (client.post(url, {"note": "x", "tags": ""}).status_code == 302) == changes
    assert Customer.objects.exists() == changes


def test_staff_have_a_page_of_a_customer_only_if_they_order(client):
    user, colleague = staff(client, "Support"), make_user("mara@example.com", is_staff=True)
    assert [client.get(f"{CUSTOMERS}account/{member.pk}/").status_code for member in (user, colleague)] == [404, 404]
    placed(1, email="mara@example.com")
    assert client.get(f"{CUSTOMERS}account/{colleague.pk}/").status_code == 200


def test_the_list_of_people_is_read_by_an_index():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = latest_orders().order_by("-placed_at", "-pk")[:51].explain()
    assert ("SubPlan" in plan, "order_by_customer" in plan) == (True, True), plan


def test_what_was_paid_back_is_not_part_of_a_persons_value(client):
    staff(client, "Support", "Fulfilment")
    order = make_order(email="anna@example.com", name="Anna Peeters")
    make_order(email="anna@example.com", name="Anna Peeters")
    paid = {"currency": "EUR", "amount_minor": order.total_minor, "captured_minor": order.total_minor}
    Payment.objects.create(order=order, status="captured", refunded_minor=order.total_minor - 1000, **paid)
    rest = money(order.total_minor + 1000, "EUR")
    assert client.get(CUSTOMERS).context["people"].rows[0].value.text == rest
    assert find_all(client.get(f"{CUSTOMERS}order/{order.pk}/"), "p", class_="fig")[1].text == rest
    assert f"2 orders · {rest} in all" in text_of(client.get(f"/admin/orders/order/{order.pk}/change/"))
