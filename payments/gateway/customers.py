"""Customers, and the cards that they saved."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from payments.errors import GatewayRefused
from payments.gateway.calls import call, client, field
from payments.gateway.cards import method_name

if TYPE_CHECKING:
    import stripe

MAX_SAVED = 100
GONE = "resource_missing"  # Stripe's code for an object that it does not have, or no longer has


@dataclass(frozen=True)
class SavedMethod:
    """A card or account that a customer saved, by the name that shoppers know, and the end of its validity (`12/34`)."""

    method_id: str
    label: str
    expires: str


def create_customer(email: str, key: str) -> str:
    """Create a customer and return its id; calling again with the same key and address returns the same customer."""
    customer = call(
        "create customer",
        lambda: client().v1.customers.create({"email": email}, {"idempotency_key": key}),
        has_key=True,
    )
    return customer.id


def delete_customer(customer_id: str) -> bool:
    """Delete the customer with all saved cards at Stripe, if it is not gone already."""
    try:
        call("delete customer", lambda: client().v1.customers.delete(customer_id))
    except GatewayRefused as refused:
        if refused.code != GONE:
            raise
    return True


def list_saved_methods(customer_id: str) -> list[SavedMethod]:
    """Return what the customer saved, newest first."""
    page = call(
        "list saved methods", lambda: client().v1.customers.payment_methods.list(customer_id, {"limit": MAX_SAVED})
    )
    return [_saved_method(method) for method in page.data]


def retrieve_saved_method(customer_id: str, method_id: str) -> SavedMethod:
    """Return what this customer saved; raise GatewayRefused for that of anybody else."""
    method = call(
        "retrieve saved method", lambda: client().v1.customers.payment_methods.retrieve(customer_id, method_id)
    )
    return _saved_method(method)


def detach_method(method_id: str) -> SavedMethod:
    """Remove a saved card or account from its customer for good, and return it."""
    return _saved_method(call("detach method", lambda: client().v1.payment_methods.detach(method_id)))


def _saved_method(method: "stripe.PaymentMethod") -> SavedMethod:
    card = field(method, "card")
    month, year = field(card, "exp_month"), field(card, "exp_year")
    expires = f"{month:02}/{year % 100:02}" if month and year else ""
    return SavedMethod(method.id, method_name(method), expires)
