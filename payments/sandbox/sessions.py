"""Checkout Sessions: create, read and expire them."""

import secrets
from typing import Any

from payments.sandbox import cards
from payments.sandbox.backend import DAY, Backend, Call
from payments.sandbox.customers import check_customer
from payments.sandbox.parameters import RETRIEVE, SESSION, Refusal, needed, one_of, whole_number
from payments.sandbox.reading import reading_calls
from payments.sandbox.store import Thing

MIN_SESSION_SECONDS, MAX_SESSION_SECONDS = 30 * 60, DAY
SLACK = 5
UI_MODES = ("hosted_page", "embedded_page")  # Stripe also has `elements` and `form`
CAPTURE_METHODS = ("automatic", "automatic_async", "manual")


def create_session(backend: Backend, parameters: dict[str, Any]) -> Thing:
    if needed(parameters, "mode") != "payment":
        raise Refusal(400, "The sandbox knows only mode=payment.", param="mode")
    _check_page(parameters)
    _check_customer(backend, parameters)
    intent_data = parameters.get("payment_intent_data", {})
    one_of(intent_data, "capture_method", CAPTURE_METHODS)
    one_of(intent_data, "setup_future_usage", ("on_session", "off_session"))
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
    if session["ui_mode"] == "embedded_page":
        session["client_secret"] = f"{session['id']}_secret_{secrets.token_hex(12)}"
    else:
        session["url"] = f"{backend.base_url}/c/pay/{session['id']}"
    session["_items"] = items
    session["_intent_data"] = intent_data
    backend.store.save(session)
    backend.store.set_timer(expires, "expire_session", session["id"])
    return backend.show(session)


def _check_page(parameters: dict[str, Any]) -> None:
    """Refuse addresses that do not belong to the kind of page."""
    one_of(parameters, "redirect_on_completion", ("always", "if_required", "never"))
    if one_of(parameters, "ui_mode", UI_MODES, "hosted_page") == "hosted_page":
        needed(parameters, "success_url")
        wrong: tuple[str, ...] = ("return_url", "redirect_on_completion")
    else:
        wrong = ("success_url", "cancel_url")
        if parameters.get("redirect_on_completion") == "never":
            wrong = (*wrong, "return_url")
        else:
            needed(parameters, "return_url")
    for name in wrong:
        if name in parameters:
            raise Refusal(400, f"`{name}` cannot be used with this ui_mode or redirect_on_completion.", param=name)


def _check_customer(backend: Backend, parameters: dict[str, Any]) -> None:
    one_of(parameters, "customer_creation", ("always", "if_required"))
    if "customer" not in parameters:
        return
    for other in ("customer_email", "customer_creation"):
        if other in parameters:
            raise Refusal(400, f"You may only specify one of these parameters: customer, {other}.", param=other)
    check_customer(backend, parameters["customer"])


def _saved_options(parameters: dict[str, Any]) -> Thing | None:
    wishes = parameters.get("saved_payment_method_options")
    if wishes is None:
        return None
    switch = ("enabled", "disabled")
    return {
        "allow_redisplay_filters": wishes.get("allow_redisplay_filters"),
        "payment_method_remove": one_of(wishes, "payment_method_remove", switch),
        "payment_method_save": one_of(wishes, "payment_method_save", switch),
    }


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
    ui_mode = parameters.get("ui_mode", "hosted_page")
    is_embedded = ui_mode == "embedded_page"
    automatic = ["card", "sepa_debit"] if currency == "eur" else ["card"]
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
        "customer": parameters.get("customer"),
        "customer_creation": None if "customer" in parameters else parameters.get("customer_creation", "if_required"),
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
        "payment_method_types": parameters.get("payment_method_types") or automatic,
        "phone_number_collection": {"enabled": False},
        "redirect_on_completion": parameters.get("redirect_on_completion", "always") if is_embedded else None,
        "return_url": parameters.get("return_url"),
        "saved_payment_method_options": _saved_options(parameters),
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "submit_type": parameters.get("submit_type"),
        "subscription": None,
        "success_url": parameters.get("success_url"),
        "ui_mode": ui_mode,
        "url": None,
    }


CALLS = [
    Call("POST", "checkout/sessions", SESSION, create_session),
    *reading_calls("checkout/sessions", "checkout.session", ("payment_intent", "status", "customer")),
    Call("POST", "checkout/sessions/{}/expire", RETRIEVE, expire_session),
]
