"""Payment intents: created with the first try to pay a session; captured, canceled or left to expire."""

from typing import Any

from payments.sandbox.backend import DAY, Backend, Call
from payments.sandbox.charges import DAYS_TO_CAPTURE, book_charge
from payments.sandbox.parameters import ANY, Refusal, whole_number
from payments.sandbox.reading import reading_calls
from payments.sandbox.store import Thing

CANCELABLE = {"requires_payment_method", "requires_capture", "requires_confirmation", "requires_action", "processing"}
REASONS = ("duplicate", "fraudulent", "requested_by_customer", "abandoned")


def intent_of(backend: Backend, session: Thing) -> Thing:
    """Return the session's payment intent; the first call creates it."""
    found = backend.store.find(session.get("_intent", ""))
    if found:
        return found
    wishes = session["_intent_data"]
    intent = backend.store.create(
        "pi",
        "payment_intent",
        amount=session["amount_total"],
        amount_capturable=0,
        amount_details={"tip": {}},
        amount_received=0,
        application=None,
        application_fee_amount=None,
        automatic_payment_methods=None,
        canceled_at=None,
        cancellation_reason=None,
        capture_method=wishes.get("capture_method", "automatic_async"),
        client_secret=None,
        confirmation_method="automatic",
        currency=session["currency"],
        customer=session["customer"],
        description=wishes.get("description"),
        last_payment_error=None,
        latest_charge=None,
        metadata=wishes.get("metadata", {}),
        next_action=None,
        on_behalf_of=None,
        payment_method=None,
        payment_method_configuration_details=None,
        payment_method_options={},
        payment_method_types=session["payment_method_types"],
        processing=None,
        receipt_email=wishes.get("receipt_email"),
        review=None,
        setup_future_usage=wishes.get("setup_future_usage"),
        shipping=None,
        statement_descriptor=None,
        statement_descriptor_suffix=None,
        status="requires_payment_method",
        transfer_data=None,
        transfer_group=None,
        _session=session["id"],
    )
    intent["client_secret"] = f"{intent['id']}_secret_sandbox"
    backend.store.save(intent)
    session["_intent"] = intent["id"]
    backend.store.save(session)
    return intent


def _refuse_status(intent: Thing, verb: str, wanted: str) -> Refusal:
    message = (
        f"This PaymentIntent could not be {verb} because it has a status of {intent['status']}. "
        f"Only a PaymentIntent with one of the following statuses may be {verb}: {wanted}."
    )
    return Refusal(400, message, code="payment_intent_unexpected_state")


def capture_intent(backend: Backend, parameters: dict[str, Any], name: str) -> Thing:
    """Take a held amount, or a part of it; what is left goes back to the shopper."""
    intent = backend.get("payment_intent", name)
    if intent["status"] != "requires_capture":
        raise _refuse_status(intent, "captured", "requires_capture")
    held = intent["amount_capturable"]
    amount = whole_number(parameters, "amount_to_capture", held)
    if not 0 < amount <= held:
        message = f"The amount to capture ({amount}) must be between 1 and the held amount ({held})."
        raise Refusal(400, message, code="amount_too_large", param="amount_to_capture")
    charge = backend.get("charge", intent["latest_charge"])
    charge.update(captured=True, amount_captured=amount)
    book_charge(backend, charge)
    intent["metadata"] = {**intent["metadata"], **parameters.get("metadata", {})}
    intent.update(status="succeeded", amount_capturable=0, amount_received=amount)
    backend.store.save(intent)
    backend.store.drop_timers("expire_authorization", name)
    _mark_session_paid(backend, intent)
    backend.emit("charge.captured", charge)
    backend.emit("payment_intent.succeeded", intent)
    return backend.show(intent)


def _mark_session_paid(backend: Backend, intent: Thing) -> None:
    session = backend.store.find(intent["_session"])
    if session:
        session["payment_status"] = "paid"
        backend.store.save(session)


def cancel_intent(backend: Backend, parameters: dict[str, Any], name: str) -> Thing:
    """Cancel an unpaid intent; a held amount goes back to the shopper."""
    intent = backend.get("payment_intent", name)
    if intent["status"] not in CANCELABLE:
        raise _refuse_status(intent, "canceled", ", ".join(sorted(CANCELABLE)))
    session = backend.store.find(intent["_session"])
    if session and session["status"] == "open":
        message = "You cannot cancel a PaymentIntent of an open Checkout Session. Expire the Checkout Session instead."
        raise Refusal(400, message, code="payment_intent_unexpected_state")
    reason = parameters.get("cancellation_reason")
    if reason is not None and reason not in REASONS:
        raise Refusal(400, f"Invalid cancellation_reason: must be one of {', '.join(REASONS)}")
    _release(backend, intent, reason)
    return backend.show(intent)


def _release(backend: Backend, intent: Thing, reason: str | None) -> None:
    is_held = intent["status"] == "requires_capture"
    intent.update(
        status="canceled",
        amount_capturable=0,
        canceled_at=backend.now(),
        cancellation_reason=reason,
    )
    backend.store.save(intent)
    for action in ("expire_authorization", "settle_debit"):
        backend.store.drop_timers(action, intent["id"])
    if is_held:
        charge = backend.get("charge", intent["latest_charge"])
        charge.update(refunded=True, amount_refunded=charge["amount"])
        backend.store.save(charge)
        backend.emit("charge.expired" if reason == "automatic" else "charge.refunded", charge)
    backend.emit("payment_intent.canceled", intent)


def hold(backend: Backend, intent: Thing) -> None:
    """Note that the shopper's bank holds the amount until it is captured."""
    intent.update(status="requires_capture", amount_capturable=intent["amount"])
    backend.store.save(intent)
    backend.store.set_timer(backend.now() + DAYS_TO_CAPTURE * DAY, "expire_authorization", intent["id"])
    backend.emit("payment_intent.amount_capturable_updated", intent)


def expire_authorization(backend: Backend, name: str) -> None:
    """Cancel an intent whose amount nobody captured in time, as Stripe does by itself."""
    intent = backend.store.find(name)
    if intent and intent["status"] == "requires_capture":
        _release(backend, intent, "automatic")


def update_intent(backend: Backend, parameters: dict[str, Any], name: str) -> Thing:
    intent = backend.get("payment_intent", name)
    intent["metadata"] = {**intent["metadata"], **parameters.get("metadata", {})}
    intent["description"] = parameters.get("description", intent["description"])
    backend.store.save(intent)
    return backend.show(intent)


CALLS = [
    *reading_calls("payment_intents", "payment_intent", ("customer",)),
    Call("POST", "payment_intents/{}", {"metadata": ANY, "description": None, "expand": ANY}, update_intent),
    Call(
        "POST",
        "payment_intents/{}/capture",
        {"amount_to_capture": None, "metadata": ANY, "final_capture": None, "expand": ANY},
        capture_intent,
    ),
    Call("POST", "payment_intents/{}/cancel", {"cancellation_reason": None, "expand": ANY}, cancel_intent),
]
