"""The order page of the admin: panels and actions that each app adds."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.formats import moment
from orders.admin.order_page.content import Column, details, table
from orders.admin.order_page.facts import facts
from orders.editing import Edit, add_note
from orders.fulfillment import NewFulfillment, ship
from orders.lifecycle import cancel, confirm, record_event
from orders.models import Order, OrderEvent
from payments.models import Journal
from payments.sessions import start_payment
from payments.settlement import settle
from tests.factories import (
    make_cart,
    make_listed_variants,
    make_order,
    make_promotion,
    make_shipping,
    make_tax,
    make_user,
    make_variant,
    place,
    with_codes,
)
from tests.orders.staff_pages import logged_in, page_of, staff, titles_of
from tests.reading import links_of, rows_of, terms_of, text_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "titles"),
    [
        ("Owner", "Items|Parcels|Total|Money|Timeline|Customer|Addresses|Facts|Status|Terms|Evidence|Payments"),
        ("Fulfilment", "Items|Parcels|Total|Timeline|Customer|Addresses|Facts|Status|Terms"),
        ("Read-only", "Items|Parcels|Total|Money|Timeline|Facts|Status|Terms|Payments"),
    ],
)
def test_each_role_sees_its_panels(client, role, titles):
    user = make_user(is_staff=True)
    user.groups.set(Group.objects.filter(name=role))
    client.force_login(user)
    assert "|".join(titles_of(client, make_order())) == titles


def test_the_page_shows_what_was_ordered_paid_and_sent(client, stripe_desk):
    user = make_user(is_staff=True, is_superuser=True)
    client.force_login(user)
    order = make_order(make_variant(2400, title="Reef cup"), quantity=2, name="Anna Peeters", line1="Kraanlei 12")
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    ship(order, NewFulfillment({order.lines.get().pk: 1}, "DHL", "12345678"), user_id=user.pk)
    Order.objects.update(billing_name="Peeters BV", note="Please ring twice", gift_message="With love")
    page = text_of(client.get(page_of(order)))
    shown = [
        *("Reef cup", "€24.00", "Anna Peeters", "Kraanlei 12", "Peeters BV", "Please ring twice", "With love"),
        *(
            "Partly shipped",
            "Captured",
            "ending in 4242",
            "DHL",
            "12345678",
            "Payment received",
            "Parcel 1: handed to DHL",
        ),
        *(user.email, "Priced again from its receipt: the same."),
    ]
    assert [words for words in shown if words not in page] == []


def test_the_history_shows_events_and_log_entries_in_the_order_of_time(client):
    order = make_order()
    confirm(order)
    user = logged_in(client, "note_order")
    LogEntry.objects.log_actions(user.pk, [order], CHANGE, "Checked the address.", single_object=True)
    record_event(order, OrderEvent.Kind.NOTE, "Called the customer", user_id=user.pk)
    page = client.get(f"/admin/orders/order/{order.pk}/history/")
    placed, confirmed = order.events.order_by("pk")[:2]
    assert [row[1:] for row in rows_of(page)[1:]] == [
        [placed.text, "–", "Placed"],
        [confirmed.text, "–", "Confirmed"],
        ["Checked the address.", user.email, "Admin log"],
        ["Called the customer", user.email, "Note"],
    ]
    assert links_of(client.get(page_of(order)))[f"/admin/orders/order/{order.pk}/history/"] == "History"


@pytest.mark.parametrize(("role", "is_read"), [("Read-only", False), ("Fulfilment", True)])
def test_notes_are_read_by_staff_who_may_see_customers(client, role, is_read):
    staff(client, role)
    order = make_order()
    add_note(order, "Anna Peeters called", Edit(None))
    for url in (page_of(order), f"/admin/orders/order/{order.pk}/history/"):
        text = text_of(client.get(url))
        assert ("Anna Peeters called" in text, "Notes are for staff who see customers." in text) == (
            is_read,
            not is_read,
        )


def test_records_of_payments_have_no_link_to_an_empty_history(client, stripe_desk):
    client.force_login(make_user(is_staff=True, is_superuser=True))
    payment = start_payment(make_order().pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    journal = Journal.objects.filter(order=payment.order).first()
    for url in (f"/admin/payments/payment/{payment.pk}/", f"/admin/payments/journal/{journal.pk}/"):
        page = client.get(f"{url}change/")
        assert (page.status_code, f"{url}history/" in links_of(page)) == (200, False)


def test_the_history_of_an_order_that_does_not_exist_is_not_found(client):
    logged_in(client)
    assert client.get("/admin/orders/order/1/history/").status_code == 404


def test_the_summary_shows_when_and_why_an_order_was_canceled(client):
    order = make_order()
    cancel(order, Order.CancelReason.STAFF)
    logged_in(client)
    terms = terms_of(client.get(page_of(order)))
    assert (terms["Canceled"], terms["Reason"]) == (moment(Order.objects.get().canceled_at), "By the shop")


def test_the_page_costs_the_same_number_of_queries_for_one_and_for_twenty_lines(client, stripe_desk):
    user = make_user(is_staff=True, is_superuser=True)
    client.force_login(user)
    small = make_order(make_variant(), quantity=2)
    large = make_order(*make_listed_variants(20), quantity=2)
    for order in (small, large):
        payment = start_payment(order.pk)
        stripe_desk.pay(payment.session_url)
        settle(payment.pk)
    for line in large.lines.all()[:5]:
        ship(large, NewFulfillment({line.pk: 1}, "DHL"), user_id=user.pk)
    ship(small, NewFulfillment({small.lines.get().pk: 1}, "DHL"), user_id=user.pk)
    client.get(page_of(small))  # warms the caches
    counts = []
    for order in (small, large):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(page_of(order)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 19


def test_columns_of_numbers_are_marked():
    content = table([Column("Name", str.title), Column("Length", len, is_number=True)], ["cup", "plate"], empty="None.")
    cells = [[(cell.value, cell.column.is_number) for cell in row] for row in content.rows]
    assert cells == [[("Cup", False), (3, True)], [("Plate", False), (5, True)]]


def test_details_without_a_value_are_left_out():
    assert details(("Name", "Anna"), ("Phone", ""), ("Units", 0)).rows == [("Name", "Anna"), ("Units", 0)]


def test_a_canceled_order_arrives_on_no_day():
    order, days = make_order(), [timezone.localdate() + timedelta(days=number) for number in (1, 2, 3)]
    order.ship_by, order.arrives_from, order.arrives_until = days
    order.save()
    assert {"Arrives", "Ship by"} <= {label for label, _ in facts(order, make_user()).rows}
    cancel(order, Order.CancelReason.STAFF)
    order.refresh_from_db()
    assert not {"Arrives", "Ship by"} & {label for label, _ in facts(order, make_user()).rows}


def test_a_total_names_codes_to_those_who_may_see_them(client):
    make_shipping()
    make_tax()
    make_promotion(name="Hello", percent=10, codes=("WELCOME10",))
    order = place(with_codes(make_cart(make_variant(2000)), "WELCOME10"))
    for role, shown in (("Support", "with a code"), ("Owner", "code WELCOME10")):
        staff(client, role)
        page = text_of(client.get(page_of(order)))
        assert (f", {shown})" in page, "WELCOME10" in page) == (True, role == "Owner")
