"""Names of cards."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from payments.gateway.calls import field

if TYPE_CHECKING:
    import stripe

CARD_BRANDS = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners Club",
    "eftpos_au": "eftpos",
    "jcb": "JCB",
    "link": "Link",
    "unionpay": "UnionPay",
    "unknown": "Card",
}


def card_label(charge: "stripe.Charge") -> str:
    card = field(field(charge, "payment_method_details"), "card")
    return f"{card_brand(field(card, 'brand') or '')} ending in {field(card, 'last4')}" if card else ""


def capture_deadline(charge: Any) -> datetime | None:
    """Return when the bank stops holding the amount of a charge that was not captured."""
    stamp = field(field(field(charge, "payment_method_details"), "card"), "capture_before")
    return datetime.fromtimestamp(stamp, UTC) if stamp else None


def card_brand(code: str) -> str:
    """Return the name of a brand of cards: `Visa` for Stripe's code `visa`."""
    return CARD_BRANDS.get(code) or code.replace("_", " ").title() or "Card"
