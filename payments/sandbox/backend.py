"""What every subject of the sandbox shares: find and show objects, book balance transactions, and emit events."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from payments.sandbox.parameters import Refusal, Shape
from payments.sandbox.store import Store, Thing

API_VERSION = "2026-10-28.endive"
DAY = 24 * 3600
DAYS_UNTIL_AVAILABLE = 2


class Backend:
    """The store, with the rules that hold for every object."""

    def __init__(self, store: Store, base_url: str = "") -> None:
        self.store = store
        self.base_url = base_url

    def now(self) -> int:
        return int(self.store.now())

    def get(self, kind: str, name: str) -> Thing:
        """Return an object with its internal fields, or refuse as Stripe does."""
        thing = self.store.find(name)
        if not thing or thing["object"] != kind:
            raise Refusal(404, f"No such {kind}: '{name}'", code="resource_missing", param="id")
        return thing

    def show(self, thing: Thing) -> Thing:
        """Return the object as the API shows it at this moment, without internal fields."""
        shown = {key: value for key, value in thing.items() if not key.startswith("_")}
        if thing["object"] == "balance_transaction":
            shown["status"] = "available" if thing["available_on"] <= self.now() else "pending"
        elif thing["object"] == "dispute":
            due_by = thing["evidence_details"]["due_by"]
            details = {**thing["evidence_details"], "past_due": due_by is not None and due_by < self.now()}
            transactions = [self.show(self.get("balance_transaction", name)) for name in thing["_transactions"]]
            shown.update(evidence_details=details, balance_transactions=transactions)
        return shown

    def book(self, movement: "Movement") -> Thing:
        """Book a movement of the balance. What is left of the amount after the fee is its `net`.

        The switch `settle` exchanges it into the currency that the account settles in, except payouts.
        """
        movement, rate = self._exchanged(movement)
        fee = {
            "amount": movement.fee,
            "application": None,
            "currency": movement.currency,
            "description": movement.fee_name,
            "type": "stripe_fee",
        }
        return self.store.create(
            "txn",
            "balance_transaction",
            amount=movement.amount,
            available_on=self.now() if movement.available_on is None else movement.available_on,
            balance_type="payments",
            currency=movement.currency,
            description=movement.description,
            exchange_rate=rate,
            fee=movement.fee,
            fee_details=[fee] if movement.fee else [],
            net=movement.amount - movement.fee,
            reporting_category=movement.category or movement.kind,
            source=movement.source,
            status="pending",
            type=movement.kind,
        )

    def _exchanged(self, movement: "Movement") -> tuple["Movement", float | None]:
        currency, _, rate = self.store.switch("settle").partition("@")
        if not currency or currency == movement.currency or movement.kind.startswith("payout"):
            return movement, None
        amount, fee = (round(minor * float(rate)) for minor in (movement.amount, movement.fee))
        return replace(movement, amount=amount, fee=fee, currency=currency), float(rate)

    def emit(self, kind: str, subject: Thing, previous: dict[str, Any] | None = None) -> None:
        """Create an event and schedule its delivery. Switches can drop, duplicate, delay or shuffle it."""
        snapshot = json.loads(json.dumps(self.show(subject)))
        event = self.store.create(
            "evt",
            "event",
            type=kind,
            api_version=API_VERSION,
            data={"object": snapshot} | ({"previous_attributes": previous} if previous else {}),
            pending_webhooks=1,
            request={"id": None, "idempotency_key": None},
        )
        if self.store.switch("drop") == "all" or self.store.use_up("drop"):
            return
        duplicates = self.store.switch("duplicate")
        for _ in range(1 + (int(duplicates) if duplicates.isdigit() else bool(duplicates))):
            late = float(self.store.switch("delay") or 0)
            late += random.uniform(0, float(self.store.switch("shuffle") or 0))  # noqa: S311
            self.store.plan_delivery(event["id"], self.store.now() + late)


@dataclass(frozen=True, kw_only=True)
class Movement:
    """A movement of the balance; available at once unless it says when."""

    amount: int
    currency: str
    kind: str
    source: str
    fee: int = 0
    fee_name: str = "Stripe processing fees"
    category: str = ""
    description: str | None = None
    available_on: int | None = None


@dataclass(frozen=True)
class Call:
    """One call of the API: `answer(backend, parameters, *names)`, a name for each `{}` of the path."""

    method: str
    path: str
    shape: Shape
    answer: Callable[..., Thing]
