"""What a shop in a country starts with, until its owner knows better."""

from dataclasses import dataclass

EU = (
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT", "NL",
    "PL", "PT", "RO", "SK", "SI", "ES", "SE",
)  # fmt: skip
# The standard rates of value added tax, in percent, as of 2026: https://taxation-customs.ec.europa.eu and the tax offices.
STANDARD_RATES = {
    "AT": "20", "BE": "21", "BG": "20", "HR": "25", "CY": "19", "CZ": "21", "DE": "19", "DK": "25", "EE": "24",
    "FI": "25.5", "FR": "20", "GR": "24", "HU": "27", "IE": "23", "IT": "22", "LV": "21", "LT": "21", "LU": "17",
    "MT": "18", "NL": "21", "PL": "23", "PT": "23", "RO": "21", "SK": "23", "SI": "22", "ES": "21", "SE": "25",
    "CH": "8.1", "LI": "8.1", "NO": "25", "IS": "24", "GB": "20", "AU": "10", "NZ": "15", "JP": "10", "ZA": "15",
}  # fmt: skip
# A parcel in the country, and one abroad; free in the country from the third amount on.
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
    """A page that templates link to."""

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
    """The standard rates that a seller there charges: at home, and for a seller in the European Union in all of it."""
    charged = {home, *(set(EU) & set(countries) if home in EU else set())}
    return {country: STANDARD_RATES[country] for country in sorted(charged) if country in STANDARD_RATES}
