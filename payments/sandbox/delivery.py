"""Deliver signed webhooks, and retry them if the shop does not answer 200."""

import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request

from payments.sandbox.api import Api
from payments.sandbox.timers import run_due

PAUSES = (1, 3, 8, 20, 60, 300)  # seconds before each further try


def signature(secret: str, body: bytes, timestamp: int) -> str:
    """Return a Stripe-Signature header as described in https://docs.stripe.com/webhooks#verify-manually."""
    digest = hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


class Courier(threading.Thread):
    """Deliver due webhooks for as long as the process runs."""

    def __init__(self, api: Api, webhook_url: str, secret: str) -> None:
        super().__init__(daemon=True)
        self.api = api
        self.webhook_url = webhook_url
        self.secret = secret

    def run(self) -> None:
        while True:
            run_due(self.api)
            due = self.api.store.due_deliveries()
            for serial, event_id, attempts in due:
                self._deliver(serial, event_id, attempts)
            time.sleep(0.05)

    def _deliver(self, serial: int, event_id: str, attempts: int) -> None:
        event = self.api.store.find(event_id)
        if event and self._post(json.dumps(event).encode()) or attempts >= len(PAUSES):
            self.api.store.end_delivery(serial)
        else:
            self.api.store.put_off_delivery(serial, self.api.store.now() + PAUSES[attempts])

    def _post(self, body: bytes) -> bool:
        headers = {
            "Content-Type": "application/json",
            "Stripe-Signature": signature(self.secret, body, int(time.time())),
        }
        request = urllib.request.Request(self.webhook_url, body, headers)  # noqa: S310  (loopback, checked at start)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
