"""Pay a session as a shopper does on its page."""

from dataclasses import dataclass
from typing import Any

from payments.sandbox.backend import DAY, Backend
from payments.sandbox.cards import Card, Refused, find_card
from payments.sandbox.charges import book_charge, card_of, create_charge
from payments.sandbox.customers import attach_method, card_of_method, create_customer, create_method, saved_methods
from payments.sandbox.disputes import open_dispute, warn_of_fraud
from payments.sandbox.intents import hold, intent_of
from payments.sandbox.store import Thing

DAYS_TO_DEBIT = 5
NOT_AUTHENTICATED = (
    "payment_intent_authentication_failure",
    "",
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What a shopper sends: a card's number or a saved method."""

    number: str = ""
    method: str = ""
    is_saved: bool = False
    is_authenticated: bool = False


def pay(backend: Backend, session_id: str, attempt: Attempt) -> str:
    """Pay an open session; return "paid", "secure" (the shopper must authenticate) or an error sentence."""
    with backend.store.transaction():
        session = backend.store.find(session_id)
        if not session or session["status"] != "open" or session["expires_at"] <= backend.store.now():
            return "This payment page is no longer open."
        saved = next((method for method in saved_methods(backend, session) if method["id"] == attempt.method), None)
        card = card_of_method(saved) if saved else find_card(attempt.number)
        if not card or card.kind not in session["payment_method_types"]:
            return "Your card number is not one of the test cards."
        if card.needs_authentication and not attempt.is_authenticated:
            return "secure"
        _choose_method(backend, session, card, saved)
        if card.declines:
            return decline(backend, session, card, card.declines)
        if card.is_bank_account:
            start_debit(backend, session, card)
        else:
            succeed(backend, session, card)
        _keep_method(backend, session, attempt)
        return "paid"


def _choose_method(backend: Backend, session: Thing, card: Card, saved: Thing | None) -> None:
    intent = intent_of(backend, session)
    intent["payment_method"] = (saved or create_method(backend, card, email_of(backend, session)))["id"]
    backend.store.save(intent)


def _keep_method(backend: Backend, session: Thing, attempt: Attempt) -> None:
    """Save the method for the customer if the shopper or the shop wants that."""
    intent = backend.get("payment_intent", session["_intent"])
    method = backend.get("payment_method", intent["payment_method"])
    if not session["customer"] or method["customer"]:
        return
    options = session["saved_payment_method_options"] or {}
    if attempt.is_saved and options.get("payment_method_save") == "enabled":
        attach_method(backend, method, session["customer"], "always")
    elif intent["setup_future_usage"]:
        attach_method(backend, method, session["customer"], "limited")


def refuse_authentication(backend: Backend, session_id: str) -> None:
    """Note that the shopper did not pass 3-D Secure."""
    with backend.store.transaction():
        session = backend.store.find(session_id)
        if session and session["status"] == "open":
            _fail_intent(backend, intent_of(backend, session), *NOT_AUTHENTICATED)


def decline(backend: Backend, session: Thing, card: Card, refused: Refused) -> str:
    """Refuse the card, and return the sentence that the shopper sees."""
    code, decline_code, message = refused
    intent = intent_of(backend, session)
    charge = create_charge(backend, intent, card, failure_code=code, failure_message=message)
    intent["latest_charge"] = charge["id"]
    backend.emit("charge.failed", charge)
    _fail_intent(backend, intent, code, decline_code, message, charge["id"])
    return message


def _fail_intent(
    backend: Backend, intent: Thing, code: str, decline_code: str, message: str, charge_id: str = ""
) -> None:
    error = {"type": "card_error" if charge_id else "invalid_request_error", "code": code, "message": message}
    error |= ({"decline_code": decline_code} if decline_code else {}) | ({"charge": charge_id} if charge_id else {})
    intent.update(status="requires_payment_method", last_payment_error=error, processing=None)
    backend.store.save(intent)
    backend.emit("payment_intent.payment_failed", intent)


def succeed(backend: Backend, session: Thing, card: Card) -> None:
    """Charge the card, or hold the amount on it if the session asks for that."""
    intent = intent_of(backend, session)
    charge = create_charge(backend, intent, card, paid=True, status="succeeded")
    intent.update(latest_charge=charge["id"], last_payment_error=None)
    is_held = intent["capture_method"] == "manual"
    if not is_held:
        _take(backend, intent, charge)
    complete(backend, session, intent, "unpaid" if is_held else "paid")
    if is_held:
        hold(backend, intent)
    else:
        backend.emit("payment_intent.succeeded", intent)
    backend.emit("charge.succeeded", charge)
    backend.emit("checkout.session.completed", session)
    if card.disputed_as:
        reason = "fraudulent" if card.disputed_as == "inquiry" else card.disputed_as
        open_dispute(backend, charge, reason=reason, is_inquiry=card.disputed_as == "inquiry")
    if card.has_fraud_warning:
        warn_of_fraud(backend, charge)


def _take(backend: Backend, intent: Thing, charge: Thing) -> None:
    charge.update(paid=True, status="succeeded", captured=True, amount_captured=charge["amount"])
    book_charge(backend, charge)
    intent.update(status="succeeded", amount_received=intent["amount"], processing=None)
    backend.store.save(intent)


def complete(backend: Backend, session: Thing, intent: Thing, payment_status: str) -> None:
    """Close the session's page."""
    if not session["customer"] and session["customer_creation"] == "always":
        session["customer"] = create_customer(backend, {"email": session["customer_email"]})["id"]
        intent["customer"] = session["customer"]
        backend.store.save(intent)
    details: dict[str, Any] = {
        "email": email_of(backend, session),
        "name": None,
        "phone": None,
        "address": None,
        "business_name": None,
        "individual_name": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
    session.update(
        status="complete",
        payment_status=payment_status,
        payment_intent=intent["id"],
        customer_details=details,
        url=None,
    )
    backend.store.save(session)
    backend.store.drop_timers("expire_session", session["id"])


def email_of(backend: Backend, session: Thing) -> str | None:
    """Return the address that the session or its customer has."""
    customer = backend.store.find(session["customer"] or "") or {}
    return session["customer_email"] or customer.get("email")


def start_debit(backend: Backend, session: Thing, account: Card) -> None:
    """Send a debit to the shopper's bank, which answers days later."""
    intent = intent_of(backend, session)
    charge = create_charge(backend, intent, account, status="pending")
    intent.update(status="processing", latest_charge=charge["id"], last_payment_error=None)
    backend.store.save(intent)
    complete(backend, session, intent, "unpaid")
    backend.store.set_timer(backend.now() + DAYS_TO_DEBIT * DAY, "settle_debit", intent["id"])
    backend.emit("payment_intent.processing", intent)
    backend.emit("charge.pending", charge)
    backend.emit("checkout.session.completed", session)


def settle_debit(backend: Backend, name: str, outcome: str = "") -> None:
    """End a debit as its account says, or as the given outcome (`paid` or `failed`) does."""
    intent = backend.store.find(name)
    if not intent or intent["status"] != "processing":
        return
    backend.store.drop_timers("settle_debit", name)
    charge, session = (
        backend.get("charge", intent["latest_charge"]),
        backend.get("checkout.session", intent["_session"]),
    )
    if (outcome or card_of(charge).settles) == "paid":
        _take(backend, intent, charge)
        session["payment_status"] = "paid"
        backend.store.save(session)
        backend.emit("payment_intent.succeeded", intent)
        backend.emit("charge.succeeded", charge)
        backend.emit("checkout.session.async_payment_succeeded", session)
        return
    message = "The customer's account has insufficient funds to cover this payment."
    charge.update(status="failed", failure_code="insufficient_funds", failure_message=message)
    backend.store.save(charge)
    backend.emit("charge.failed", charge)
    _fail_intent(backend, intent, "insufficient_funds", "", message, charge["id"])
    backend.emit("checkout.session.async_payment_failed", session)
