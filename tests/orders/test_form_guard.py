"""The checkout form tells scripts from people: by a field that nobody sees, and by the time that it takes."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from orders.models import Order
from tests.factories import make_cart, make_shipping, make_variant
from tests.orders.checkout_pages import GERMAN, client_of, placing
from tests.reading import find, find_all, text_of

pytestmark = pytest.mark.django_db
SENTENCE = "Please check your order and press the button again. You have not been charged."
PLACE = "10115"


@pytest.fixture
def shopper(settings):
    settings.CHECKOUT_MIN_SECONDS = 2
    make_shipping()
    return client_of(make_cart(make_variant()))


def opened_in(page) -> str:
    return find(page, "input", name="opened").attributes["value"]


def send(client, page, **fields):
    return client.post("/checkout/", placing(page, **GERMAN, opened=opened_in(page), leave_empty="", **fields))


def later(seconds: float):
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=False)


def test_a_form_that_took_its_time_is_an_order(shopper):
    page = shopper.get("/checkout/")
    with later(4):
        assert send(shopper, page).status_code == 302
    assert Order.objects.count() == 1


def test_a_form_sent_at_once_asks_to_press_again_and_keeps_everything(shopper):
    page = shopper.get("/checkout/")
    refused = send(shopper, page)
    assert (refused.status_code, Order.objects.count()) == (409, 0)
    assert SENTENCE in text_of(refused)
    assert find(refused, "input", name="line1").attributes["value"] == GERMAN["line1"]
    assert opened_in(refused) == opened_in(page)
    with later(4):
        assert send(shopper, refused).status_code == 302


def test_the_time_counts_from_the_first_look_also_after_errors(shopper):
    page = shopper.get("/checkout/")
    with later(4):
        wrong = shopper.post("/checkout/", {**placing(page, **{**GERMAN, "line1": ""}), "opened": opened_in(page)})
        assert wrong.status_code == 422
        assert send(shopper, wrong).status_code == 302


def test_a_form_may_stay_open_for_days(shopper):
    page = shopper.get("/checkout/")
    with later(3 * 86400):
        assert send(shopper, page).status_code == 302


@pytest.mark.parametrize("stamp", ["", "forged", "0:1:2"])
def test_a_form_without_our_stamp_gets_a_new_one(shopper, stamp):
    page = shopper.get("/checkout/")
    with later(60):
        refused = shopper.post("/checkout/", placing(page, **GERMAN, opened=stamp))
        assert (refused.status_code, Order.objects.count()) == (409, 0)
    with later(70):
        assert send(shopper, refused).status_code == 302


def test_the_stamp_of_another_cart_does_not_count(shopper):
    other = client_of(make_cart(make_variant())).get("/checkout/")
    page = shopper.get("/checkout/")
    with later(60):
        refused = shopper.post("/checkout/", placing(page, **GERMAN, opened=opened_in(other)))
    assert refused.status_code == 409


def test_a_filled_hidden_field_is_refused_and_emptied(shopper):
    page = shopper.get("/checkout/")
    with later(60):
        form = placing(page, **GERMAN, opened=opened_in(page), leave_empty="https://spam.example")
        refused = shopper.post("/checkout/", form)
        assert (refused.status_code, Order.objects.count()) == (409, 0)
        assert "value" not in find(refused, "input", name="leave_empty").attributes
        assert send(shopper, refused).status_code == 302


def test_people_neither_see_nor_reach_the_hidden_field(shopper):
    page = shopper.get("/checkout/")
    (box,) = [each for each in find_all(page, "div", aria_hidden="true") if find_all(each, "input", name="leave_empty")]
    trap = find(box, "input", name="leave_empty")
    assert tuple(
        each.attributes[name] for each, name in ((box, "class"), (trap, "tabindex"), (trap, "autocomplete"))
    ) == ("vh", "-1", "off")


def test_sending_an_order_twice_is_not_refused(shopper):
    page = shopper.get("/checkout/")
    with later(4):
        first = send(shopper, page)
    assert send(shopper, page).headers["Location"] == first.headers["Location"]
    assert Order.objects.count() == 1
