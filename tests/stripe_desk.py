"""Controls the sandbox from tests: pay, switch failures on, and fetch its events."""

import hashlib
import hmac
import json
import time
import urllib.parse
import urllib.request
from typing import Any

CARD = "4242424242424242"
SWITCHES = {"drop": "", "delay": "", "duplicate": "", "lose": "", "500": "", "429": "", "409": "", "hang": ""}
SWITCHES |= {"fail": "", "fail_late": ""}


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
        self._post(f"{self.address}/sandbox/switches", **{name.lstrip("_"): value for name, value in values.items()})

    def all_is_well(self) -> None:
        self._post(f"{self.address}/sandbox/switches", **SWITCHES)

    def pay(self, session_url: str, number: str = CARD) -> str:
        """Pay with a card as a shopper. Return the redirect if it was paid, else the page."""
        return self._post(session_url, number=number, action="pay")

    def authenticate(self, session_url: str, number: str) -> str:
        return self._post(session_url, number=number, action="authenticate")

    def call(self, path: str, **parameters: str) -> dict[str, Any]:
        url = f"{self.address}/v1/{path}?{urllib.parse.urlencode(parameters)}"
        request = urllib.request.Request(url, headers={"Authorization": "Bearer sk_test_sandbox"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def call_raw(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.address}/{path}", timeout=10) as answer:
            return json.load(answer)

    def events_of(self, number: str) -> list[dict[str, Any]]:
        """The events about one order, oldest first."""
        events = self.call("events", limit="100")["data"]
        return [
            event for event in reversed(events) if event["data"]["object"].get("metadata", {}).get("order") == number
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
