"""Deliver signed webhooks, and retry them for days if the shop does not answer 200."""

import threading
import time
import urllib.error
import urllib.request

from payments.sandbox.api import Api
from payments.sandbox.timers import run_due
from payments.sandbox.webhooks import Request, is_wanted, prepare

# Seconds before each further try, by the sandbox's clock.
PAUSES = (1, 3, 8, 20, 60, 300, 3600, 6 * 3600, 12 * 3600, 24 * 3600, 24 * 3600)


class Courier(threading.Thread):
    """Deliver due webhooks for as long as the process runs."""

    def __init__(self, api: Api, webhook_url: str, secrets: list[str]) -> None:
        super().__init__(daemon=True)
        self.api = api
        self.webhook_url = webhook_url
        self.secrets = secrets

    def run(self) -> None:
        while True:
            run_due(self.api)
            self.deliver_due()
            time.sleep(0.05)

    def deliver_due(self) -> None:
        """Make one try for every delivery that is due."""
        for serial, event_id, attempts in self.api.store.due_deliveries():
            self._deliver(serial, event_id, attempts)

    def _deliver(self, serial: int, event_id: str, attempts: int) -> None:
        store = self.api.store
        event = store.find(event_id)
        if not event or not is_wanted(self.api, event):
            store.end_delivery(serial)
        elif self._post(prepare(self.api, event, self.secrets)):
            store.end_delivery(serial)
            store.save({**event, "pending_webhooks": 0})
        elif attempts >= len(PAUSES):
            store.end_delivery(serial)
        else:
            store.put_off_delivery(serial, store.now() + PAUSES[attempts])

    def _post(self, prepared: Request) -> bool:
        headers = {"Content-Type": "application/json", "Stripe-Signature": prepared.signature}
        request = urllib.request.Request(  # noqa: S310  (loopback, checked at start)
            self.webhook_url, prepared.body, headers
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
