"""The terms that the checkout uses in a market, like "Tax" in the United States and "VAT" in Europe."""

from dataclasses import dataclass

from catalog.markets import Market


@dataclass(frozen=True)
class MarketTerms:
    """Terms on the pages of one market."""

    address: str
    address_hint: str
    email: str
    tax: str
    tax_number: str
    company: str


EUROPEAN = MarketTerms(
    address="Delivery address",
    address_hint="Add flat, building or company",
    email="E-mail",
    tax="VAT",
    tax_number="VAT number",
    company="Company, VAT number or another invoice address",
)
AMERICAN = MarketTerms(
    address="Shipping address",
    address_hint="Add apartment, suite or company",
    email="Email",
    tax="Tax",
    tax_number="",
    company="Company or another billing address",
)


def market_terms(market: Market) -> MarketTerms:
    """Return the terms of the market's language."""
    return AMERICAN if market.language == "en-US" else EUROPEAN
