"""The answers from which a shop is set up, read from a TOML file or given by a person."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.conf import settings

from catalog.markets import default_market
from catalog.money import to_minor
from shop.setting_up.starting_values import DELIVERY_PRICES, PAGES, tax_rates


class WrongAnswers(Exception):
    """The shop cannot be set up from these answers. The message is a sentence for the user."""


@dataclass(frozen=True)
class Seller:
    """The seller, with the fields of the store record."""

    name: str
    seller_name: str
    seller_address: str
    contact_email: str
    tagline: str = ""
    introduction: str = ""


@dataclass(frozen=True)
class Delivery:
    """A shipping method with one price. Amounts are minor units of the market's currency."""

    code: str
    name: str
    zone: str
    countries: tuple[str, ...]
    price_minor: int
    free_from_minor: int | None
    days: tuple[int, int]


@dataclass(frozen=True)
class Answers:
    """Everything needed to set up a shop. `pages` maps slugs to texts that the owner wrote.

    `guessed` names the parts that are default values, which are used only if the shop has nothing of the kind.
    """

    seller: Seller
    tax: dict[str, Decimal]
    delivery: tuple[Delivery, ...]
    pages: Mapping[str, str] = field(default_factory=dict)
    location: str = "Warehouse"
    guessed: frozenset[str] = frozenset()


def starting_delivery(home_price: str, free_from: str, abroad_price: str) -> tuple[Delivery, ...]:
    """Return delivery in the shop's country and, if it has a price, to the main market's other countries."""
    market, home = default_market(), settings.SHOP_COUNTRY
    abroad = tuple(country for country in market.countries if country != home)
    name = market.locale.territories.get(home, home)
    free_minor = amount(free_from) if free_from else None
    deliveries = [Delivery("standard", "Standard delivery", name, (home,), amount(home_price), free_minor, (2, 3))]
    if abroad and abroad_price:
        deliveries.append(
            Delivery("abroad", "International delivery", "Other countries", abroad, amount(abroad_price), None, (4, 8))
        )
    return tuple(deliveries)


def starting_answers(seller: Seller) -> Answers:
    """Return the default answers for SHOP_COUNTRY; raise WrongAnswers if there are none."""
    market = default_market()
    tax = {country: Decimal(rate) for country, rate in tax_rates(settings.SHOP_COUNTRY, market.countries).items()}
    if settings.SHOP_COUNTRY not in tax:
        raise WrongAnswers(
            f"There is no default tax rate for {settings.SHOP_COUNTRY}. Enter it under [tax], as in "
            f'{settings.SHOP_COUNTRY} = "7.25", or "0" if you charge none.'
        )
    if market.currency not in DELIVERY_PRICES:
        raise WrongAnswers(f"There are no default delivery prices in {market.currency}. Enter them under [[delivery]].")
    home, abroad, free_from = DELIVERY_PRICES[market.currency]
    return Answers(seller, tax, starting_delivery(home, free_from, abroad), guessed=frozenset({"tax", "delivery"}))


def amount(text: str) -> int:
    """Parse an amount in the main market's currency into minor units; raise WrongAnswers."""
    try:
        return to_minor(text, default_market().currency)
    except ValueError as error:
        raise WrongAnswers(f"'{text}' is not an amount in {default_market().currency}. Enter one like 4.90.") from error


def percent(text: str, country: str) -> Decimal:
    """Parse a tax rate in percent; raise WrongAnswers if it is not between 0 and 100."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not 0 <= value <= 100:
        raise WrongAnswers(f"[tax] {country}: '{text}' is not a percentage. Enter one like \"19\".")
    return value


def read_answers(path: Path) -> Answers:
    """Read the answers from a TOML file, with default values for missing parts; raise WrongAnswers."""
    try:
        contents = tomllib.loads(path.read_text())
    except OSError as error:
        raise WrongAnswers(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongAnswers(f"{path} is not valid TOML: {error}.") from error
    _refuse_unknown("the file", contents, {"store", "tax", "delivery", "pages", "location"})
    seller = _seller(contents.get("store", {}))
    taxes = {country: percent(str(rate), country) for country, rate in contents.get("tax", {}).items()}
    deliveries = tuple(_delivery(entry, number) for number, entry in enumerate(contents.get("delivery", []), start=1))
    defaults = None if taxes and deliveries else _defaults_for_missing(seller, taxes, deliveries)
    return Answers(
        seller=seller,
        tax=taxes or defaults.tax,
        delivery=deliveries or defaults.delivery,
        pages=_pages(contents.get("pages", {}), path.parent),
        location=str(contents.get("location", "Warehouse")),
        guessed=frozenset(part for part, given in (("tax", taxes), ("delivery", deliveries)) if not given),
    )


def _defaults_for_missing(seller: Seller, taxes: Mapping[str, Decimal], deliveries: tuple[Delivery, ...]) -> Answers:
    """Return default answers for the part missing in the file; the other part may have no default."""
    try:
        return starting_answers(seller)
    except WrongAnswers as error:
        is_about_tax = "[tax]" in str(error)
        if (is_about_tax and not taxes) or (not is_about_tax and not deliveries):
            raise
        return Answers(seller, dict(taxes), deliveries)


def _refuse_unknown(where: str, values: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(values) - known):
        raise WrongAnswers(
            f"{where} has {', '.join(unknown)}, which is not known. Known are {', '.join(sorted(known))}."
        )


def _seller(values: Mapping[str, Any]) -> Seller:
    needed = ("name", "seller_name", "seller_address", "contact_email")
    _refuse_unknown("[store]", values, {*needed, "tagline", "introduction"})
    if missing := [name for name in needed if not str(values.get(name, "")).strip()]:
        raise WrongAnswers(f"[store] is missing {', '.join(missing)}.")
    return Seller(**{name: str(value).strip() for name, value in values.items()})


def _delivery(values: Mapping[str, Any], number: int) -> Delivery:
    where = f"[[delivery]] number {number}"
    _refuse_unknown(where, values, {"code", "name", "zone", "countries", "price", "free_from", "days"})
    if missing := [name for name in ("code", "name", "countries", "price") if name not in values]:
        raise WrongAnswers(f"{where} is missing {', '.join(missing)}.")
    countries, days = tuple(values["countries"]), tuple(values.get("days", (2, 4)))
    if unknown := [country for country in countries if country not in default_market().countries]:
        raise WrongAnswers(f"{where}: {unknown[0]} is not in SHOP_COUNTRIES, so nobody there can order.")
    if len(days) != 2 or not all(isinstance(day, int) for day in days) or not 0 <= days[0] <= days[1]:
        raise WrongAnswers(f"{where}: days must be two numbers, like [2, 4].")
    free_from = values.get("free_from")
    return Delivery(
        code=str(values["code"]),
        name=str(values["name"]),
        zone=str(values.get("zone", ", ".join(countries)))[:100],
        countries=countries,
        price_minor=amount(str(values["price"])),
        free_from_minor=None if free_from is None else amount(str(free_from)),
        days=(days[0], days[1]),
    )


def _pages(values: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Return texts by slug, each given as HTML or as the name of a file next to the answers."""
    _refuse_unknown("[pages]", values, {page.slug for page in PAGES})
    texts = {}
    for slug, text in values.items():
        is_file = not str(text).lstrip().startswith("<")
        try:
            texts[slug] = (folder / str(text)).read_text() if is_file else str(text)
        except OSError as error:
            raise WrongAnswers(f"[pages] {slug}: {folder / str(text)} cannot be read: {error.strerror}.") from error
    return texts
