"""Payouts: what is available of the balance goes to the bank account, and arrives days later or fails."""

from typing import Any

from payments.sandbox.backend import DAY, Backend, Movement
from payments.sandbox.balance import unpaid_transactions
from payments.sandbox.parameters import Refusal
from payments.sandbox.reading import reading_calls
from payments.sandbox.store import Thing

DAYS_TO_ARRIVE = 2
BANK_ACCOUNT = "ba_sandbox"


def create_payout(backend: Backend, currency: str, *, short_by: int = 0) -> Thing:
    """Pay out everything that is available in a currency.

    The payout equals the sum of its transactions, except where a test wants a difference: `short_by` minor units.
    """
    now = backend.now()
    taken = [entry for entry in unpaid_transactions(backend, currency) if entry["available_on"] <= now]
    total = sum(entry["net"] for entry in taken) - short_by
    if total <= 0:
        raise Refusal(400, f"There is nothing to pay out in {currency.upper()}.", code="balance_insufficient")
    arrives = now + DAYS_TO_ARRIVE * DAY
    payout = backend.store.create("po", "payout", **payout_fields(currency, total, arrives))
    own = backend.book(
        Movement(
            amount=-total,
            currency=currency,
            kind="payout",
            source=payout["id"],
            description="STRIPE PAYOUT",
            available_on=arrives,
        )
    )
    payout["balance_transaction"] = own["id"]
    backend.store.save(payout)
    for transaction in (*taken, own):
        transaction["_payout"] = payout["id"]
        backend.store.save(transaction)
    backend.store.set_timer(arrives, "pay_payout", payout["id"])
    backend.emit("payout.created", payout)
    backend.emit("payout.reconciliation_completed", payout)
    return payout


def pay_payout(backend: Backend, name: str) -> None:
    """Let a payout arrive, or fail if the switch `fail_payout` is on."""
    payout = backend.get("payout", name)
    if payout["status"] not in ("pending", "in_transit"):
        return
    if backend.store.use_up("fail_payout"):
        fail_payout(backend, name)
        return
    payout["status"] = "paid"
    backend.store.save(payout)
    backend.store.drop_timers("pay_payout", name)
    backend.emit("payout.paid", payout)


def fail_payout(backend: Backend, name: str) -> None:
    """Let the bank send a payout back, also one that was paid: the money is in the balance again."""
    payout = backend.get("payout", name)
    if payout["status"] == "failed":
        return
    back = backend.book(
        Movement(
            amount=payout["amount"],
            currency=payout["currency"],
            kind="payout_failure",
            source=name,
            category="payout_reversal",
        )
    )
    payout.update(
        status="failed",
        failure_balance_transaction=back["id"],
        failure_code="account_closed",
        failure_message="The bank account has been closed.",
    )
    backend.store.save(payout)
    backend.store.drop_timers("pay_payout", name)
    backend.emit("payout.failed", payout)


def start_daily_payouts(backend: Backend) -> None:
    """Pay out once a day from now on, for as long as the switch `payouts` is `daily`."""
    backend.store.drop_timers("daily_payout", "")
    backend.store.set_timer(backend.now() + DAY, "daily_payout", "")


def make_daily_payouts(backend: Backend, name: str = "") -> None:
    if backend.store.switch("payouts") != "daily":
        return
    for currency in sorted({entry["currency"] for entry in unpaid_transactions(backend)}):
        try:
            create_payout(backend, currency)
        except Refusal:
            continue  # nothing is available today
    start_daily_payouts(backend)


def payout_fields(currency: str, amount: int, arrives: int) -> dict[str, Any]:
    return {
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": arrives,
        "automatic": True,
        "balance_transaction": None,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": BANK_ACCOUNT,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "completed",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "pending",
        "trace_id": {"status": "pending", "value": None},
        "type": "bank_account",
    }


CALLS = reading_calls("payouts", "payout", ("status", "destination"), ("arrival_date",))
