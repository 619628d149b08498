"""The dashboard of the stand-in for Stripe does by hand what banks and time do."""

import re
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.stripe_desk import SESSION, _NoRedirect

HELD = {"payment_intent_data[capture_method]": "manual"}


class Browser:
    """Reads the dashboard and sends its forms, as a browser without scripts."""

    def __init__(self, address):
        self.address = address

    def read(self):
        return urllib.request.urlopen(f"{self.address}/sandbox/", timeout=10).read().decode()

    def send(self, path, origin="", **fields):
        headers = {"Accept": "text/html"} | ({"Origin": origin} if origin else {})
        body = urllib.parse.urlencode(fields).encode()
        request = urllib.request.Request(f"{self.address}/sandbox/{path}", body, headers)
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers.get("Location") or error.read().decode()

    def actions(self):
        return set(re.findall(r'action="/sandbox/([^"]+)"', self.read()))


@pytest.fixture
def dashboard(stripe_desk):
    return Browser(stripe_desk.address)


def test_an_empty_dashboard_says_so(dashboard):
    page = dashboard.read()
    assert "Nobody has paid yet." in page
    assert "Nothing is disputed." in page
    assert "<script" not in page


def test_a_payment_is_refunded_and_the_refund_fails(dashboard, stripe_desk):
    intent = stripe_desk.paid_intent()
    form = {"payment_intent": intent["id"], "amount": "", "status": "pending"}
    assert dashboard.send("refunds", **form) == (303, "/sandbox/#refunds")
    (refund,) = stripe_desk.call("refunds")["data"]
    assert (refund["amount"], refund["status"]) == (2400, "pending")
    assert f"refunds/{refund['id']}/succeed" in dashboard.actions()
    dashboard.send(f"refunds/{refund['id']}/fail")
    assert stripe_desk.call(f"refunds/{refund['id']}")["status"] == "failed"
    assert f"refunds/{refund['id']}/fail" not in dashboard.actions()


def test_a_payment_is_disputed_and_won(dashboard, stripe_desk):
    intent = stripe_desk.paid_intent()
    form = {"payment_intent": intent["id"], "amount": "900", "reason": "general", "kind": "inquiry"}
    dashboard.send("disputes", **form)
    (dispute,) = stripe_desk.call("disputes")["data"]
    assert (dispute["amount"], dispute["status"]) == (900, "warning_needs_response")
    dashboard.send(f"disputes/{dispute['id']}/escalate")
    dashboard.send(f"disputes/{dispute['id']}/win")
    assert stripe_desk.call(f"disputes/{dispute['id']}")["status"] == "won"
    assert not any(action.startswith(f"disputes/{dispute['id']}") for action in dashboard.actions())


def test_a_hold_is_captured_and_a_debit_ends(dashboard, stripe_desk):
    held, debit = stripe_desk.paid_intent(**HELD), stripe_desk.paid_intent("AT611904300234573201")
    dashboard.send(f"payments/{held['id']}/capture", amount_to_capture="1000")
    dashboard.send(f"payments/{debit['id']}/failed")
    assert stripe_desk.intent(held["id"])["amount_received"] == 1000
    assert stripe_desk.intent(debit["id"])["status"] == "requires_payment_method"


def test_the_clock_moves_and_the_balance_is_paid_out(dashboard, stripe_desk):
    stripe_desk.paid_intent()
    dashboard.send("clock", advance="7d")
    assert "7 days and 0 hours ahead" in dashboard.read()
    dashboard.send("payouts", currency="eur", short_by="0")
    (payout,) = stripe_desk.call("payouts")["data"]
    assert f"payouts/{payout['id']}/pay" in dashboard.actions()
    dashboard.send(f"payouts/{payout['id']}/pay")
    assert stripe_desk.call(f"payouts/{payout['id']}")["status"] == "paid"
    dashboard.send("clock", reset="1")
    assert "ahead" not in dashboard.read()


def test_switches_are_set_and_shown(dashboard, stripe_desk):
    dashboard.send("switches", **{"500": "2 POST refunds", "drop": ""})
    assert 'name="500" value="2 POST refunds"' in dashboard.read()
    dashboard.send("switches/off")
    assert stripe_desk.call_raw("sandbox/switches") == {}


def test_a_refusal_is_shown_on_the_page(dashboard):
    status, page = dashboard.send("payouts", currency="eur")
    assert status == 400
    assert '<p class="error" role="alert">There is nothing to pay out in EUR.</p>' in page


def test_an_event_is_sent_again(dashboard, stripe_desk):
    stripe_desk.paid_intent()
    event = stripe_desk.call("events")["data"][0]
    before = stripe_desk.call_raw("sandbox/deliveries")["waiting"]
    dashboard.send(f"events/{event['id']}/send")
    assert stripe_desk.call_raw("sandbox/deliveries")["waiting"] == before + 1


def test_texts_of_the_shop_are_escaped(dashboard, stripe_desk):
    stripe_desk.paid_intent(**{"payment_intent_data[description]": "<b>Order</b>"})
    assert "&lt;b&gt;Order&lt;/b&gt;" in dashboard.read()


def test_another_site_can_do_nothing(dashboard, stripe_desk):
    intent = stripe_desk.paid_intent()
    assert dashboard.send("refunds", "http://elsewhere.example", payment_intent=intent["id"])[0] == 403
    assert stripe_desk.call("refunds")["data"] == []


def test_a_difference_can_be_planted(stripe_desk):
    session = stripe_desk.post("checkout/sessions", **SESSION)
    assert stripe_desk.edit(session["id"], amount_total=2399, currency="usd")["amount_total"] == 2399
    assert stripe_desk.call(f"checkout/sessions/{session['id']}")["currency"] == "usd"
    stripe_desk.delete(session["id"])
    assert stripe_desk.call("checkout/sessions")["data"] == []
