"""The outcome of paying with Stripe's published test cards (https://docs.stripe.com/testing)."""

import time
from typing import Any

from payments.sandbox.backend import Backend
from payments.sandbox.store import Thing

PAYS = "4242424242424242"
DECLINED = "4000000000000002"
INSUFFICIENT = "4000000000009995"
SECURE = "4000002500003155"
OUTCOMES = {
    DECLINED: ("card_declined", "generic_decline", "Your card was declined."),
    INSUFFICIENT: ("card_declined", "insufficient_funds", "Your card has insufficient funds."),
}
MIN_CHARGE_MINOR = {"eur": 50, "usd": 50, "gbp": 30, "chf": 50, "dkk": 250, "nok": 300, "sek": 300, "jpy": 50}


def smallest_charge(currency: str) -> int:
    return MIN_CHARGE_MINOR.get(currency, 1)


def pay(backend: Backend, session_id: str, number: str, *, is_authenticated: bool = False) -> str:
    """Pay an open session by card; return "paid", "secure" (the shopper must authenticate) or an error sentence."""
    with backend.store.transaction():
        session = backend.store.find(session_id)
        if not session or session["status"] != "open" or session["expires_at"] <= time.time():
            return "This payment page is no longer open."
        if number == SECURE and not is_authenticated:
            return "secure"
        if number in OUTCOMES:
            return decline(backend, session, *OUTCOMES[number])
        if number not in (PAYS, SECURE):
            return "Your card number is not one of the test cards."
        succeed(backend, session, number)
        return "paid"


def _intent_of(backend: Backend, session: Thing) -> Thing:
    found = backend.store.find(session.get("_intent", ""))
    if found:
        return found
    intent = backend.store.create(
        *("pi", "payment_intent"),
        amount=session["amount_total"],
        amount_capturable=0,
        amount_received=0,
        automatic_payment_methods=None,
        canceled_at=None,
        cancellation_reason=None,
        capture_method="automatic",
        client_secret=None,
        confirmation_method="automatic",
        currency=session["currency"],
        customer=None,
        description=session["_intent_data"].get("description"),
        last_payment_error=None,
        latest_charge=None,
        metadata=session["_intent_data"].get("metadata", {}),
        next_action=None,
        payment_method=None,
        payment_method_types=["card"],
        processing=None,
        receipt_email=None,
        status="requires_payment_method",
    )
    session["_intent"] = intent["id"]
    backend.store.save(session)
    return intent


def decline(backend: Backend, session: Thing, code: str, decline_code: str, message: str) -> str:
    intent = _intent_of(backend, session)
    intent["last_payment_error"] = {
        "type": "card_error",
        "code": code,
        "decline_code": decline_code,
        "message": message,
    }
    backend.store.save(intent)
    backend.emit("payment_intent.payment_failed", intent)
    return message


def succeed(backend: Backend, session: Thing, number: str) -> None:
    intent = _intent_of(backend, session)
    charge = backend.store.create("ch", "charge", **charge_fields(intent, number))
    charge["balance_transaction"] = backend.balance(charge["amount"], charge["currency"], "charge", charge["id"])["id"]
    backend.store.save(charge)
    intent.update(
        status="succeeded",
        amount_received=intent["amount"],
        latest_charge=charge["id"],
        last_payment_error=None,
    )
    backend.store.save(intent)
    details = {
        "email": session["customer_email"],
        "name": None,
        "phone": None,
        "address": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
    session.update(
        status="complete",
        payment_status="paid",
        payment_intent=intent["id"],
        customer_details=details,
        url=None,
    )
    backend.store.save(session)
    backend.emit("payment_intent.succeeded", intent)
    backend.emit("charge.succeeded", charge)
    backend.emit(
        "checkout.session.completed",
        {key: value for key, value in session.items() if not key.startswith("_")},
    )


def charge_fields(intent: Thing, number: str) -> dict[str, Any]:
    return {
        "amount": intent["amount"],
        "amount_captured": intent["amount"],
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
        "captured": True,
        "currency": intent["currency"],
        "customer": None,
        "description": intent["description"],
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "metadata": intent["metadata"],
        "outcome": {"network_status": "approved_by_network", "type": "authorized", "risk_level": "normal"},
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method": None,
        "payment_method_details": {
            "type": "card",
            "card": {"brand": "visa", "last4": number[-4:], "exp_month": 12, "exp_year": 2034},
        },
        "receipt_email": None,
        "receipt_url": None,
        "refunded": False,
        "status": "succeeded",
    }
