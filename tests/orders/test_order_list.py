"""The list of orders in the admin: tabs, rows, pages, search and filters."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.lifecycle import confirm
from orders.models import Fulfillment, Order, OrderLine
from payments.models import Payment, Refund
from tests.factories import make_order, make_user, make_variant
from tests.orders.staff_pages import staff
from tests.reading import find, find_all, links_of, rows_of, text_of

pytestmark = pytest.mark.django_db
LIST = "/admin/orders/order/"


def make_paid(*variants, **changes) -> Order:
    order = make_order(*variants, **changes)
    confirm(order)
    return order


def copies(order: Order, count: int, **fields) -> list[Order]:
    """More orders like this one, each a minute older than the one before, without lines."""
    made = []
    for number in range(1, count + 1):
        copy = Order.objects.get(pk=order.pk)
        copy.pk, copy.number, copy.placed_at = None, f"C-{number:04}", order.placed_at - timedelta(minutes=number)
        copy.public_id = copy._meta.get_field("public_id").default()
        copy.cart_id = copy._meta.get_field("public_id").default()
        made.append(copy)
        for name, value in fields.items():
            setattr(copy, name, value)
    return Order.objects.bulk_create(made)


def numbers(page) -> list[str]:
    """The numbers of the orders on the page, from top to bottom."""
    return [row.text.split()[0] for row in find_all(page, "th", role="rowheader")]


@pytest.fixture
def owner(client):
    return staff(client, is_superuser=True)


def test_the_list_opens_with_what_is_to_be_shipped_the_oldest_first(client, owner):
    make_order()
    new, old, sent = make_paid(), make_paid(), make_paid()
    Order.objects.filter(pk=old.pk).update(placed_at=timezone.now() - timedelta(days=2))
    Order.objects.filter(pk=sent.pk).update(status="completed", fulfillment_status="shipped")
    assert numbers(client.get(LIST)) == [old.number, new.number]


def test_each_tab_holds_its_orders_and_says_how_many_they_are(client, owner):
    unpaid, paid, overdue = make_order(), make_paid(), make_paid()
    OrderLine.objects.filter(order=overdue).update(is_backordered=True, expected_on=date(2026, 1, 5))
    page = client.get(LIST)
    tabs = {link.text: link.attributes["href"] for link in find_all(find(page, "nav", class_="tabs"), "a")}
    assert list(tabs) == ["To ship 2", "Waiting 1", "Problems 1", "All"]
    shown = {tab: set(numbers(client.get(LIST + url))) for tab, url in tabs.items()}
    assert shown == {
        "To ship 2": {paid.number, overdue.number},
        "Waiting 1": {unpaid.number},
        "Problems 1": {overdue.number},
        "All": {unpaid.number, paid.number, overdue.number},
    }


def test_an_order_of_which_nothing_is_shipped_is_not_to_be_shipped(client, owner):
    order = make_paid()
    Order.objects.filter(pk=order.pk).update(shipping_code="none")
    page = client.get(LIST)
    assert (numbers(page), find_all(page, "h2")[0].text) == ([], "Nothing to ship")
    assert "Nothing to ship" in text_of(find(client.get(f"{LIST}?tab=all"), "tbody"))


def test_a_row_says_what_was_ordered_by_whom_and_how_far_it_is(client, owner):
    variant = make_variant(title="Alma mug", price_minor=2400)
    order = make_paid(variant, quantity=3, name="Anna Peeters", city="Berlin")
    Order.objects.update(ship_by=date(2030, 1, 1), arrives_until=date(2030, 1, 3), gift_message="Enjoy!")
    row = rows_of(find(client.get(LIST), "tbody"))[0]
    assert row[1].startswith(order.number)
    assert row[2:4] == ["Anna Peeters Berlin, DE", "3 items"]
    assert row[4:6] == ["€72.00", "Paid"]
    assert row[6:] == ["To ship Gift message", "Standard Promised 3 Jan 2030"]


@pytest.mark.parametrize(
    ("days", "urgency", "words", "summary"),
    [
        (-1, "late", "Promised", "1 late"),
        (0, "soon", "Ship today", "1 to ship today"),
        (1, "", "Promised", "No order is late"),
    ],
)
def test_an_order_is_as_urgent_as_the_day_by_which_it_must_leave(client, owner, days, urgency, words, summary):
    make_paid()
    today = timezone.localdate()
    Order.objects.update(ship_by=today + timedelta(days=days), arrives_until=today + timedelta(days=days + 2))
    page = client.get(LIST)
    ages = find_all(page, "small", class_="age")
    assert [element.attributes["class"].split() for element in ages] == [["age", urgency] if urgency else ["age"]] * 2
    assert words in ages[1].text
    assert find(page, "p", class_="meta").text == summary


def test_staff_who_may_not_see_customers_see_the_country_only_and_search_by_numbers(client):
    employee = make_user(is_staff=True)
    employee.groups.set(Group.objects.filter(name="Read-only"))
    client.force_login(employee)
    order = make_paid(name="Anna Peeters", city="Berlin", postcode="10115", email="anna@example.com")
    page = client.get(LIST)
    assert rows_of(find(page, "tbody"))[0][2] == "DE"
    assert "Anna" not in text_of(page)
    for term in ("Peeters", "anna@example.com", "anna", "10115", "Berlin"):
        assert numbers(client.get(LIST, {"q": term})) == [], term
    assert numbers(client.get(LIST, {"q": order.number})) == [order.number]


def test_pages_follow_one_another_and_lead_back(client, owner):
    first = make_order()
    others = copies(first, 120)
    expected = [first.number, *(order.number for order in others)]
    page = client.get(f"{LIST}?tab=all")
    seen = [numbers(page)]
    while url := {text: url for url, text in links_of(page).items()}.get("Next"):
        page = client.get(LIST + url)
        seen.append(numbers(page))
    assert [len(part) for part in seen] == [50, 50, 21]
    assert sum(seen, []) == expected
    back = {text: url for url, text in links_of(page).items()}["Previous"]
    page = client.get(LIST + back)
    assert numbers(page) == seen[1]
    page = client.get(LIST + {text: url for url, text in links_of(page).items()}["Previous"])
    assert (numbers(page), "Previous" in links_of(page).values()) == (seen[0], False)


def test_orders_of_one_moment_are_each_on_one_page(client, owner):
    order = make_order()
    copies(order, 100)
    Order.objects.update(placed_at=order.placed_at)
    page = client.get(f"{LIST}?tab=all&sort=oldest")
    seen = numbers(page)
    while url := {text: url for url, text in links_of(page).items()}.get("Next"):
        page = client.get(LIST + url)
        seen += numbers(page)
    assert (len(seen), len(set(seen))) == (101, 101)


@pytest.mark.parametrize("place", ["x", "1-2-3", "99999999999999999999999-1", "-1-5", "1-99999999999999999999", "٣-1"])
def test_a_place_that_makes_no_sense_is_the_first_page(client, owner, place):
    order = make_order()
    assert numbers(client.get(LIST, {"tab": "all", "after": place})) == [order.number]


@pytest.mark.parametrize(
    "term",
    [
        *("Zoë", "zoe", "ZOE MULLER", "Muller", "mü", "zo mu"),
        *("zoe@example.com", "ZOE@exa", "zoe.m", "@example.org", "00 34", "0034 0434-1", "00340434-1"),
        *("10115", "101", "10 115", "T-SEARCHED", "t-searched"),
    ],
)
def test_an_order_is_found_by_what_is_known_of_it(client, owner, term):
    order = make_paid(
        make_variant(sku="T-Searched"), name="Zoë Müller-Lüdenscheid", postcode="10115", email="zoe@example.com"
    )
    make_paid(name="Otto Klein", postcode="20095", email="otto@example.com")
    if term == "zoe.m" or term == "@example.org":
        Order.objects.filter(pk=order.pk).update(email="zoe.m@example.org")
    Fulfillment.objects.create(order=order, tracking_number="0034 0434-1", shipped_at=timezone.now())
    expected = [] if term == "00 34" else [order.number]  # too short for a tracking number
    assert numbers(client.get(LIST, {"q": term})) == expected


def test_a_number_is_found_by_any_part_of_it(client, owner):
    order = make_order()
    make_order()
    prefix, _, code = order.number.partition("-")
    for term in (order.number, order.number.lower(), code, code[-5:], f"#{order.number}", f" {code} "):
        assert numbers(client.get(LIST, {"q": term})) == [order.number], term


def test_a_search_that_many_orders_match_has_pages(client, owner):
    order = make_order(name="Anna Peeters")
    copies(order, 60)
    page = client.get(LIST, {"q": "anna"})
    rest = client.get(LIST + {text: url for url, text in links_of(page).items()}["Next"])
    assert (len(numbers(page)), len(numbers(rest)), set(numbers(page)) & set(numbers(rest))) == (50, 11, set())


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        *(("country=DE", True), ("country=AT", False), ("state=confirmed", True), ("state=placed", False)),
        *(("parcels=unfulfilled", True), ("parcels=shipped", False), ("market=main", True)),
        *(("paid_by=card", True), ("paid_by=giftcard", False), ("paid_by=none", False)),
        *(("placed_from=2026-03-01", True), ("placed_from=2026-03-02", False)),
        *(("placed_until=2026-03-01", True), ("placed_until=2026-02-28", False)),
        *(("country=Utopia", True), ("placed_from=yesterday", True), ("placed_until=9999-12-31", True)),
    ],
)
def test_the_list_is_filtered(client, owner, query, is_found):
    order = make_paid()
    Order.objects.update(placed_at=timezone.make_aware(timezone.datetime(2026, 3, 1, 23, 30)))
    page = client.get(f"{LIST}?tab=all&{query}")
    assert numbers(page) == ([order.number] if is_found else [])


def test_what_the_list_is_filtered_by_is_shown_and_can_be_removed(client, owner):
    make_paid()
    page = client.get(f"{LIST}?state=confirmed&country=AT&sort=oldest")
    assert [tag.text for tag in find_all(page, "span", class_="tag")] == ["Status: Confirmed", "Country: Austria"]
    assert links_of(page)["?sort=oldest"] == "Remove filters"
    assert find_all(page, "h2")[0].text == "No order matches"


@pytest.mark.parametrize("query", ["", "?tab=all", "?tab=problems", "?q=anna", "?country=DE&state=confirmed"])
def test_the_list_costs_as_many_queries_for_one_order_as_for_many(client, query):
    staff(client, "Support")
    order = make_paid(name="Anna Peeters")
    OrderLine.objects.update(is_backordered=True, expected_on=date(2026, 1, 5))
    client.get(LIST + query)
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(LIST + query)
    for copy in copies(order, 30):
        for line in order.lines.all():
            line.pk, line.order = None, copy
            line.save()
    with CaptureQueriesContext(connection) as many:
        page = client.get(LIST + query)
    assert len(numbers(page)) == 31
    assert (len(many), len(one) <= 12) == (len(one), True)


def paid_by_card(order: Order, *, refunded_minor: int = 0, **fields) -> Payment:
    return Payment.objects.create(
        order=order,
        status="captured",
        currency="EUR",
        amount_minor=order.total_minor,
        captured_minor=order.total_minor,
        refunded_minor=refunded_minor,
        card="Visa ending in 4242",
        **fields,
    )


def test_a_row_says_how_the_order_was_paid_and_what_was_refunded(client, owner):
    new, paid, part, whole, asked, canceled = (make_paid() for _ in range(6))
    Order.objects.filter(pk=new.pk).update(status="placed", payment_due_at=timezone.now())
    Order.objects.filter(pk=canceled.pk).update(status="canceled", confirmed_at=None, cancel_reason="expired")
    paid_by_card(paid)
    paid_by_card(part, refunded_minor=100)
    paid_by_card(whole, refunded_minor=whole.total_minor)
    Refund.objects.create(payment=paid_by_card(asked), amount_minor=5, currency="EUR")
    rows = {row[1].split()[0]: row[5] for row in rows_of(find(client.get(f"{LIST}?tab=all"), "tbody"))}
    assert rows == {
        new.number: "Unpaid",
        paid.number: "Paid Visa ending in 4242",
        part.number: "Partly refunded Visa ending in 4242",
        whole.number: "Refunded Visa ending in 4242",
        asked.number: "Refund pending Visa ending in 4242",
        canceled.number: "Not paid",
    }


def test_payments_to_check_and_failed_refunds_are_problems_until_they_are_solved(client, owner):
    late, failed, repeated, fine = (make_paid() for _ in range(4))
    paid_by_card(late, flag="late")
    paid_by_card(fine)
    for order, statuses in ((failed, ["failed"]), (repeated, ["failed", "succeeded"])):
        payment = paid_by_card(order)
        made = [Refund.objects.create(payment=payment, amount_minor=5, currency="EUR", status=st) for st in statuses]
        Refund.objects.filter(pk=made[0].pk).update(replaced_by=made[1] if made[1:] else None)
    page = client.get(f"{LIST}?tab=problems")
    shown = {row[1].split()[0]: row[6] for row in rows_of(find(page, "tbody"))}
    assert shown == {late.number: "To ship Payment to check", failed.number: "To ship Refund failed"}
