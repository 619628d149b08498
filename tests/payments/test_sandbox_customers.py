"""The stand-in for Stripe keeps customers and their cards, and serves a page that a shop embeds."""

import urllib.request

import pytest

from tests.stripe_desk import CARD, SESSION

SAVING = {"saved_payment_method_options[payment_method_save]": "enabled"}
MASTERCARD = "5555555555554444"


@pytest.fixture
def customer(stripe_desk):
    return stripe_desk.post("customers", email="ada@example.com", name="Ada")


def session_for(desk, customer, **fields):
    return desk.post("checkout/sessions", **{**SESSION, "customer": customer["id"], **fields})


def methods_of(desk, customer):
    return desk.call(f"customers/{customer['id']}/payment_methods")["data"]


def read(address):
    return urllib.request.urlopen(address, timeout=10).read().decode()


def embedded(desk, **fields):
    hosted = {"success_url", "cancel_url"}
    plain = {name: value for name, value in SESSION.items() if name not in hosted}
    return desk.post("checkout/sessions", **{**plain, "ui_mode": "embedded_page", **fields})


def test_a_customer_is_made_changed_found_and_deleted(stripe_desk, customer):
    path = f"customers/{customer['id']}"
    changed = stripe_desk.post(path, name="", **{"metadata[user]": "7"})
    assert (changed["name"], changed["email"], changed["metadata"]) == (None, "ada@example.com", {"user": "7"})
    assert [found["id"] for found in stripe_desk.call("customers", email="ada@example.com")["data"]] == [customer["id"]]
    assert stripe_desk.call("customers", email="bob@example.com")["data"] == []
    assert stripe_desk.remove(path) == {"id": customer["id"], "object": "customer", "deleted": True}
    assert stripe_desk.call(path)["deleted"] is True
    assert stripe_desk.call("customers")["data"] == []
    assert session_for(stripe_desk, customer)["code"] == "resource_missing"


def test_a_card_is_saved_only_where_the_shopper_ticks_the_box(stripe_desk, customer):
    session = session_for(stripe_desk, customer, **SAVING)
    assert "Save this card" in read(session["url"])
    stripe_desk.pay(session["url"])
    assert methods_of(stripe_desk, customer) == []
    stripe_desk.pay(session_for(stripe_desk, customer, **SAVING)["url"], save="1")
    (method,) = methods_of(stripe_desk, customer)
    assert (method["card"]["last4"], method["allow_redisplay"]) == ("4242", "always")
    assert stripe_desk.events_about(method["id"])[0]["type"] == "payment_method.attached"


def test_a_box_that_the_shop_does_not_offer_saves_nothing(stripe_desk, customer):
    session = session_for(stripe_desk, customer)
    assert "Save this card" not in read(session["url"])
    stripe_desk.pay(session["url"], save="1")
    assert methods_of(stripe_desk, customer) == []


def test_a_saved_card_pays_until_it_is_detached(stripe_desk, customer):
    stripe_desk.pay(session_for(stripe_desk, customer, **SAVING)["url"], MASTERCARD, save="1")
    (method,) = methods_of(stripe_desk, customer)
    session = session_for(stripe_desk, customer)
    assert "Pay with Mastercard ending in 4444" in read(session["url"])
    assert stripe_desk.pay_with_saved(session["url"], method["id"]).startswith("303 ")
    (intent, _first) = stripe_desk.call("payment_intents", customer=customer["id"])["data"]
    assert (intent["payment_method"], intent["status"]) == (method["id"], "succeeded")
    assert stripe_desk.post(f"payment_methods/{method['id']}/detach")["customer"] is None
    assert methods_of(stripe_desk, customer) == []
    session = session_for(stripe_desk, customer)
    assert "not one of the test cards" in stripe_desk.pay_with_saved(session["url"], method["id"])
    assert "detachment is impossible" in stripe_desk.post(f"payment_methods/{method['id']}/detach")["message"]


def test_another_customers_card_cannot_pay(stripe_desk, customer):
    stripe_desk.pay(session_for(stripe_desk, customer, **SAVING)["url"], save="1")
    (method,) = methods_of(stripe_desk, customer)
    other = stripe_desk.post("customers", email="eve@example.com")
    session = session_for(stripe_desk, other)
    assert "not one of the test cards" in stripe_desk.pay_with_saved(session["url"], method["id"])


def test_a_session_knows_its_customer(stripe_desk, customer):
    session = session_for(stripe_desk, customer)
    stripe_desk.pay(session["url"])
    paid = stripe_desk.call(f"checkout/sessions/{session['id']}")
    assert (paid["customer"], paid["customer_details"]["email"]) == (customer["id"], "ada@example.com")
    both = session_for(stripe_desk, customer, customer_email="eve@example.com")
    assert "only specify one" in both["message"]


def test_a_customer_is_made_by_a_payment(stripe_desk):
    wishes = {"customer_creation": "always", "customer_email": "new@example.com"}
    session = stripe_desk.post("checkout/sessions", **SESSION, **wishes)
    stripe_desk.pay(session["url"])
    (customer,) = stripe_desk.call("customers", email="new@example.com")["data"]
    assert stripe_desk.call(f"checkout/sessions/{session['id']}")["customer"] == customer["id"]


def test_an_embedded_page_is_paid_and_returns(stripe_desk):
    session = embedded(stripe_desk, return_url="http://127.0.0.1/back?s={CHECKOUT_SESSION_ID}")
    assert (session["url"], session["ui_mode"]) == (None, "embedded_page")
    page = read(f"{stripe_desk.address}/c/embedded/{session['client_secret']}")
    assert "Order &lt;1&gt;" in page
    assert "insufficient" in stripe_desk.pay_embedded(session["client_secret"], "4000000000009995")
    assert stripe_desk.pay_embedded(session["client_secret"]) == f"303 http://127.0.0.1/back?s={session['id']}"
    assert stripe_desk.call(f"checkout/sessions/{session['id']}")["payment_status"] == "paid"


def test_an_embedded_page_in_a_frame_tells_the_shops_page(stripe_desk):
    session = embedded(stripe_desk, return_url="http://127.0.0.1/back")
    page = stripe_desk.pay_embedded(session["client_secret"], CARD, framed="1")
    assert '{"sandbox": "complete", "target": "http://127.0.0.1/back"}' in page
    assert "initEmbeddedCheckout" in read(f"{stripe_desk.address}/stripe.js")


def test_an_embedded_page_opens_with_its_secret_only(stripe_desk):
    session = embedded(stripe_desk, redirect_on_completion="never")
    assert stripe_desk.pay_embedded(session["id"]).startswith("404")
    assert "This payment is done" in stripe_desk.pay_embedded(session["client_secret"])


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "return_url"),
        ({"return_url": "http://127.0.0.1/back", "success_url": "http://127.0.0.1/ok"}, "success_url"),
        ({"return_url": "http://127.0.0.1/back", "redirect_on_completion": "never"}, "return_url"),
        ({"return_url": "http://127.0.0.1/back", "ui_mode": "embedded"}, "ui_mode"),
    ],
)
def test_addresses_that_do_not_fit_the_page_are_refused(stripe_desk, fields, param):
    assert embedded(stripe_desk, **fields)["param"] == param
