"""The evidence against a dispute: what the shop knows of the order, under Stripe's names of evidence."""

from catalog.formats import day, moment, money
from catalog.models import Store
from orders.models import Order

# Stripe's names (https://docs.stripe.com/api/disputes/evidence_object), with what staff read.
LABELS = {
    "customer_name": "Name of the customer",
    "customer_email_address": "E-mail address",
    "customer_purchase_ip": "IP address at the order",
    "billing_address": "Billing address",
    "product_description": "What was bought",
    "shipping_address": "Delivery address",
    "shipping_date": "Shipped on",
    "shipping_carrier": "Carrier",
    "shipping_tracking_number": "Tracking number",
    "refund_policy_disclosure": "How the customer agreed to the terms",
    "uncategorized_text": "What else the bank should know",
}
MAX_CHARACTERS = 20_000  # of each text at Stripe
LONG = {"product_description", "refund_policy_disclosure", "uncategorized_text", "billing_address", "shipping_address"}


def evidence_of(order: Order) -> dict[str, str]:
    """Return what the shop can prove about the order: who ordered what, to where, and what was sent when."""
    parcels = list(order.fulfillments.order_by("pk"))
    shop = Store.objects.values_list("name", flat=True).first() or ""
    delivery = "\n".join([*order.printed_lines, order.country])
    texts = {
        "customer_name": order.name,
        "customer_email_address": order.email,
        "customer_purchase_ip": order.terms_accepted_ip or "",
        "billing_address": "\n".join(order.billing_lines) or delivery,
        "product_description": _lines_of(order),
        "shipping_address": delivery if order.has_address else "",
        "shipping_date": ", ".join(day(parcel.shipped_at) for parcel in parcels),
        "shipping_carrier": ", ".join(dict.fromkeys(parcel.carrier for parcel in parcels if parcel.carrier)),
        "shipping_tracking_number": ", ".join(parcel.tracking_number for parcel in parcels if parcel.tracking_number),
        "refund_policy_disclosure": _terms_of(order, shop),
        "uncategorized_text": _history_of(order),
    }
    return {name: str(text)[:MAX_CHARACTERS] for name, text in texts.items()}


def _lines_of(order: Order) -> str:
    lines = [
        f"{line.quantity} × {line.full_title}: {money(line.total_minor, order.currency)}" for line in order.lines.all()
    ]
    return "\n".join([*lines, f"Total with delivery: {money(order.total_minor, order.currency)}"])


def _terms_of(order: Order, shop: str) -> str:
    ip = f" from {order.terms_accepted_ip}" if order.terms_accepted_ip else ""
    return (
        f"The customer accepted the terms of sale of {shop} (version {order.terms_version}) in the checkout on "
        f"{moment(order.terms_accepted_at)}{ip}, and got them with the order confirmation."
    )


def _history_of(order: Order) -> str:
    events = order.events.filter(is_public=True).order_by("pk")
    return "\n".join(f"{moment(event.created_at)}: {event.text}" for event in events)
