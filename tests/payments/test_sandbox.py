"""The stand-in for Stripe answers and refuses as Stripe does."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from shop.embedded.state import ROOT
from tests.stripe_desk import SESSION


class Caller:
    def __init__(self, address):
        self.address = address

    def __call__(self, method, path, fields=None, key=None, token="sk_test_x"):
        body = urllib.parse.urlencode(fields or {}).encode() if method == "POST" else None
        headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
        request = urllib.request.Request(f"{self.address}/v1/{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer), dict(answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error), dict(error.headers)


@pytest.fixture
def call(sandbox_address, stripe_desk):
    return Caller(sandbox_address)


def test_only_test_keys_are_taken(call):
    assert call("GET", "events", token="sk_live_x")[0] == 401


def test_a_key_repeats_its_answer_and_refuses_other_parameters(call):
    first = call("POST", "checkout/sessions", SESSION, key="k1")
    again = call("POST", "checkout/sessions", SESSION, key="k1")
    assert (first[1]["id"], again[2]["Idempotent-Replayed"]) == (again[1]["id"], "true")
    status, body, _ = call("POST", "checkout/sessions", {**SESSION, "metadata[order]": "HS-2"}, key="k1")
    assert (status, body["error"]["type"]) == (400, "idempotency_error")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "red"}, "Received unknown parameter: colour"),
        ({"line_items[0][price_data][vat]": "1"}, "Received unknown parameter: line_items[0][price_data][vat]"),
        ({"mode": "subscription"}, "The sandbox knows only mode=payment."),
        ({"line_items[0][price_data][unit_amount]": "many"}, "Invalid integer: many"),
        ({"line_items[0][price_data][unit_amount]": "49"}, "minimum charge amount"),
        ({"expires_at": "1"}, "between 30 minutes and 24 hours"),
        ({"line_items": "x"}, "Invalid array: line_items"),
    ],
)
def test_what_stripe_refuses_is_refused(call, changes, message):
    fields = {k: v for k, v in SESSION.items() if not (k.startswith("line_items") and "line_items" in changes)}
    status, body, _ = call("POST", "checkout/sessions", {**fields, **changes})
    assert status == 400
    assert message in body["error"]["message"]


def test_missing_and_unknown_things(call):
    status, body, _ = call("POST", "checkout/sessions", {"mode": "payment", "success_url": "x"})
    assert (status, body["error"]["param"]) == (400, "line_items")
    assert call("GET", "checkout/sessions/cs_none")[1]["error"]["code"] == "resource_missing"
    assert call("GET", "nothing")[0] == 404
    assert call("POST", "refunds", {"payment_intent": "pi_none"})[0] == 404


def test_a_session_goes_its_way_to_paid_and_refunded(call, stripe_desk):
    session = call("POST", "checkout/sessions", SESSION)[1]
    page = urllib.request.urlopen(session["url"], timeout=10).read().decode()
    assert "No money moves" in page
    assert "Order &lt;1&gt;" in page
    stripe_desk.pay(session["url"])
    path = f"checkout/sessions/{session['id']}?expand[]=payment_intent.latest_charge"
    paid = call("GET", path)[1]
    charge = paid["payment_intent"]["latest_charge"]
    assert (paid["status"], paid["payment_status"], charge["amount"]) == ("complete", "paid", 2400)
    assert call("POST", f"checkout/sessions/{session['id']}/expire")[0] == 400
    refund = call("POST", "refunds", {"payment_intent": paid["payment_intent"]["id"], "amount": "400"})[1]
    assert (refund["status"], refund["amount"]) == ("succeeded", 400)
    too_much = call("POST", "refunds", {"charge": charge["id"], "amount": "2001"})
    assert too_much[1]["error"]["code"] == "amount_too_large"
    call("POST", "refunds", {"charge": charge["id"]})
    assert call("POST", "refunds", {"charge": charge["id"]})[1]["error"]["code"] == "charge_already_refunded"
    amounts = [t["amount"] for t in call("GET", "balance_transactions?limit=3")[1]["data"]]
    assert amounts == [-2000, -400, 2400]
    page = urllib.request.urlopen(session["url"], timeout=10).read().decode()
    assert "This payment is done" in page


def test_lists_go_page_by_page(call):
    ids = [call("POST", "checkout/sessions", SESSION)[1]["id"] for _ in range(3)]
    first = call("GET", "checkout/sessions?limit=2")[1]
    assert ([s["id"] for s in first["data"]], first["has_more"]) == (ids[:0:-1], True)
    rest = call("GET", f"checkout/sessions?limit=1&starting_after={ids[1]}")[1]
    assert [s["id"] for s in rest["data"]] == ids[:1]
    assert call("GET", "payment_intents?limit=1")[0] == 200


def test_it_sends_to_this_machine_only():
    command = [sys.executable, "-m", "payments.sandbox", "--webhook", "https://example.com/hook"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "this machine only" in done.stderr


def test_a_session_ends_at_its_time(call, stripe_desk):
    session = call("POST", "checkout/sessions", {**SESSION, "expires_at": str(int(time.time()) + 1797)})[1]
    assert session["status"] == "open"
    expired = call("POST", f"checkout/sessions/{session['id']}/expire")[1]
    assert (expired["status"], expired["url"]) == ("expired", None)
    assert "no longer open" in stripe_desk.pay(session["url"]) or "expired" in stripe_desk.pay(session["url"])
