"""The sandbox answers every call that the gateway makes."""

import re

import pytest

from payments.sandbox.api import PATTERNS
from shop.embedded.state import ROOT

CALL = re.compile(r"\.v1((?:\.[a-z_]+)+)\.([a-z_]+)[(,)]")
PLAIN = {"create": ("POST", ""), "list": ("GET", ""), "retrieve": ("GET", "/x"), "update": ("POST", "/x")}
PLAIN["delete"] = ("DELETE", "/x")
NESTED = "customers.payment_methods"


def gateway_calls():
    """Return the resource and the operation of every call in the gateway's source: `refunds`, `create`."""
    files = [ROOT / "payments/gateway.py", *(ROOT / "payments/gateway").glob("*.py")]
    source = "".join(path.read_text() for path in files if path.is_file())
    return sorted({(found[1].strip("."), found[2]) for found in CALL.finditer(source)})


def address_of(resource, operation):
    """Return the method and a path as Stripe's library would call them."""
    path = "customers/x/payment_methods" if resource == NESTED else resource.replace(".", "/")
    method, end = PLAIN.get(operation, ("POST", f"/x/{operation}"))
    return method, path + end


def test_calls_of_the_gateway_are_found():
    assert {("checkout.sessions", "create"), ("refunds", "list")} <= set(gateway_calls())


@pytest.mark.parametrize(("resource", "operation"), gateway_calls())
def test_a_call_of_the_gateway_exists(resource, operation):
    method, path = address_of(resource, operation)
    assert any(call.method == method and pattern.fullmatch(path) for pattern, call in PATTERNS)
