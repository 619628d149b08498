"""Controls the sandbox from tests: pay, switch failures on, and fetch its events."""

import hashlib
import hmac
import json
import time
import urllib.parse
import urllib.request
from typing import Any

CARD = "4242424242424242"
SESSION = {
    "mode": "payment",
    "success_url": "http://127.0.0.1/ok",
    "cancel_url": "http://127.0.0.1/no",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": "2400",
    "line_items[0][price_data][product_data][name]": "Order <1>",
    "metadata[order]": "HS-1",
}


class StripeDesk:
    def __init__(self, address: str) -> None:
        self.address = address

    def _post(self, path: str, **fields: str) -> str:
        body = urllib.parse.urlencode(fields).encode()
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            with opener.open(urllib.request.Request(path, body), timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return f"{error.code} {error.headers.get('Location', '')}"

    def switch(self, **values: str) -> None:
        """Set fault switches by name (`_500` for `500`): switch(_500="3 POST refunds")."""
        self.by_hand("switches", **{name.lstrip("_"): value for name, value in values.items()})

    def all_is_well(self) -> None:
        self.by_hand("switches/off")
        self.by_hand("clock", reset="1")

    def start_over(self) -> None:
        """Forget every object, switch and move of the clock."""
        self.by_hand("reset")

    def by_hand(self, path: str, **fields: str | int) -> dict[str, Any]:
        """Do something on the sandbox's dashboard, such as `refunds` or `disputes/du_…/win` (docs/sandbox.md)."""
        answer = self._post(f"{self.address}/sandbox/{path}", **{name: str(value) for name, value in fields.items()})
        if not answer.startswith("{"):
            raise AssertionError(f"The sandbox refused {path}: {answer}")
        answered: dict[str, Any] = json.loads(answer)
        return answered

    def advance(self, far: str) -> None:
        """Move the sandbox's clock by `10`, `90m`, `5h` or `3d`; everything that is due by then has happened."""
        self.by_hand("clock", advance=far)

    def dispute(self, intent_id: str, **fields: str | int) -> dict[str, Any]:
        """Dispute a payment. Fields: amount, reason, kind=inquiry."""
        return self.by_hand("disputes", payment_intent=intent_id, **fields)

    def decide(self, dispute_id: str, verb: str) -> dict[str, Any]:
        """End a dispute: `win`, `lose`, or `escalate` an inquiry."""
        return self.by_hand(f"disputes/{dispute_id}/{verb}")

    def refund(self, intent_id: str, **fields: str | int) -> dict[str, Any]:
        """Refund a payment as in Stripe's dashboard. Fields: amount, reason, status=pending."""
        return self.by_hand("refunds", payment_intent=intent_id, **fields)

    def pay_out(self, **fields: str | int) -> dict[str, Any]:
        """Pay out what is available now. Fields: currency, short_by."""
        return self.by_hand("payouts", **fields)

    def edit(self, name: str, **fields: Any) -> dict[str, Any]:
        """Overwrite fields of an object, to plant a difference."""
        return self.by_hand(f"objects/{name}", **{field: json.dumps(value) for field, value in fields.items()})

    def delete(self, name: str) -> None:
        self.by_hand(f"objects/{name}/delete")

    def pay(self, session_url: str, number: str = CARD, **fields: str) -> str:
        """Pay with a card as a shopper (save="1" ticks the box). Return the redirect if it was paid, else the page."""
        return self._post(session_url, number=number, action="pay", **fields)

    def pay_embedded(self, client_secret: str, number: str = CARD, **fields: str) -> str:
        """Pay on the page that a shop embeds. Return the redirect if it was paid, else the page."""
        return self._post(f"{self.address}/c/embedded/{client_secret}", number=number, action="pay", **fields)

    def pay_with_saved(self, address: str, method_id: str) -> str:
        """Pay with a saved method, at a session's URL or `/c/embedded/` and its client secret."""
        return self._post(urllib.parse.urljoin(self.address, address), payment_method=method_id)

    def authenticate(self, session_url: str, number: str, *, does_pass: bool = True) -> str:
        """Answer the bank's question of 3-D Secure."""
        return self._post(session_url, number=number, action="authenticate" if does_pass else "fail")

    def call(self, path: str, **parameters: str) -> dict[str, Any]:
        url = f"{self.address}/v1/{path}?{urllib.parse.urlencode(parameters)}"
        request = urllib.request.Request(url, headers={"Authorization": "Bearer sk_test_sandbox"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def post(self, path: str, **parameters: str | int) -> dict[str, Any]:
        """Call the API as the shop does, and return the answer or the `error` in it."""
        return self._send("POST", path, urllib.parse.urlencode(parameters).encode())

    def remove(self, path: str) -> dict[str, Any]:
        """Delete an object by the API."""
        return self._send("DELETE", path)

    def _send(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        headers = {"Authorization": "Bearer sk_test_sandbox"}
        request = urllib.request.Request(f"{self.address}/v1/{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return json.load(error)["error"]

    def paid_intent(self, number: str = CARD, amount: int = 2400, **fields: str) -> dict[str, Any]:
        """A payment intent of a session that somebody tried to pay with a card, without any shop."""
        price = {"line_items[0][price_data][unit_amount]": str(amount)}
        session = self.post("checkout/sessions", **{**SESSION, **price, **fields})
        self.pay(session["url"], number)
        page = self.call("payment_intents", limit="1")
        return self.intent(page["data"][0]["id"])

    def intent(self, name: str) -> dict[str, Any]:
        """A payment intent with its charge and the charge's balance transaction."""
        return self.call(f"payment_intents/{name}", **{"expand[]": "latest_charge.balance_transaction"})

    def transactions(self, **filters: str) -> list[dict[str, Any]]:
        """Balance transactions, oldest first."""
        return self.call("balance_transactions", limit="100", **filters)["data"][::-1]

    def call_raw(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.address}/{path}", timeout=10) as answer:
            return json.load(answer)

    def events_of(self, number: str) -> list[dict[str, Any]]:
        """The events about one order, oldest first."""
        events = self.call("events", limit="100")["data"]
        return [
            event for event in reversed(events) if event["data"]["object"].get("metadata", {}).get("order") == number
        ]

    def events_about(self, name: str, *kinds: str) -> list[dict[str, Any]]:
        """The events about an object, or about objects that name it (a charge, an intent), oldest first."""
        events = self.call("events", limit="100")["data"]
        return [
            event
            for event in reversed(events)
            if name in (event["data"]["object"].get(field) for field in ("id", "charge", "payment_intent"))
            and (not kinds or event["type"] in kinds)
        ]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def signed(event: dict[str, Any] | bytes, *, secret: str = "whsec_first", at: int | None = None) -> tuple[bytes, str]:
    """The bytes of an event and its signature header."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    stamp = int(time.time()) if at is None else at
    digest = hmac.new(secret.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()
    return body, f"t={stamp},v1={digest}"
