"""The receipt of a total: what went in and what came out, as plain values that are kept with the order."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from cattrs import Converter

from catalog.formats import market_name, moment
from catalog.money import format_money
from orders.pricing.facts import Basket, Treatment
from orders.pricing.totals import Totals, price

VERSION = 2  # of these values; receipts without it come from before there were promotions

_plain = Converter(omit_if_default=True)
_plain.register_unstructure_hook(Decimal, str)
_plain.register_structure_hook(Decimal, lambda value, _: Decimal(value))
_plain.register_unstructure_hook(datetime, datetime.isoformat)
_plain.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))


def make_receipt(basket: Basket, totals: Totals) -> dict[str, Any]:
    """How the total was calculated; `derive` makes the same total of it again."""
    return {
        "version": VERSION,
        "total_minor": totals.total_minor,
        "basket": _plain.unstructure(basket),
        "totals": _plain.unstructure(totals),
    }


def can_be_derived(receipt: dict[str, Any]) -> bool:
    return receipt.get("version") == VERSION


def basket_of(receipt: dict[str, Any]) -> Basket:
    return _plain.structure(receipt["basket"], Basket)


def totals_of(receipt: dict[str, Any]) -> Totals:
    """What was charged, as it was worked out then."""
    return _plain.structure(receipt["totals"], Totals)


def derive(receipt: dict[str, Any]) -> Totals:
    """What the same basket costs when it is priced again."""
    return price(basket_of(receipt))


def explain(receipt: dict[str, Any], titles: dict[str, str]) -> list[str]:
    """Every part of a total in lines of text; `titles` names the lines by their keys."""
    basket, totals = basket_of(receipt), totals_of(receipt)

    def money(minor: int) -> str:
        return format_money(minor, basket.currency)

    told = [f"Priced {moment(basket.at)} for {basket.country}, market {market_name(basket.market)}"]
    if totals.treatment != Treatment.DOMESTIC:
        told.append(f"No tax is charged: {totals.treatment.replace('_', ' ')}; prices are without the tax at home")
    prices = {line.key: line.price_id for line in basket.lines}
    for line in totals.lines:
        source = "a gift" if line.gift_of else f"price row {prices.get(line.key)}"
        title = titles.get(line.key, line.key)
        told.append(f"{line.quantity} × {title} at {money(line.unit_minor)} ({source}) = {money(line.subtotal_minor)}")
        told += [f"    − {money(one.minor)} {_named(one.name, one.rule_id, one.code)}" for one in line.discounts]
        row = f", rate row {line.tax_rate_id}" if line.tax_rate_id else ""
        told.append(f"    tax {line.tax_percent.normalize():f} %{row}: {money(line.tax_minor)}")
        told.append(f"    charged {money(line.total_minor)}")
    if basket.delivery:
        told.append(f"{basket.delivery.name} {money(totals.shipping_minor)} ({basket.delivery.code})")
    told += [f"    − {money(one.minor)} {_named(one.name, one.rule_id, one.code)}" for one in totals.shipping_discounts]
    word = "included" if totals.is_tax_included else "on top"
    for tax in totals.taxes:
        told.append(f"Tax {tax.percent.normalize():f} % of {money(tax.base_minor)}: {money(tax.tax_minor)} {word}")
    told.append(f"Total {money(totals.total_minor)}")
    if totals.reasons:
        told.append("Promotions that did not hold:")
        told += [f"    {_named(one.name, one.rule_id, one.code)}: {one.why}" for one in totals.reasons]
    return told


def rounding_steps(receipt: dict[str, Any]) -> list[str]:
    """How percentages, shares and taxes were rounded, in minor units: for whoever checks the arithmetic."""
    return ["Worked out (minor units):", *(f"    {step}" for step in totals_of(receipt).steps)]


def _named(name: str, rule_id: int, code: str) -> str:
    facts = ", ".join(part for part in (f"rule {rule_id}" if rule_id else "", f"code {code}" if code else "") if part)
    return f"{name} ({facts})" if facts else name
