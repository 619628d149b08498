"""Fees as a European account pays them. Stripe's own vary; these look like them and are easy to check by hand."""

from payments.sandbox.cards import Card

# Hundredths of a percent, and a fixed part in minor units.
EUROPEAN_CARD, OTHER_CARD = 150, 325
FIXED = {"eur": 25, "usd": 30, "gbp": 20, "chf": 30, "dkk": 180, "nok": 200, "sek": 180}
BANK_DEBIT_FEE = 35
DISPUTE_FEE = {"eur": 2000, "usd": 1500, "gbp": 2000, "chf": 2000, "jpy": 1500}
EUROPE = {"AT", "DE", "FR", "GB", "IE", "IT", "NL", "ES"}


def charge_fee(amount: int, currency: str, card: Card) -> int:
    """Return the fee of a charge, rounded half up."""
    if card.is_bank_account:
        return min(amount, BANK_DEBIT_FEE)
    share = EUROPEAN_CARD if card.country in EUROPE else OTHER_CARD
    return min(amount, (amount * share + 5000) // 10000 + FIXED.get(currency, 0))


def dispute_fee(currency: str) -> int:
    return DISPUTE_FEE.get(currency, 1500)
