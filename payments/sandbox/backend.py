"""The sandbox's backend: create balance transactions and emit events."""

import json
import time

from payments.sandbox.store import Store, Thing

API_VERSION = "2026-10-28.endive"


class Backend:
    """A store that also creates events and balance transactions."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def balance(self, amount: int, currency: str, kind: str, source: str) -> Thing:
        amounts = {
            "amount": amount,
            "net": amount,
            "fee": 0,
            "fee_details": [],
            "currency": currency,
            "type": kind,
        }
        source_fields = {
            "status": "available",
            "source": source,
            "reporting_category": kind,
            "available_on": int(time.time()),
        }
        return self.store.create(
            "txn", "balance_transaction", **amounts, **source_fields, description=None, exchange_rate=None
        )

    def emit(self, kind: str, subject: Thing) -> None:
        """Create an event and schedule its delivery. Switches can drop, duplicate or delay it."""
        snapshot = json.loads(json.dumps(subject))
        event = self.store.create(
            *("evt", "event"),
            type=kind,
            api_version=API_VERSION,
            data={"object": snapshot},
            pending_webhooks=1,
            request={"id": None, "idempotency_key": None},
        )
        if self.store.switch("drop") == "all" or self.store.use_up("drop"):
            return
        due = time.time() + float(self.store.switch("delay") or 0)
        for _ in range(2 if self.store.switch("duplicate") else 1):
            self.store.plan_delivery(event["id"], due)
