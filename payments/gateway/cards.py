"""Names of what a shopper pays with, as Stripe tells it for each charge."""

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
# Those whose name is not Stripe's code with capital letters.
METHODS = {
    "acss_debit": "Pre-authorized debit",
    "au_becs_debit": "BECS Direct Debit",
    "bacs_debit": "Bacs Direct Debit",
    "blik": "BLIK",
    "customer_balance": "Bank transfer",
    "eps": "EPS",
    "fpx": "FPX",
    "ideal": "iDEAL",
    "kr_card": "Card",
    "mb_way": "MB WAY",
    "mobilepay": "MobilePay",
    "oxxo": "OXXO",
    "p24": "Przelewy24",
    "paynow": "PayNow",
    "paypal": "PayPal",
    "promptpay": "PromptPay",
    "sepa_debit": "SEPA Direct Debit",
    "twint": "TWINT",
    "us_bank_account": "US bank account",
    "wechat_pay": "WeChat Pay",
}


def method_label(charge: "stripe.Charge") -> str:
    """Return what a charge was paid with: `Visa ending in 4242`, `Apple Pay (Visa 4242)`, `iDEAL`; empty if unknown."""
    return method_name(field(charge, "payment_method_details"))


def method_name(method: Any) -> str:
    """Return the name of a payment method, or of the details of a charge."""
    if card := field(method, "card"):
        return _card_label(card)
    code = str(field(method, "type") or "")
    return METHODS.get(code) or code.replace("_", " ").title()


def _card_label(card: Any) -> str:
    brand, last4 = card_brand(field(card, "brand") or ""), field(card, "last4")
    wallet = str(field(field(card, "wallet"), "type") or "")
    if wallet:
        return f"{wallet.replace('_', ' ').title()} ({brand} {last4})"
    return f"{brand} ending in {last4}"


def capture_deadline(charge: Any) -> datetime | None:
    """Return when the bank stops holding the amount of a charge that was not captured."""
    stamp = field(field(field(charge, "payment_method_details"), "card"), "capture_before")
    return datetime.fromtimestamp(stamp, UTC) if stamp else None


def card_brand(code: str) -> str:
    """Return the name of a brand of cards: `Visa` for Stripe's code `visa`."""
    return CARD_BRANDS.get(code) or code.replace("_", " ").title() or "Card"
