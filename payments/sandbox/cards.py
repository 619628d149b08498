"""Stripe's published test cards and bank accounts, and what each of them does (https://docs.stripe.com/testing)."""

from dataclasses import dataclass

Refused = tuple[str, str, str]  # code, decline code and the sentence that the shopper sees


@dataclass(frozen=True)
class Card:
    """A test card, or a test bank account (`settles` says whether and how it pays days later)."""

    number: str
    effect: str
    brand: str = "visa"
    country: str = "US"
    declines: Refused | None = None
    needs_authentication: bool = False
    disputed_as: str = ""
    has_fraud_warning: bool = False
    refund: str = ""  # `pending`: succeeds later; `fails`: succeeds, and fails later
    risk_level: str = "normal"
    risk_score: int = 12
    settles: str = ""  # `paid` or `failed`, days later: a bank account
    is_available_at_once: bool = False

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def kind(self) -> str:
        """Stripe's name of the method."""
        return "sepa_debit" if self.is_bank_account else "card"

    @property
    def is_bank_account(self) -> bool:
        return bool(self.settles)


def _declined(decline_code: str, message: str = "Your card was declined.", code: str = "card_declined") -> Refused:
    return code, decline_code, message


CARDS = (
    Card("4242424242424242", "pays"),
    Card("5555555555554444", "pays (Mastercard)", brand="mastercard"),
    Card("378282246310005", "pays (American Express)", brand="amex"),
    Card("4000002760000016", "pays (a card from Germany, with a lower fee)", country="DE"),
    Card("4000000000000077", "pays, and the money can be paid out at once", is_available_at_once=True),
    Card("4000000000000002", "is declined", declines=_declined("generic_decline")),
    Card(
        "4000000000009995",
        "has insufficient funds",
        declines=_declined("insufficient_funds", "Your card has insufficient funds."),
    ),
    Card(
        "4000000000000069",
        "is expired",
        declines=_declined("expired_card", "Your card has expired.", "expired_card"),
    ),
    Card(
        "4000000000000127",
        "has another security code",
        declines=_declined("incorrect_cvc", "Your card's security code is incorrect.", "incorrect_cvc"),
    ),
    Card(
        "4000000000000119",
        "fails at the bank",
        declines=_declined(
            "processing_error",
            "An error occurred while processing your card. Try again in a little bit.",
            "processing_error",
        ),
    ),
    Card("4000000000009979", "is stolen", declines=_declined("stolen_card")),
    Card(
        "4100000000000019",
        "is blocked as fraud",
        declines=_declined("fraudulent"),
        risk_level="highest",
        risk_score=92,
    ),
    Card("4000000000009235", "pays, with elevated risk", risk_level="elevated", risk_score=66),
    Card("4000002500003155", "needs 3-D Secure", needs_authentication=True),
    Card(
        "4000008400001629",
        "needs 3-D Secure and is declined after it",
        needs_authentication=True,
        declines=_declined("generic_decline"),
    ),
    Card("4000000000000259", "pays, and is disputed as fraud", disputed_as="fraudulent"),
    Card("4000000000002685", "pays, and is disputed as not received", disputed_as="product_not_received"),
    Card("4000000000001976", "pays, and its bank inquires", disputed_as="inquiry"),
    Card("4000000000005423", "pays, and gets an early fraud warning", has_fraud_warning=True),
    Card("4000000000007726", "pays; a refund is pending for a day", refund="pending"),
    Card("4000000000005126", "pays; a refund fails after a day", refund="fails"),
    Card("AT611904300234573201", "debits a bank account, paid five days later", country="AT", settles="paid"),
    Card("AT861904300235473202", "debits a bank account, refused five days later", country="AT", settles="failed"),
)
BY_NUMBER = {card.number: card for card in CARDS}
PAYS, DECLINED, SECURE = "4242424242424242", "4000000000000002", "4000002500003155"
MIN_CHARGE_MINOR = {"eur": 50, "usd": 50, "gbp": 30, "chf": 50, "dkk": 250, "nok": 300, "sek": 300, "jpy": 50}


def smallest_charge(currency: str) -> int:
    return MIN_CHARGE_MINOR.get(currency, 1)


def find_card(text: str) -> Card | None:
    """Return the test card or account with this number, however it is typed."""
    return BY_NUMBER.get("".join(character for character in text.upper() if character.isalnum()))
