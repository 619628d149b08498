"""The account numbers under which bookkeeping programs know the accounts of the books.

The default charts are DATEV's SKR03 and SKR04. A shop changes single numbers in SHOP_BOOKS_NUMBERS.
"""

from collections.abc import Mapping
from decimal import Decimal

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from orders.tax import MEMBER_STATES
from payments.models import Posting

Account = Posting.Account
# Sales and tax have more than one account: by rate at home, and by the treatment of deliveries abroad.
SALES_KEYS = ("sales.19", "sales.7", "sales.0", "sales.export", "sales.reverse_charge", "sales.abroad")
TAX_KEYS = ("tax.19", "tax.7", "tax.abroad")
# Programs take the tax of these rates out of a gross amount by themselves.
AUTOMATIC = {"sales.19": Decimal(19), "sales.7": Decimal(7)}

CHARTS: dict[str, dict[str, str]] = {
    "skr03": {
        Account.STRIPE: "1360",
        Account.DISPUTED: "1500",
        Account.DISPUTES: "2400",
        Account.RECEIVABLE: "1410",
        Account.SALES: "8200",
        "sales.19": "8400",
        "sales.7": "8300",
        "sales.0": "8100",
        "sales.export": "8120",
        "sales.reverse_charge": "8125",
        "sales.abroad": "8320",
        Account.SHIPPING: "8200",
        Account.TAX: "1770",
        "tax.19": "1776",
        "tax.7": "1771",
        "tax.abroad": "1767",
        Account.GIFT_CARDS: "1700",
        Account.GOODWILL: "8700",
        Account.BREAKAGE: "2700",
        Account.FEES: "4970",
        Account.BANK: "1200",
        Account.CASH: "1000",
        Account.UNASSIGNED: "1590",
        Account.EXCHANGE: "2150",
    },
    "skr04": {
        Account.STRIPE: "1460",
        Account.DISPUTED: "1300",
        Account.DISPUTES: "6930",
        Account.RECEIVABLE: "1210",
        Account.SALES: "4200",
        "sales.19": "4400",
        "sales.7": "4300",
        "sales.0": "4100",
        "sales.export": "4120",
        "sales.reverse_charge": "4125",
        "sales.abroad": "4320",
        Account.SHIPPING: "4200",
        Account.TAX: "3800",
        "tax.19": "3806",
        "tax.7": "3801",
        "tax.abroad": "3817",
        Account.GIFT_CARDS: "3500",
        Account.GOODWILL: "4700",
        Account.BREAKAGE: "4830",
        Account.FEES: "6855",
        Account.BANK: "1800",
        Account.CASH: "1600",
        Account.UNASSIGNED: "1370",
        Account.EXCHANGE: "6880",
    },
}


def numbers() -> Mapping[str, str]:
    """Return the number of each account in the shop's chart, with the shop's own numbers."""
    return {**CHARTS[settings.BOOKS_CHART], **settings.BOOKS_NUMBERS}


def sales_key(country: str, treatment: str, percent: Decimal) -> str:
    """Return the account of sales of one rate to one country."""
    if treatment != "domestic":
        return f"sales.{treatment}"
    if country in MEMBER_STATES and country != settings.SHOP_COUNTRY:
        return "sales.abroad"
    key = f"sales.{percent.normalize():f}"
    return key if key in SALES_KEYS else str(Account.SALES)


def tax_key(country: str, treatment: str, percent: Decimal) -> str:
    """Return the account of the tax of one rate."""
    if sales_key(country, treatment, percent) == "sales.abroad":
        return "tax.abroad"
    key = f"tax.{percent.normalize():f}"
    return key if key in TAX_KEYS else str(Account.TAX)


@register()
def check_chart(**_: object) -> list[CheckMessage]:
    """Refuse a chart, month or account that does not exist, and invalid numbers."""
    if settings.BOOKS_CHART not in CHARTS:
        return [Error(f"SHOP_BOOKS_CHART must be one of {', '.join(CHARTS)}.", id="payments.E001")]
    if settings.BOOKS_FIRST_MONTH not in range(1, 13):
        return [Error("SHOP_BOOKS_FIRST_MONTH must be a month from 1 to 12.", id="payments.E003")]
    known = CHARTS[settings.BOOKS_CHART]
    wrong = [
        key
        for key, number in settings.BOOKS_NUMBERS.items()
        if key not in known or not (number.isascii() and number.isdigit() and 4 <= len(number) <= 8)
    ]
    text = f"SHOP_BOOKS_NUMBERS needs a known account and a number of 4 to 8 digits for {', '.join(wrong)}."
    return [Error(text, hint=f"Accounts: {', '.join(known)}.", id="payments.E002")] if wrong else []
