"""The questions that setup_shop asks on a terminal. Enter accepts the value in brackets."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from catalog.markets import default_market
from shop.setting_up.answers import Answers, Seller, WrongAnswers, amount, percent, starting_delivery
from shop.setting_up.starting_values import DELIVERY_PRICES, tax_rates

Ask = Callable[[str], str]


class Questions:
    """Ask each question until the answer is valid. `ask` shows a prompt and returns a line; `say` writes one."""

    def __init__(self, ask: Ask, say: Callable[[str], None]) -> None:
        self.ask = ask
        self.say = say

    def text(self, question: str, otherwise: str = "", check: Callable[[str], object] = str) -> str:
        """Ask for a text that passes the check; an empty line means `otherwise`."""
        while True:
            answer = self.ask(f"{question}{f' [{otherwise}]' if otherwise else ''}: ").strip() or otherwise
            try:
                check(answer)
            except (WrongAnswers, ValidationError) as error:
                self.say(error.message if isinstance(error, ValidationError) else str(error))
            else:
                return answer

    def lines(self, question: str) -> str:
        """Ask for at least one line, up to an empty line."""
        self.say(f"{question} (several lines; end with an empty line):")
        lines: list[str] = []
        while True:
            line = self.ask("  ").strip()
            if line:
                lines.append(line)
            elif lines:
                return "\n".join(lines)

    def answers(self) -> Answers:
        """Ask all questions and return the answers."""
        seller = Seller(
            name=self.text("Name of the shop", check=_not_empty),
            seller_name=self.text("Seller (person or company, as in the imprint)", check=_not_empty),
            seller_address=self.lines("Address of the seller"),
            contact_email=self.text("E-mail address for customers", check=validate_email),
            tagline=self.text("A line under the name (may be empty)"),
            introduction=self.text("A sentence about the shop (may be empty)"),
        )
        home, market = settings.SHOP_COUNTRY, default_market()
        tax = tax_rates(home, market.countries)
        rate = self.text(
            f"Tax on most things in {home}, in percent (0 if you charge none)",
            tax.get(home, ""),
            check=lambda text: percent(text, home),
        )
        price, abroad, free_from = DELIVERY_PRICES.get(market.currency, ("", "", ""))
        price = self.text(f"Delivery in {home} costs, in {market.currency}", price, check=amount)
        free_from = self.text("Free from (none: never free)", free_from or "none", check=_amount_or_none)
        question = "Delivery to your other countries costs (none: no delivery there)"
        abroad = self.text(question, abroad or "none", check=_amount_or_none)
        return Answers(
            seller=seller,
            tax={country: percent(text, country) for country, text in {**tax, home: rate}.items()},
            delivery=starting_delivery(price, _unless_none(free_from), _unless_none(abroad)),
            location=self.text("Location of your stock", "Warehouse"),
            guessed=frozenset({"tax", "delivery"}),
        )


def _not_empty(text: str) -> None:
    if not text:
        raise WrongAnswers("Please enter something. Customers see it.")


def _unless_none(text: str) -> str:
    return "" if text.lower() == "none" else text


def _amount_or_none(text: str) -> None:
    if _unless_none(text):
        amount(text)
