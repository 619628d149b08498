"""The stand-in for Stripe fails as Stripe and networks fail, where a switch says so."""

import json
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import stripe

from payments.sandbox.api import Api
from payments.sandbox.delivery import PAUSES, Courier
from payments.sandbox.store import Store
from payments.sandbox.webhooks import ENDPOINT, prepare, register_endpoint
from tests.payments.test_sandbox_types import disagreements
from tests.stripe_desk import SESSION

EVENTS = "v1/events?limit=1"


def ask(desk, path=EVENTS, method="GET"):
    request = urllib.request.Request(f"{desk.address}/{path}", method=method)
    request.add_header("Authorization", "Bearer sk_test_x")
    return urllib.request.urlopen(request, timeout=10)


# -- calls ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 429, 409])
def test_calls_fail_as_often_as_the_switch_says(stripe_desk, status):
    stripe_desk.switch(**{str(status): "2"})
    for _ in range(2):
        with pytest.raises(urllib.error.HTTPError) as caught:
            ask(stripe_desk)
        caught.value.close()
        assert caught.value.code == status
        assert caught.value.headers.get("Retry-After") == ("1" if status == 429 else None)
    assert ask(stripe_desk).status == 200


def test_a_switch_can_concern_one_kind_of_call(stripe_desk):
    stripe_desk.switch(_500="1 POST refunds")
    intent = stripe_desk.paid_intent()
    assert stripe_desk.post("refunds", payment_intent=intent["id"])["type"] == "api_error"
    assert stripe_desk.post("refunds", payment_intent=intent["id"])["status"] == "succeeded"


def test_an_answer_can_be_html(stripe_desk):
    stripe_desk.switch(html="1")
    assert ask(stripe_desk).read().startswith(b"<!doctype html>")
    assert json.load(ask(stripe_desk))["object"] == "list"


def test_an_answer_can_be_of_a_later_version(stripe_desk):
    intent = stripe_desk.paid_intent()
    stripe_desk.switch(unknown="1")
    later = stripe_desk.intent(intent["id"])
    assert (later["status"], later["latest_charge"]["status"]) == ("of_a_later_version", "of_a_later_version")
    assert later["of_a_later_version"]["object"] == "something_new"
    assert stripe_desk.intent(intent["id"]) == intent


def test_an_answer_can_be_lost_after_the_call_was_done(stripe_desk):
    stripe_desk.switch(lose="1")
    with pytest.raises((OSError, urllib.error.URLError)):
        stripe_desk.post("checkout/sessions", **SESSION)
    assert len(stripe_desk.call("checkout/sessions")["data"]) == 1


def test_an_answer_can_trickle(stripe_desk):
    stripe_desk.switch(trickle="1")
    host = urllib.parse.urlsplit(stripe_desk.address)
    with socket.create_connection((host.hostname, host.port), timeout=5) as connection:
        connection.sendall(b"GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_test_x\r\n\r\n")
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        connection.settimeout(0.2)
        body = received.partition(b"\r\n\r\n")[2]
    assert len(body) <= 1


@pytest.mark.parametrize(("name", "value"), [("colour", "1"), ("500", "many"), ("delay", "soon"), ("sign", "both")])
def test_unknown_switches_and_values_are_refused(stripe_desk, name, value):
    with pytest.raises(AssertionError, match="refused switches: 400"):
        stripe_desk.switch(**{name: value})


def test_switches_clock_and_objects_outlast_a_restart(tmp_path):
    first = Api(Store(str(tmp_path / "state")))
    first.store.set_switch("500", "3 POST refunds")
    first.store.move_clock(86400)
    session = first.call("POST", ["checkout", "sessions"], {**NESTED_SESSION})
    again = Api(Store(str(tmp_path / "state")))
    assert again.store.switches() == {"500": "3 POST refunds"}
    assert again.store.ahead == 86400
    assert again.call("GET", ["checkout", "sessions", session["id"]], {})["id"] == session["id"]


NESTED_SESSION = {
    "mode": "payment",
    "success_url": "http://127.0.0.1/ok",
    "line_items": [
        {"quantity": "1", "price_data": {"currency": "eur", "unit_amount": "2400", "product_data": {"name": "Order"}}}
    ],
}


# -- events -----------------------------------------------------------------------------------------


@pytest.fixture
def api():
    return Api(Store(":memory:"))


@pytest.fixture
def event(api):
    session = api.call("POST", ["checkout", "sessions"], {**NESTED_SESSION})
    api.call("POST", ["checkout", "sessions", session["id"], "expire"], {})
    return api.store.select("event", limit=1)[0]


@pytest.fixture
def shop():
    """A tiny shop that notes what it is sent, and answers with `status`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.received.append((body, self.headers["Stripe-Signature"]))
            self.send_response(self.server.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.received, server.status = [], 200
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def courier_for(api, shop, *secrets):
    return Courier(api, f"http://127.0.0.1:{shop.server_address[1]}/", [*secrets] or ["whsec_a"])


def is_signed(request, secret):
    try:
        return stripe.WebhookSignature.verify_header(request.body.decode(), request.signature, secret, 300)
    except stripe.SignatureVerificationError:
        return False


def test_an_event_is_delivered_once_and_signed(api, event, shop):
    courier_for(api, shop).deliver_due()
    courier_for(api, shop).deliver_due()
    ((body, signature),) = shop.received
    assert stripe.WebhookSignature.verify_header(body.decode(), signature, "whsec_a", 300)
    assert json.loads(body)["id"] == event["id"]
    assert api.call("GET", ["events", event["id"]], {})["pending_webhooks"] == 0


def test_a_refused_delivery_is_retried_over_days(api, event, shop):
    shop.status = 503
    courier = courier_for(api, shop)
    courier.deliver_due()
    courier.deliver_due()
    assert len(shop.received) == 1
    for pause in PAUSES:
        api.store.move_clock(pause)
        courier.deliver_due()
    api.store.move_clock(10**6)
    courier.deliver_due()
    assert (len(shop.received), api.store.waiting_deliveries()) == (1 + len(PAUSES), 0)
    assert sum(PAUSES) > 2 * 86400


def test_events_are_duplicated_delayed_and_dropped(api, shop):
    for switches, now, later in (
        ({"duplicate": "1"}, 2, 2),
        ({"duplicate": "4"}, 5, 5),
        ({"delay": "60"}, 0, 1),
        ({"drop": "1"}, 0, 0),
    ):
        for name, value in switches.items():
            api.store.set_switch(name, value)
        session = api.call("POST", ["checkout", "sessions"], {**NESTED_SESSION})
        api.call("POST", ["checkout", "sessions", session["id"], "expire"], {})
        shop.received.clear()
        courier_for(api, shop).deliver_due()
        first = len(shop.received)
        api.store.move_clock(100)
        courier_for(api, shop).deliver_due()
        assert (first, len(shop.received)) == (now, later)
        for name in switches:
            api.store.set_switch(name, "")


def test_shuffled_events_come_in_no_order(api):
    api.store.set_switch("shuffle", "1000")
    for _ in range(18):
        api.emit("charge.updated", {"object": "charge", "id": "ch_1"})
    api.store.move_clock(500)
    assert 0 < len(api.store.due_deliveries()) < 18


@pytest.mark.parametrize(
    ("switch", "valid"),
    [("", ["whsec_old", "whsec_new"]), ("first", ["whsec_old"]), ("last", ["whsec_new"]), ("wrong", [])],
)
def test_a_secret_is_rotated(api, event, switch, valid):
    api.store.set_switch("sign", switch)
    request = prepare(api, event, ["whsec_old", "whsec_new"])
    assert [secret for secret in ("whsec_old", "whsec_new") if is_signed(request, secret)] == valid


@pytest.mark.parametrize(("age", "is_valid"), [("0", True), ("290", True), ("310", False)])
def test_a_signature_can_be_old(api, event, age, is_valid):
    api.store.set_switch("signature_age", age)
    assert is_signed(prepare(api, event, ["whsec_a"]), "whsec_a") is is_valid


def test_a_payload_can_be_thin_or_of_the_other_mode(api, event):
    api.store.set_switch("thin", "1")
    thin = json.loads(prepare(api, event, ["whsec_a"]).body)
    assert (thin["object"], thin["type"]) == ("v2.core.event", "v1.checkout.session.expired")
    assert thin["related_object"]["type"] == "checkout.session"
    assert "data" not in thin
    api.store.set_switch("live", "1")
    assert json.loads(prepare(api, event, ["whsec_a"]).body)["livemode"] is True
    assert json.loads(prepare(api, event, ["whsec_a"]).body)["livemode"] is False


def test_an_endpoint_is_shown_and_chooses_its_events(api, event, shop):
    register_endpoint(api, "http://127.0.0.1/hook/")
    (endpoint,) = api.call("GET", ["webhook_endpoints"], {})["data"]
    assert list(disagreements(endpoint, stripe.WebhookEndpoint, "endpoint")) == []
    assert (endpoint["id"], endpoint["status"], endpoint["enabled_events"]) == (ENDPOINT, "enabled", ["*"])
    api.call("POST", ["webhook_endpoints", ENDPOINT], {"enabled_events": ["payout.paid"]})
    courier_for(api, shop).deliver_due()
    assert (shop.received, api.store.waiting_deliveries()) == ([], 0)
