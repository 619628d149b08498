"""What the checkout calls things in a market: Americans pay tax, Europeans VAT."""

from dataclasses import dataclass

from catalog.markets import Market


@dataclass(frozen=True)
class MarketWords:
    """Words of one market's pages."""

    address: str
    address_hint: str
    email: str
    tax: str
    tax_number: str
    company: str


EUROPEAN = MarketWords(
    address="Delivery address",
    address_hint="Add flat, building or company",
    email="E-mail",
    tax="VAT",
    tax_number="VAT number",
    company="Company, VAT number or another invoice address",
)
AMERICAN = MarketWords(
    address="Shipping address",
    address_hint="Add apartment, suite or company",
    email="Email",
    tax="Tax",
    tax_number="",
    company="Company or another billing address",
)


def words_of(market: Market) -> MarketWords:
    return AMERICAN if market.language == "en-US" else EUROPEAN
