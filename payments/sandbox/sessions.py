"""Checkout Sessions: create, read and expire them."""

from typing import Any

from payments.sandbox import cards
from payments.sandbox.backend import DAY, Backend, Call
from payments.sandbox.parameters import RETRIEVE, SESSION, Refusal, needed, whole_number
from payments.sandbox.reading import reading_calls
from payments.sandbox.store import Thing

MIN_SESSION_SECONDS, MAX_SESSION_SECONDS = 30 * 60, DAY
SLACK = 5
CAPTURE_METHODS = ("automatic", "automatic_async", "manual")


def create_session(backend: Backend, parameters: dict[str, Any]) -> Thing:
    if needed(parameters, "mode") != "payment":
        raise Refusal(400, "The sandbox knows only mode=payment.", param="mode")
    needed(parameters, "success_url")
    intent_data = parameters.get("payment_intent_data", {})
    method = intent_data.get("capture_method", "automatic_async")
    if method not in CAPTURE_METHODS:
        choices = ", ".join(CAPTURE_METHODS)
        raise Refusal(
            400,
            f"Invalid payment_intent_data[capture_method]: must be one of {choices}",
            param="payment_intent_data[capture_method]",
        )
    items = [_line_item(item) for item in needed(parameters, "line_items")]
    expires = whole_number(parameters, "expires_at", backend.now() + MAX_SESSION_SECONDS)
    if not MIN_SESSION_SECONDS - SLACK <= expires - backend.store.now() <= MAX_SESSION_SECONDS + SLACK:
        message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
        raise Refusal(400, message, param="expires_at")
    total = sum(item["amount_total"] for item in items)
    currency = items[0]["currency"]
    if total < cards.smallest_charge(currency):
        message = "The Checkout Session's total amount due must add up to at least the minimum charge amount."
        raise Refusal(400, message, code="amount_too_small")
    fields = session_fields(parameters, total, currency, expires)
    session = backend.store.create("cs_test", "checkout.session", **fields)
    session["url"] = f"{backend.base_url}/c/pay/{session['id']}"
    session["_items"] = items
    session["_intent_data"] = intent_data
    backend.store.save(session)
    backend.store.set_timer(expires, "expire_session", session["id"])
    return backend.show(session)


def _line_item(item: dict[str, Any]) -> Thing:
    price = needed(item, "price_data")
    quantity = whole_number(item, "quantity", 1)
    amount = whole_number(price, "unit_amount") * quantity
    if amount < 0:
        raise Refusal(400, "Invalid non-negative integer", param="line_items[0][price_data][unit_amount]")
    name = needed(price.get("product_data", {}), "name")
    currency = str(needed(price, "currency")).lower()
    return {
        "object": "item",
        "description": name,
        "quantity": quantity,
        "amount_total": amount,
        "currency": currency,
    }


def expire_session(backend: Backend, parameters: dict[str, Any], name: str) -> Thing:
    session = backend.get("checkout.session", name)
    if session["status"] != "open":
        message = 'Only Checkout Sessions with a status in ["open"] can be expired. '
        raise Refusal(400, message + f"This Checkout Session has a status of {session['status']}.")
    session.update(status="expired", url=None)
    backend.store.save(session)
    backend.store.drop_timers("expire_session", name)
    backend.emit("checkout.session.expired", session)
    return backend.show(session)


def expire_if_open(backend: Backend, name: str) -> None:
    """Expire a session whose time is over, as Stripe does by itself."""
    session = backend.store.find(name)
    if session and session["status"] == "open":
        expire_session(backend, {}, name)


def session_fields(parameters: dict[str, Any], total: int, currency: str, expires: int) -> dict[str, Any]:
    return {
        "mode": "payment",
        "status": "open",
        "payment_status": "unpaid",
        "currency": currency,
        "amount_subtotal": total,
        "amount_total": total,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": parameters.get("cancel_url"),
        "client_reference_id": parameters.get("client_reference_id"),
        "client_secret": None,
        "consent": None,
        "consent_collection": None,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": None,
        "customer_creation": "if_required",
        "customer_details": None,
        "customer_email": parameters.get("customer_email"),
        "expires_at": expires,
        "invoice": None,
        "invoice_creation": {"enabled": False, "invoice_data": {}},
        "locale": parameters.get("locale"),
        "metadata": parameters.get("metadata", {}),
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card", "sepa_debit"] if currency == "eur" else ["card"],
        "phone_number_collection": {"enabled": False},
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "submit_type": None,
        "subscription": None,
        "success_url": parameters["success_url"],
        "ui_mode": "hosted_page",
        "url": None,
    }


CALLS = [
    Call("POST", "checkout/sessions", SESSION, create_session),
    *reading_calls("checkout/sessions", "checkout.session", ("payment_intent", "status", "customer")),
    Call("POST", "checkout/sessions/{}/expire", RETRIEVE, expire_session),
]
