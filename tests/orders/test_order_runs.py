"""The same action for many orders, exports and saved views of the order list."""

import csv
import io

import pytest
from django.utils import timezone

from orders.bulk_actions import bulk_actions, plan_run, start_run, work_waiting
from orders.editing import Edit, correct_email
from orders.lifecycle import confirm
from orders.models import Order, OrderRun, SavedView
from shop.models import Mail
from tests.factories import make_order, make_variant
from tests.orders.staff_pages import staff
from tests.reading import find, find_all, form_of, links_of, messages_of, rows_of, text_of

pytestmark = pytest.mark.django_db
LIST = "/admin/orders/order/"


def make_paid(*variants, **changes) -> Order:
    order = make_order(*variants, **changes)
    confirm(order)
    return order


def chosen(action: str, *orders: Order) -> dict:
    return {"action": action, "order": [order.pk for order in orders], "back": "?tab=all"}


def results(page) -> dict[str, str]:
    """The result of each order on the page of a run."""
    return {row[0]: row[3] for row in rows_of(find(page, "tbody"))}


def test_the_mails_of_many_orders_are_sent_again_by_a_worker(client):
    staff(client, "Support")
    first, second, unpaid = make_paid(), make_paid(), make_order()
    sent = Mail.objects.count()
    page = client.post(f"{LIST}bulk/", chosen("mail", first, second, unpaid), follow=True)
    assert find(page, "progress").attributes["max"] == "3"
    assert set(results(page).values()) == {"Waiting"}
    assert work_waiting() == 1
    page = client.get(page.request["PATH_INFO"])
    assert results(page) == {
        first.number: "Done Sent again: Order confirmation",
        second.number: "Done Sent again: Order confirmation",
        unpaid.number: "Not done There is no e-mail that could be sent again.",
    }
    assert "2 done, 1 not done" in text_of(page)
    assert Mail.objects.count() == sent + 2


def test_a_run_that_is_started_twice_sends_each_mail_once(client):
    staff(client, "Support")
    order = make_paid()
    sent = Mail.objects.count()
    pages = [client.post(f"{LIST}bulk/", chosen("mail", order), follow=True) for _time in range(2)]
    assert work_waiting() == 2
    outcomes = sorted(results(client.get(page.request["PATH_INFO"]))[order.number] for page in pages)
    assert outcomes[0] == "Done Sent again: Order confirmation"
    assert outcomes[1].startswith("Not done This e-mail was sent again a moment ago.")
    assert Mail.objects.count() == sent + 1
    correct_email(order, "new@example.com", Edit(None))
    client.post(f"{LIST}bulk/", chosen("mail", order))
    assert (work_waiting(), Mail.objects.count()) == (1, sent + 2)


def test_canceling_many_orders_is_confirmed_first(client):
    staff(client, "Support")
    order, shipped = make_order(), make_paid()
    Order.objects.filter(pk=shipped.pk).update(fulfillment_status="partial")
    page = client.post(f"{LIST}bulk/", chosen("cancel", order, shipped), follow=True)
    assert "what was paid is refunded" in text_of(page)
    assert work_waiting() == 0
    start = next(form for form in find_all(page, "form") if "/start/" in form.attributes["action"])
    client.post(start.attributes["action"])
    client.post(start.attributes["action"])
    assert work_waiting() == 1
    page = client.get(page.request["PATH_INFO"])
    assert results(page)[order.number] == "Done Canceled"
    assert "has been shipped" in results(page)[shipped.number]
    assert set(Order.objects.values_list("status", flat=True)) == {"canceled", "confirmed"}


def test_an_order_that_a_dead_worker_had_begun_gets_one_mail(client):
    user = staff(client, "Support")
    order = make_paid()
    run = plan_run(bulk_actions["mail"], [order.pk], user)
    sent = Mail.objects.count()
    for _worker in range(2):
        OrderRun.objects.update(status="waiting", claimed_until=None)
        run.rows.update(outcome="")
        assert work_waiting() == 1
    assert Mail.objects.count() == sent + 1


def test_a_run_that_a_worker_has_claimed_is_left_to_it(client):
    user = staff(client, "Support")
    plan_run(bulk_actions["mail"], [make_paid().pk], user)
    OrderRun.objects.update(claimed_until=timezone.now() + timezone.timedelta(minutes=1))
    assert work_waiting() == 0


def test_the_run_that_was_started_first_is_worked_on_first(client):
    user = staff(client, "Support")
    first, second = (plan_run(bulk_actions["mail"], [make_paid().pk], user) for _run in range(2))
    assert work_waiting() == 2
    assert list(OrderRun.objects.order_by("finished_at")) == [first, second]


def test_an_order_is_canceled_by_whoever_started_the_run_and_not_by_who_planned_it(client):
    planner, order = staff(client, "Support"), make_order()
    run = plan_run(bulk_actions["cancel"], [order.pk], planner)
    starter = staff(client, "Support")
    client.post(f"/admin/orders/orderrun/{run.pk}/start/")
    assert work_waiting() == 1
    assert order.events.get(kind="canceled").user == starter


def test_a_run_ends_with_the_permission_of_whoever_started_it(client):
    user = staff(client, "Support")
    order = make_order()
    run = plan_run(bulk_actions["cancel"], [order.pk], user)
    start_run(run, user)
    user.groups.clear()
    assert work_waiting() == 1
    assert run.rows.get().outcome == "refused"
    assert Order.objects.get().status == "placed"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"action": "mail"}, "Select at least one order."),
        ({"action": "mail", "order": ["x"]}, "Select at least one order."),
        ({"order": ["1"]}, "Choose what to do with the orders."),
        ({"action": "mail", "order": list(range(501))}, "Select at most 500 orders."),
    ],
)
def test_a_selection_without_meaning_is_one_sentence(client, fields, sentence):
    staff(client, "Support")
    page = client.post(f"{LIST}bulk/", {**fields, "back": "?tab=all"}, follow=True)
    assert (messages_of(page), page.request["QUERY_STRING"]) == ([sentence], "tab=all")
    assert not OrderRun.objects.exists()


@pytest.mark.parametrize(
    ("role", "shown", "refused"),
    [
        ("Support", {"mail", "cancel", "export"}, set()),
        ("Finance", {"export"}, {"mail", "cancel"}),
        ("Fulfilment", set(), {"mail", "cancel", "export"}),
        ("Read-only", set(), {"mail", "cancel", "export"}),
    ],
)
def test_an_action_is_offered_to_those_who_may_take_it(client, role, shown, refused):
    staff(client, role)
    order = make_paid()
    buttons = find_all(client.get(LIST), "button", name="action")
    assert {button.attributes["value"] for button in buttons} == shown
    for name in refused:
        assert client.post(f"{LIST}bulk/", chosen(name, order)).status_code == 403
    assert not OrderRun.objects.exists()


def exported(answer) -> list[dict]:
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def test_selected_orders_are_exported_without_formulas(client):
    staff(client, "Support")
    order = make_paid(make_variant(sku="T-1", price_minor=2400), quantity=2, name="=1+2")
    make_paid()
    row = exported(client.post(f"{LIST}bulk/", chosen("export", order)))
    assert [(line["Number"], line["Name"], line["Total"], line["SKUs"]) for line in row] == [
        (order.number, "'=1+2", "52.90", "2 × T-1")
    ]


def test_the_whole_list_is_exported_as_it_is_filtered_and_searched(client):
    staff(client, "Support")
    unpaid, paid, other = make_order(name="Anna Peeters"), make_paid(name="Anna Peeters"), make_paid(name="Otto Klein")
    urls = {"": {paid, other}, "?tab=all&q=anna": {unpaid, paid}, "?state=placed": {unpaid}, "?q=nobody": set()}
    for url, orders in urls.items():
        link = next(link for link in links_of(client.get(LIST + url)) if "/export/" in link)
        assert {line["Number"] for line in exported(client.get(link))} == {order.number for order in orders}, url


def test_an_export_of_staff_who_may_not_see_customers_names_none(client):
    user = staff(client, "Read-only")
    user.user_permissions.set(user.user_permissions.model.objects.filter(codename="export_order"))
    make_paid(name="Anna Peeters")
    rows = exported(client.get(f"{LIST}export/"))
    assert (len(rows), "Name" in rows[0], "Anna" in str(rows)) == (1, False, False)


def test_a_view_is_saved_for_oneself_and_deleted(client):
    staff(client, "Fulfilment")
    page = client.get(f"{LIST}?country=DE&state=confirmed")
    form = form_of(page, action=f"{LIST}views/")
    page = client.post(f"{LIST}views/", {**form, "name": " To  Germany "}, follow=True)
    assert messages_of(page) == ["The view “To Germany” was saved."]
    chip = find(page, "a", class_="chip", aria_current="true")
    assert (chip.text, chip.attributes["href"]) == ("To Germany", "?country=DE&state=confirmed")
    view = SavedView.objects.get()
    assert not view.is_shared
    client.post(f"{LIST}views/{view.pk}/delete/", {"back": "?"})
    assert not SavedView.objects.exists()


def test_a_shared_view_is_offered_to_everybody_but_not_theirs_to_delete(client):
    staff(client, "Support")
    client.post(f"{LIST}views/", {"name": "Abroad", "query": "country=AT", "is_shared": "on"})
    view = SavedView.objects.get()
    staff(client, "Fulfilment")
    page = client.get(LIST)
    assert "Abroad, shared" in {chip.text for chip in find_all(page, "a", class_="chip")}
    assert "Delete “Abroad”" not in text_of(page)
    page = client.post(f"{LIST}views/{view.pk}/delete/", {"back": "?"}, follow=True)
    assert messages_of(page) == ["This view belongs to somebody else."]
    page = client.post(f"{LIST}views/", {"name": "Mine", "query": "", "is_shared": "on"}, follow=True)
    assert messages_of(page) == ["You may not share views."]
    assert SavedView.objects.count() == 1


def test_a_view_of_somebody_else_is_not_shown(client):
    staff(client, "Support")
    client.post(f"{LIST}views/", {"name": "Secret", "query": "q=anna"})
    staff(client, "Support")
    assert find_all(client.get(LIST), "a", class_="chip") == []


def test_nobody_is_sent_elsewhere_after_saving(client):
    staff(client, "Support")
    for back in ("https://example.com/", "//example.com", "/admin/"):
        answer = client.post(f"{LIST}views/", {"name": "x", "query": "", "back": back})
        assert answer.url == LIST


def test_shared_views_with_a_search_are_for_staff_who_may_see_customers(client):
    support = staff(client, "Support")
    for name, query in [("Anna", "q=Anna+Peeters&tab=all"), ("Late", "tab=ship&work=late")]:
        SavedView.objects.create(owner=support, name=name, query=query, is_shared=True)
    names = {}
    for role in ("Fulfilment", "Read-only"):
        staff(client, role)
        names[role] = {link.view.name for link in client.get(LIST).context["cl"].view_links}
    assert names == {"Fulfilment": {"Anna", "Late"}, "Read-only": {"Late"}}


@pytest.mark.parametrize(
    ("sent", "url"),
    [
        ({"back": "?tab=all"}, f"{LIST}?tab=all"),
        ({"back": "?a\r\nSet-Cookie: b=c"}, LIST),
        ({"back": "//evil.example"}, LIST),
        ({"action": "mail", "order": ["9" * 5000]}, LIST),
    ],
)
def test_what_a_page_of_the_list_never_sends_leads_back_to_the_list(client, sent, url):
    staff(client, "Support")
    assert client.post(f"{LIST}bulk/", sent).url == url
