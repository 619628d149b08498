"""The sandbox answers every call that the gateway makes, and the gateway survives answers that it does not know."""

import inspect
import re
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from payments import gateway
from payments.sandbox.api import PATTERNS
from shop.embedded.state import ROOT
from tests.stripe_desk import SESSION

CALL = re.compile(r"\.v1((?:\.[a-z_]+)+)\.([a-z_]+)[(,)]")
PLAIN = {
    "create": ("POST", ""),
    "delete": ("DELETE", "/x"),
    "list": ("GET", ""),
    "retrieve": ("GET", "/x"),
    "update": ("POST", "/x"),
}
NESTED = {"customers.payment_methods": "customers/x/payment_methods"}
AT_ONCE = "4000000000000077"  # its money can be paid out at once
CALLING = ("cancel", "capture", "close", "create", "delete", "detach", "expire", "find", "list", "retrieve", "submit")


def gateway_calls():
    """Return the resource and the operation of every call in the gateway's source: `refunds`, `create`."""
    source = "".join(path.read_text() for path in sorted((ROOT / "payments/gateway").glob("*.py")))
    return sorted({(found[1].strip("."), found[2]) for found in CALL.finditer(source)})


def address_of(resource, operation):
    """Return the method and a path as Stripe's library would call them."""
    path = NESTED.get(resource, resource.replace(".", "/"))
    method, end = PLAIN.get(operation, ("POST", f"/x/{operation}"))
    return method, path + end


def test_calls_of_the_gateway_are_found():
    assert {("checkout.sessions", "create"), ("refunds", "list")} <= set(gateway_calls())


@pytest.mark.parametrize(("resource", "operation"), gateway_calls())
def test_a_call_of_the_gateway_exists(resource, operation):
    method, path = address_of(resource, operation)
    assert any(call.method == method and pattern.fullmatch(path) for pattern, call in PATTERNS)


# How to make every call of the gateway: the function gets the desk and a paid intent.
EXERCISES = {
    "create_session": lambda desk, intent: gateway.create_session(parameters(), intent["id"]),
    "retrieve_session": lambda desk, intent: gateway.retrieve_session(session_of(desk)),
    "expire_session": lambda desk, intent: gateway.expire_session(session_of(desk)),
    "find_sessions": lambda desk, intent: gateway.find_sessions("payment", timezone.now()),
    "find_sessions_of": lambda desk, intent: gateway.find_sessions_of(intent["id"]),
    "create_customer": lambda desk, intent: gateway.create_customer("ada@example.com", intent["id"]),
    "delete_customer": lambda desk, intent: gateway.delete_customer(customer_of(desk)["id"]),
    "list_saved_methods": lambda desk, intent: gateway.list_saved_methods(saved_card(desk)["customer"]),
    "retrieve_saved_method": lambda desk, intent: retrieved(saved_card(desk)),
    "detach_method": lambda desk, intent: gateway.detach_method(saved_card(desk)["id"]),
    "create_refund": lambda desk, intent: gateway.create_refund(intent["id"], 100, intent["id"], {"refund": "key"}),
    "find_refund": lambda desk, intent: gateway.find_refund(refunded(desk, intent), "key"),
    "retrieve_refund": lambda desk, intent: gateway.retrieve_refund(desk.refund(intent["id"])["id"]),
    "capture_intent": lambda desk, intent: gateway.capture_intent(*held(desk), 2000, intent["id"]),
    "cancel_intent": lambda desk, intent: gateway.cancel_intent(*held(desk), intent["id"]),
    "list_held": lambda desk, intent: [held(desk), *gateway.list_held(a_day_ago())][1:],
    "retrieve_dispute": lambda desk, intent: gateway.retrieve_dispute(desk.dispute(intent["id"])["id"]),
    "submit_evidence": lambda desk, intent: gateway.submit_evidence(
        desk.dispute(intent["id"])["id"], {"customer_name": "Ada"}
    ),
    "list_balance": lambda desk, intent: list(gateway.list_balance(since=a_day_ago())),
    "list_payouts": lambda desk, intent: [desk.pay_out(), *gateway.list_payouts(a_day_ago())][1:],
    "retrieve_payout": lambda desk, intent: gateway.retrieve_payout(desk.pay_out()["id"]),
}


def held(desk):
    return [desk.paid_intent(**{"payment_intent_data[capture_method]": "manual"})["id"]]


def parameters():
    return gateway.session_parameters(
        name="Order",
        email="ada@example.com",
        amount_minor=2400,
        currency="EUR",
        expires_at=int(time.time()) + 31 * 60,
        urls=("http://127.0.0.1/ok", "http://127.0.0.1/no"),
        metadata={"order": "HS-1", "payment": "payment"},
    )


def customer_of(desk):
    return desk.post("customers", email="ada@example.com")


def saved_card(desk):
    """A card that a customer saved while paying."""
    customer = customer_of(desk)["id"]
    wishes = {"customer": customer, "saved_payment_method_options[payment_method_save]": "enabled"}
    desk.pay(desk.post("checkout/sessions", **SESSION, **wishes)["url"], save="1")
    return desk.call(f"customers/{customer}/payment_methods")["data"][0]


def retrieved(method):
    return gateway.retrieve_saved_method(method["customer"], method["id"])


def refunded(desk, intent):
    desk.post("refunds", payment_intent=intent["id"], **{"metadata[refund]": "key"})
    return intent["id"]


def session_of(desk):
    return desk.call("checkout/sessions")["data"][0]["id"]


def a_day_ago():
    return timezone.now() - timedelta(days=1)


def test_every_call_of_the_gateway_is_exercised():
    functions = {name for name in gateway.__all__ if inspect.isfunction(getattr(gateway, name))}
    assert {name for name in functions if name.startswith(CALLING)} == set(EXERCISES)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_gateway_reads_an_answer_and_one_of_a_later_version(stripe_desk, name):
    fields = {"metadata[payment]": "payment"}
    answer = EXERCISES[name](stripe_desk, stripe_desk.paid_intent(AT_ONCE, **fields))
    assert answer
    intent = stripe_desk.paid_intent(AT_ONCE, **fields)
    stripe_desk.switch(unknown="all")
    later = EXERCISES[name](stripe_desk, intent)
    assert type(later) is type(answer)
    assert not getattr(later, "is_paid", False)
