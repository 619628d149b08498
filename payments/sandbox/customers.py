"""Customers and their saved payment methods."""

from typing import Any

from payments.sandbox.backend import Backend, Call
from payments.sandbox.cards import BY_NUMBER, Card
from payments.sandbox.parameters import ANY, RETRIEVE, Refusal, Shape, needed
from payments.sandbox.reading import LIST, list_page, retriever
from payments.sandbox.store import Thing

WRITABLE = ("email", "name", "phone", "description", "address", "shipping", "preferred_locales")
CUSTOMER: Shape = {
    **dict.fromkeys(WRITABLE),
    "address": ANY,
    "shipping": ANY,
    "preferred_locales": ANY,
    "metadata": ANY,
    "expand": ANY,
}
METHODS: Shape = {**LIST, "type": None, "allow_redisplay": None}


def create_customer(backend: Backend, parameters: dict[str, Any]) -> Thing:
    customer = backend.store.create("cus", "customer", **customer_fields(parameters))
    backend.emit("customer.created", customer)
    return backend.show(customer)


def update_customer(backend: Backend, parameters: dict[str, Any], name: str) -> Thing:
    customer = _living(backend, name)
    customer.update({key: parameters[key] or None for key in WRITABLE if key in parameters})
    customer["metadata"] = {**customer["metadata"], **parameters.get("metadata", {})}
    backend.store.save(customer)
    backend.emit("customer.updated", customer)
    return backend.show(customer)


def delete_customer(backend: Backend, parameters: dict[str, Any], name: str) -> Thing:
    """Delete a customer for good, and detach every saved method."""
    customer = _living(backend, name)
    backend.emit("customer.deleted", customer)
    for method in backend.store.select("payment_method", limit=-1, filters={"customer": name}):
        detach_method(backend, {}, method["id"])
    backend.store.save({"id": name, "object": "customer", "created": customer["created"], "_deleted": True})
    return {"id": name, "object": "customer", "deleted": True}


def retrieve_customer(backend: Backend, parameters: dict[str, Any], name: str) -> Thing:
    customer = backend.get("customer", name)
    if customer.get("_deleted"):
        return {"id": name, "object": "customer", "deleted": True}
    return backend.show(customer)


def list_customers(backend: Backend, parameters: dict[str, Any]) -> Thing:
    filters = {"livemode": 0} | ({"email": parameters["email"]} if "email" in parameters else {})
    return list_page(backend, "customers", "customer", parameters, filters)


def _living(backend: Backend, name: str) -> Thing:
    customer = backend.get("customer", name)
    if customer.get("_deleted"):
        raise Refusal(404, f"No such customer: '{name}'", code="resource_missing", param="customer")
    return customer


def check_customer(backend: Backend, name: str) -> Thing:
    """Return a customer that somebody pays as, or refuse the parameter `customer`."""
    found = backend.store.find(name)
    if not found or found["object"] != "customer" or found.get("_deleted"):
        raise Refusal(400, f"No such customer: '{name}'", code="resource_missing", param="customer")
    return found


# -- payment methods --------------------------------------------------------------------------------


def create_method(backend: Backend, card: Card, email: str | None) -> Thing:
    """Store the card or account that somebody pays with; it belongs to nobody yet."""
    return backend.store.create("pm", "payment_method", **method_fields(card, email), _card=card.number)


def attach_method(backend: Backend, method: Thing, customer: str, allow_redisplay: str) -> None:
    """Save a method for a customer."""
    method.update(customer=customer, allow_redisplay=allow_redisplay)
    backend.store.save(method)
    backend.emit("payment_method.attached", method)


def detach_method(backend: Backend, parameters: dict[str, Any], name: str) -> Thing:
    """Remove a saved method from its customer; it can never pay again."""
    method = backend.get("payment_method", name)
    if not method["customer"]:
        message = "The payment method you provided is not attached to a customer so detachment is impossible."
        raise Refusal(400, message)
    method["customer"] = None
    backend.store.save(method)
    backend.emit("payment_method.detached", method)
    return backend.show(method)


def update_method(backend: Backend, parameters: dict[str, Any], name: str) -> Thing:
    method = backend.get("payment_method", name)
    method["metadata"] = {**method["metadata"], **parameters.get("metadata", {})}
    method["allow_redisplay"] = parameters.get("allow_redisplay", method["allow_redisplay"])
    backend.store.save(method)
    return backend.show(method)


def list_methods(backend: Backend, parameters: dict[str, Any], customer: str = "") -> Thing:
    name = customer or needed(parameters, "customer")
    _living(backend, name)
    filters: dict[str, Any] = {key: parameters[key] for key in ("type", "allow_redisplay") if key in parameters}
    path = f"customers/{customer}/payment_methods" if customer else "payment_methods"
    return list_page(backend, path, "payment_method", parameters, {**filters, "customer": name})


def retrieve_method_of(backend: Backend, parameters: dict[str, Any], customer: str, name: str) -> Thing:
    method = backend.get("payment_method", name)
    if method["customer"] != customer:
        raise Refusal(404, f"No such payment_method: '{name}'", code="resource_missing", param="payment_method")
    return backend.show(method)


def saved_methods(backend: Backend, session: Thing) -> list[Thing]:
    """Return the methods that the session's page offers its customer."""
    if not session["customer"]:
        return []
    options = session["saved_payment_method_options"] or {}
    shown = options.get("allow_redisplay_filters") or ["always"]
    found = backend.store.select("payment_method", limit=20, filters={"customer": session["customer"]})
    return [method for method in found if method["allow_redisplay"] in shown]


def card_of_method(method: Thing) -> Card:
    return BY_NUMBER[method["_card"]]


def customer_fields(parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "balance": 0,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "discount": None,
        "invoice_prefix": "SANDBOX",
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "metadata": parameters.get("metadata", {}),
        "next_invoice_sequence": 1,
        "tax_exempt": "none",
        "test_clock": None,
        **{key: parameters.get(key) for key in WRITABLE},
        "preferred_locales": parameters.get("preferred_locales") or [],
    }


def method_fields(card: Card, email: str | None) -> dict[str, Any]:
    common = {
        "allow_redisplay": "unspecified",
        "billing_details": {"address": None, "email": email, "name": None, "phone": None, "tax_id": None},
        "customer": None,
        "metadata": {},
    }
    if card.is_bank_account:
        account = {
            "bank_code": "19043",
            "branch_code": None,
            "country": card.country,
            "fingerprint": f"sandbox{card.last4}",
            "generated_from": {"charge": None, "setup_attempt": None},
            "last4": card.last4,
        }
        return {**common, "type": "sepa_debit", "sepa_debit": account}
    details = {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"sandbox{card.last4}",
        "funding": "credit",
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    return {**common, "type": "card", "card": details}


CALLS = [
    Call("POST", "customers", CUSTOMER, create_customer),
    Call("GET", "customers", {**LIST, "email": None}, list_customers),
    Call("GET", "customers/{}", RETRIEVE, retrieve_customer),
    Call("POST", "customers/{}", CUSTOMER, update_customer),
    Call("DELETE", "customers/{}", RETRIEVE, delete_customer),
    Call("GET", "customers/{}/payment_methods", METHODS, list_methods),
    Call("GET", "customers/{}/payment_methods/{}", RETRIEVE, retrieve_method_of),
    Call("GET", "payment_methods", {**METHODS, "customer": None}, list_methods),
    Call("GET", "payment_methods/{}", RETRIEVE, retriever("payment_method")),
    Call("POST", "payment_methods/{}", {"metadata": ANY, "allow_redisplay": None, "expand": ANY}, update_method),
    Call("POST", "payment_methods/{}/detach", RETRIEVE, detach_method),
]
