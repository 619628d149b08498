"""Charges: one try to take money. A payment intent has one for each try that reached the bank."""

from typing import Any

from payments.sandbox.backend import DAY, DAYS_UNTIL_AVAILABLE, Backend, Movement
from payments.sandbox.cards import BY_NUMBER, CARDS, Card
from payments.sandbox.fees import charge_fee
from payments.sandbox.parameters import Refusal
from payments.sandbox.reading import reading_calls
from payments.sandbox.store import Thing

DAYS_TO_CAPTURE = 7


def create_charge(backend: Backend, intent: Thing, card: Card, **changes: Any) -> Thing:
    """Store a charge of the intent's amount; the changes say how it ended."""
    fields = {**charge_fields(backend, intent, card), **changes}
    return backend.store.create("py" if card.is_bank_account else "ch", "charge", **fields, _card=card.number)


def card_of(charge: Thing) -> Card:
    """Return the card of a charge; the plain one for charges that an earlier version of the sandbox stored."""
    return BY_NUMBER.get(charge.get("_card", ""), CARDS[0])


def book_charge(backend: Backend, charge: Thing) -> None:
    """Credit a captured charge to the balance, less its fee."""
    card = card_of(charge)
    amount, currency = charge["amount_captured"], charge["currency"]
    days = 0 if card.is_available_at_once else DAYS_UNTIL_AVAILABLE
    transaction = backend.book(
        Movement(
            amount=amount,
            currency=currency,
            kind="payment" if card.is_bank_account else "charge",
            source=charge["id"],
            fee=charge_fee(amount, currency, card),
            category="charge",
            description=charge["description"],
            available_on=backend.now() + days * DAY,
        )
    )
    charge["balance_transaction"] = transaction["id"]
    backend.store.save(charge)


def find_charge(backend: Backend, parameters: dict[str, Any]) -> Thing:
    """Return the successful charge that parameters name by `charge` or `payment_intent`."""
    if "charge" in parameters:
        return backend.get("charge", parameters["charge"])
    intent = backend.get("payment_intent", parameters.get("payment_intent", ""))
    if not intent["latest_charge"] or intent["status"] != "succeeded":
        raise Refusal(400, "This PaymentIntent does not have a successful charge to refund.")
    return backend.get("charge", intent["latest_charge"])


def charge_fields(backend: Backend, intent: Thing, card: Card) -> dict[str, Any]:
    return {
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
        "calculated_statement_descriptor": "SANDBOX",
        "captured": False,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": outcome(card),
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": method_details(backend, intent, card),
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "failed",
        "transfer_data": None,
        "transfer_group": None,
    }


def outcome(card: Card) -> dict[str, Any]:
    """Return what the bank and Stripe's fraud rules said to the card."""
    risk = {"risk_level": card.risk_level, "risk_score": card.risk_score, "rule": None}
    if card.risk_level == "highest":
        return {
            **risk,
            "network_status": "not_sent_to_network",
            "type": "blocked",
            "reason": "highest_risk_level",
            "seller_message": "Stripe blocked this payment as too risky.",
        }
    if card.declines:
        return {
            **risk,
            "network_status": "declined_by_network",
            "type": "issuer_declined",
            "reason": card.declines[1],
            "seller_message": "The bank declined the payment.",
        }
    return {
        **risk,
        "network_status": "approved_by_network",
        "type": "authorized",
        "reason": "elevated_risk_level" if card.risk_level == "elevated" else None,
        "seller_message": "Payment complete.",
    }


def method_details(backend: Backend, intent: Thing, card: Card) -> dict[str, Any]:
    if card.is_bank_account:
        account = {
            "bank_code": "19043",
            "branch_code": None,
            "country": card.country,
            "fingerprint": f"sandbox{card.last4}",
            "last4": card.last4,
            "mandate": None,
        }
        return {"type": "sepa_debit", "sepa_debit": account}
    is_manual = intent["capture_method"] == "manual"
    paid_by = {
        "amount_authorized": intent["amount"],
        "authorization_code": "123456",
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": card.country,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"sandbox{card.last4}",
        "funding": "credit",
        "installments": None,
        "last4": card.last4,
        "mandate": None,
        "network": card.brand,
        "three_d_secure": None,
        "wallet": None,
    }
    if is_manual:
        paid_by["capture_before"] = backend.now() + DAYS_TO_CAPTURE * DAY
    return {"type": "card", "card": paid_by}


CALLS = reading_calls("charges", "charge", ("payment_intent", "customer"))
