"""Panels and actions that apps add to the order page, and who may use them."""

import uuid
from collections.abc import Callable
from types import ModuleType

import pytest
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.urls import path

from accounts.models import User
from catalog.admin.base import Question
from orders.admin.order_page import Action, ActionForm, ActionRefused, Panel, order_page
from orders.admin.order_page.content import DETAILS, details
from orders.fulfillment import NewFulfillment, ship
from orders.lifecycle import confirm, record_event
from orders.models import Order, OrderEvent
from shop.urls import urlpatterns
from tests.factories import (
    make_order,
    make_variant,
)
from tests.orders.staff_pages import logged_in, page_of, titles_of
from tests.reading import find, links_of, markup_of, text_of

pytestmark = pytest.mark.django_db


class NoteForm(ActionForm):
    heading = "What happened"
    button = "Keep the note"

    text = forms.CharField()

    def __init__(self, *args, order: Order, **kwargs) -> None:
        super().__init__(*args, order=order, **kwargs)
        self.fields["text"].label = f"Note about {order.number}"


def keep_note(order: Order, by: int, form: forms.Form | None) -> str:
    text = form.cleaned_data["text"] if isinstance(form, forms.Form) else "No form"
    if text == "rude":
        raise ActionRefused("Please be polite.")
    record_event(order, OrderEvent.Kind.PAYMENT, text, user_id=by)
    return f"Kept the note about {order.number}."


def action(name: str = "keep", **options) -> Action:
    return Action(
        **{
            "name": name,
            "label": "Keep a note",
            "permission": "orders.cancel_order",
            "position": 5,
            "refusal": lambda order: f"{order.number} is not paid." if order.is_unpaid else "",
            "run": keep_note,
            **options,
        }
    )


@pytest.fixture
def add(monkeypatch, settings) -> Callable[..., None]:
    """Add panels and actions for one test, and serve the actions' pages."""
    monkeypatch.setattr(order_page, "panels", dict(order_page.panels))
    monkeypatch.setattr(order_page, "actions", dict(order_page.actions))

    def add(*parts: Panel | Action) -> None:
        order_page.add(*parts)
        urls = ModuleType("urls")
        urls.urlpatterns = [path("admin/", admin.site.urls), *urlpatterns]
        settings.ROOT_URLCONF = urls

    return add


def test_an_app_adds_a_panel_at_its_position(client, add):
    panel = Panel(
        "weight",
        "Weight",
        DETAILS,
        15,
        lambda order, _user: details(("Grams", sum(line.grams for line in order.lines.all()))),
    )
    add(panel)
    order = make_order(make_variant(grams=750))
    logged_in(client, "see_customer_order")
    assert titles_of(client, order)[:3] == ["Items", "Weight", "Parcels"]
    assert "750" in text_of(client.get(page_of(order)))


def test_a_panel_is_shown_only_to_users_with_its_permission(client, add):
    add(
        Panel(
            "secret",
            "Secret",
            DETAILS,
            25,
            lambda _order, _user: details(("Word", "hush")),
            permission="orders.ship_order",
        )
    )
    order = make_order()
    logged_in(client)
    assert "hush" not in markup_of(client.get(page_of(order)))
    logged_in(client, "ship_order")
    assert "hush" in text_of(client.get(page_of(order)))


def test_two_panels_or_actions_cannot_have_the_same_name(add):
    add(action())
    with pytest.raises(ValueError, match="keep"):
        add(action())


def test_an_action_without_a_form_is_a_button_that_runs_it(client, add):
    add(action())
    order = make_order()
    confirm(order)
    user = logged_in(client, "cancel_order")
    url = f"/admin/orders/order/{order.pk}/keep/"
    assert find(client.get(page_of(order)), "form", method="post", action=url)
    assert client.get(url).status_code == 405
    assert f"Kept the note about {order.number}." in text_of(client.post(url, follow=True))
    assert order.events.last().user_id == user.pk


def test_an_action_with_a_form_shows_the_form_and_why_it_was_refused(client, add):
    add(action(form=NoteForm))
    order = make_order()
    confirm(order)
    logged_in(client, "cancel_order")
    url = f"/admin/orders/order/{order.pk}/keep/"
    assert links_of(client.get(page_of(order)))[url] == "Keep a note"
    page = text_of(client.get(url))
    assert [part in page for part in ("What happened", f"Note about {order.number}", "Keep the note")] == [True] * 3
    empty, refused = client.post(url, {"text": ""}), client.post(url, {"text": "rude"})
    assert (empty.status_code, refused.status_code) == (422, 422)
    assert "Please be polite." in text_of(refused)
    assert "Kept the note" in text_of(client.post(url, {"text": "Called"}, follow=True))
    assert order.events.last().text == "Called"


def test_an_action_with_a_question_runs_after_confirmation(client, add):
    def question(order: Order, _user: User) -> Question:
        return Question("Sure?", [f"{order.number} gets a note."], "Yes", page_of(order), order.number)

    add(action(question=question))
    order = make_order()
    confirm(order)
    logged_in(client, "cancel_order")
    url = f"/admin/orders/order/{order.pk}/keep/"
    asked = client.get(url)
    assert f"{order.number} gets a note." in text_of(asked)
    assert client.post(url).status_code == 200
    assert not order.events.filter(text="No form")
    client.post(url, {"confirmed": asked.context["mark"]})
    assert order.events.filter(text="No form").count() == 1


def test_an_action_is_offered_to_users_with_its_permission_while_the_order_allows_it(client, add):
    add(action())
    order = make_order()
    url = f"/admin/orders/order/{order.pk}/keep/"
    logged_in(client, "cancel_order")
    assert "Keep a note" not in text_of(client.get(page_of(order)))
    assert f"{order.number} is not paid." in text_of(client.post(url, follow=True))
    confirm(order)
    assert "Keep a note" in text_of(client.get(page_of(order)))
    logged_in(client)
    assert "Keep a note" not in text_of(client.get(page_of(order)))
    assert client.post(url).status_code == 403
    assert not order.events.filter(text="No form")


def test_submitting_the_shipping_form_twice_ships_once(client):
    order = make_order()
    confirm(order)
    logged_in(client, "ship_order")
    url = f"/admin/orders/order/{order.pk}/ship/"
    form = {"key": str(uuid.uuid4()), f"line_{order.lines.get().pk}": "1"}
    answers = [text_of(client.post(url, form, follow=True)) for _time in range(2)]
    assert [f"The parcel of {order.number} was shipped." in answer for answer in answers] == [True, True]
    assert order.fulfillments.count() == 1
    assert f"{order.number} is completed: there is nothing to ship." in text_of(client.get(url, follow=True))


def codenames_of(action: Action) -> list[str]:
    return [name.partition(".")[2] for name in (action.permission, *action.other_permissions)]


@pytest.mark.parametrize("name", sorted(order_page.actions))
def test_an_action_needs_its_permissions_and_the_permission_to_view_orders(client, name):
    order = make_order(quantity=2)
    confirm(order)
    if name == "tracking":
        ship(order, NewFulfillment({order.lines.get().pk: 1}, "DHL"))
    url, codenames = f"/admin/orders/order/{order.pk}/{name}/", codenames_of(order_page.actions[name])
    events = order.events.count()
    for given in ([], codenames[1:]):
        logged_in(client, *given)
        assert [client.get(url).status_code, client.post(url).status_code] == [403, 403]
    user = logged_in(client)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    assert [client.get(url).status_code, client.post(url).status_code] == [403, 403]
    logged_in(client, *codenames)
    is_refused = bool(order_page.actions[name].refusal(order))  # the page then leads back to the order
    assert client.get(url).status_code == (302 if is_refused else 200)
    assert order.events.count() == events


def test_every_page_of_an_order_needs_the_permission_to_view_orders(client):
    order = make_order()
    confirm(order)
    user = logged_in(client)
    user.user_permissions.set(Permission.objects.exclude(codename__in=["view_order", "change_order"]))
    pages = ["change", "history", "delete", *sorted(order_page.actions)]
    urls = [f"/admin/orders/order/{order.pk}/{page}/" for page in pages]
    assert [client.get(url).status_code for url in urls] == [403] * len(urls)


def test_the_question_before_canceling_names_the_customer_only_to_staff_who_may_see_customers(client):
    order = make_order(name="Anna Peeters", email="anna@example.com")
    logged_in(client, "cancel_order")
    asked = text_of(client.get(f"/admin/orders/order/{order.pk}/cancel/"))
    assert [word in asked for word in ("Anna", "anna@example.com", "The customer gets the e-mail")] == [
        *(False, False, True)
    ]
    logged_in(client, "cancel_order", "see_customer_order")
    asked = text_of(client.get(f"/admin/orders/order/{order.pk}/cancel/"))
    assert [word in asked for word in (f"{order.number} of Anna Peeters", "anna@example.com gets the e-mail")] == [
        True
    ] * 2


def test_the_roles_that_may_cancel_orders_may_see_customers():
    assert {
        name: {*Group.objects.get(name=name).permissions.values_list("codename", flat=True)} >= {"see_customer_order"}
        for name in Group.objects.filter(permissions__codename="cancel_order").values_list("name", flat=True)
    } == {"Owner": True, "Manager": True, "Support": True}


def test_an_order_that_does_not_exist_has_no_actions(client):
    logged_in(client, "ship_order", "cancel_order")
    assert client.get("/admin/orders/order/1/ship/").status_code == 404
    assert client.get("/admin/orders/order/1/cancel/").status_code == 404
