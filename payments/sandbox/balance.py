"""The balance: its transactions, and how much of it can be paid out."""

from typing import Any

from payments.sandbox.backend import Backend, Call
from payments.sandbox.parameters import RETRIEVE
from payments.sandbox.reading import reading_calls
from payments.sandbox.store import Thing


def unpaid_transactions(backend: Backend, currency: str = "") -> list[Thing]:
    """Return the transactions that no payout has taken yet, oldest first."""
    filters = {"currency": currency} if currency else {}
    found = backend.store.select("balance_transaction", limit=-1, filters=filters)
    return [transaction for transaction in reversed(found) if "_payout" not in transaction]


def retrieve_balance(backend: Backend, parameters: dict[str, Any]) -> Thing:
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for transaction in unpaid_transactions(backend):
        by_currency = sums[backend.show(transaction)["status"]]
        by_currency[transaction["currency"]] = by_currency.get(transaction["currency"], 0) + transaction["net"]
    shown = {
        name: [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in sorted(by_currency.items())
        ]
        or [{"amount": 0, "currency": "eur", "source_types": {"card": 0}}]
        for name, by_currency in sums.items()
    }
    return {"object": "balance", "livemode": False, **shown}


CALLS = [
    Call("GET", "balance", RETRIEVE, retrieve_balance),
    *reading_calls("balance_transactions", "balance_transaction", ("source", "type", "payout", "currency")),
]
