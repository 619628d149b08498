"""Default values for setting up a shop."""

from dataclasses import dataclass

from orders.starting_tax import starting_rates

# By currency: price of a parcel in the country, of one abroad, and the goods value for free delivery in the country.
DELIVERY_PRICES = {
    "EUR": ("4.90", "14.90", "60.00"),
    "USD": ("5.90", "19.00", "75.00"),
    "GBP": ("3.90", "14.90", "50.00"),
    "CHF": ("7.90", "19.00", "80.00"),
    "SEK": ("49.00", "159.00", "600.00"),
    "NOK": ("59.00", "169.00", "700.00"),
    "DKK": ("39.00", "119.00", "450.00"),
    "PLN": ("14.90", "59.00", "200.00"),
    "CZK": ("89.00", "349.00", "1500.00"),
    "HUF": ("1490", "5490", "20000"),
    "RON": ("19.90", "69.00", "250.00"),
    "JPY": ("800", "2900", "8000"),
    "CAD": ("7.90", "24.00", "99.00"),
    "AUD": ("9.90", "29.00", "99.00"),
    "NZD": ("7.90", "29.00", "99.00"),
}
STARTING_TEXT = "This is a starting text: read it, change it to what is true for your shop, and delete this paragraph."


@dataclass(frozen=True)
class StartingPage:
    """A page that templates link to, and that setup creates."""

    section: str
    slug: str
    title: str


PAGES = (
    StartingPage("legal", "imprint", "Imprint"),
    StartingPage("legal", "terms", "Terms of sale"),
    StartingPage("legal", "privacy", "Privacy"),
    StartingPage("help", "delivery", "Delivery"),
    StartingPage("help", "returns", "Returns and withdrawal"),
    StartingPage("help", "care", "Care"),
    StartingPage("about", "about", "About us"),
)
LEGAL_SLUGS = tuple(page.slug for page in PAGES if page.section == "legal")


def tax_rates(home: str, countries: tuple[str, ...]) -> dict[str, str]:
    """Return {country: percent} of the standard rates that a seller in `home` charges in these countries."""
    return {country: rates["standard"] for country, rates in starting_rates(home, countries).items()}
