"""What a shop is set up from: answers, out of a TOML file or from a person."""

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
    """The shop cannot be set up from this; the message is one clear sentence."""


@dataclass(frozen=True)
class Seller:
    """Who sells, as the store record keeps it."""

    name: str
    seller_name: str
    seller_address: str
    contact_email: str
    tagline: str = ""
    introduction: str = ""


@dataclass(frozen=True)
class Delivery:
    """A way of delivery with one price, in minor units of its market's currency."""

    code: str
    name: str
    zone: str
    countries: tuple[str, ...]
    price_minor: int
    free_from_minor: int | None
    days: tuple[int, int]


@dataclass(frozen=True)
class Answers:
    """Everything that setting up needs; `pages` are texts that the owner wrote, by their slugs.

    `guessed` names the parts that are starting values: they are for a shop that has nothing of the kind yet.
    """

    seller: Seller
    tax: dict[str, Decimal]
    delivery: tuple[Delivery, ...]
    pages: Mapping[str, str] = field(default_factory=dict)
    location: str = "Warehouse"
    guessed: frozenset[str] = frozenset()


def starting_delivery(home_price: str, free_from: str, abroad_price: str) -> tuple[Delivery, ...]:
    """Delivery at home and, where a price is given, to the other countries of the main market."""
    market, home = default_market(), settings.SHOP_COUNTRY
    abroad = tuple(country for country in market.countries if country != home)
    name = market.locale.territories.get(home, home)
    free_minor = amount(free_from) if free_from else None
    found = [Delivery("standard", "Standard delivery", name, (home,), amount(home_price), free_minor, (2, 3))]
    if abroad and abroad_price:
        found.append(
            Delivery("abroad", "Standard delivery", "Other countries", abroad, amount(abroad_price), None, (4, 8))
        )
    return tuple(found)


def starting_answers(seller: Seller) -> Answers:
    """What a shop in SHOP_COUNTRY starts with; raises WrongAnswers where nobody can know."""
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
    """An amount of the main market's currency, in minor units."""
    try:
        return to_minor(text, default_market().currency)
    except ValueError as error:
        raise WrongAnswers(f"'{text}' is not an amount in {default_market().currency}. Enter one like 4.90.") from error


def percent(text: str, country: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal(-1)
    if not 0 <= found <= 100:
        raise WrongAnswers(f"[tax] {country}: '{text}' is not a percentage. Enter one like \"19\".")
    return found


def read_answers(path: Path) -> Answers:
    """The answers in a TOML file; what it leaves out has its starting value."""
    try:
        told = tomllib.loads(path.read_text())
    except OSError as error:
        raise WrongAnswers(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongAnswers(f"{path} is not valid TOML: {error}.") from error
    _refuse_unknown("the file", told, {"store", "tax", "delivery", "pages", "location"})
    seller = _seller(told.get("store", {}))
    taxes = {country: percent(str(rate), country) for country, rate in told.get("tax", {}).items()}
    deliveries = tuple(_delivery(entry, number) for number, entry in enumerate(told.get("delivery", []), start=1))
    start = None if taxes and deliveries else _start_without(seller, taxes, deliveries)
    return Answers(
        seller=seller,
        tax=taxes or start.tax,
        delivery=deliveries or start.delivery,
        pages=_pages(told.get("pages", {}), path.parent),
        location=str(told.get("location", "Warehouse")),
        guessed=frozenset(part for part, told_of in (("tax", taxes), ("delivery", deliveries)) if not told_of),
    )


def _start_without(seller: Seller, taxes: Mapping[str, Decimal], deliveries: tuple[Delivery, ...]) -> Answers:
    """Starting values for the part that the file leaves out; the other part may have none."""
    try:
        return starting_answers(seller)
    except WrongAnswers as error:
        is_about_tax = "[tax]" in str(error)
        if (is_about_tax and not taxes) or (not is_about_tax and not deliveries):
            raise
        return Answers(seller, dict(taxes), deliveries)


def _refuse_unknown(where: str, told: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(told) - known):
        raise WrongAnswers(
            f"{where} has {', '.join(unknown)}, which is not known. Known are {', '.join(sorted(known))}."
        )


def _seller(told: Mapping[str, Any]) -> Seller:
    needed = ("name", "seller_name", "seller_address", "contact_email")
    _refuse_unknown("[store]", told, {*needed, "tagline", "introduction"})
    if missing := [name for name in needed if not str(told.get(name, "")).strip()]:
        raise WrongAnswers(f"[store] is missing {', '.join(missing)}.")
    return Seller(**{name: str(value).strip() for name, value in told.items()})


def _delivery(told: Mapping[str, Any], number: int) -> Delivery:
    where = f"[[delivery]] number {number}"
    _refuse_unknown(where, told, {"code", "name", "zone", "countries", "price", "free_from", "days"})
    if missing := [name for name in ("code", "name", "countries", "price") if name not in told]:
        raise WrongAnswers(f"{where} is missing {', '.join(missing)}.")
    countries, days = tuple(told["countries"]), tuple(told.get("days", (2, 4)))
    if unknown := [country for country in countries if country not in default_market().countries]:
        raise WrongAnswers(f"{where}: {unknown[0]} is not in SHOP_COUNTRIES, so nobody there can order.")
    if len(days) != 2 or not all(isinstance(day, int) for day in days) or not 0 <= days[0] <= days[1]:
        raise WrongAnswers(f"{where}: days must be two numbers, like [2, 4].")
    free_from = told.get("free_from")
    return Delivery(
        code=str(told["code"]),
        name=str(told["name"]),
        zone=str(told.get("zone", ", ".join(countries)))[:100],
        countries=countries,
        price_minor=amount(str(told["price"])),
        free_from_minor=None if free_from is None else amount(str(free_from)),
        days=(days[0], days[1]),
    )


def _pages(told: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Texts by slug: HTML itself, or the name of a file beside the answers."""
    _refuse_unknown("[pages]", told, {page.slug for page in PAGES})
    found = {}
    for slug, text in told.items():
        is_file = not str(text).lstrip().startswith("<")
        try:
            found[slug] = (folder / str(text)).read_text() if is_file else str(text)
        except OSError as error:
            raise WrongAnswers(f"[pages] {slug}: {folder / str(text)} cannot be read: {error.strerror}.") from error
    return found
