"""The receipt of a total: input and result of pricing as plain values, stored with the order."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from catalog.formats import market_name, moment
from catalog.money import format_money
from orders.pricing.basket import Basket, Treatment
from orders.pricing.totals import Discount, Reason, Totals, price

if TYPE_CHECKING:
    from cattrs import Converter

VERSION = 2  # of the format; receipts without a version are older than promotions


@cache
def _plain() -> "Converter":
    """Return the converter between dataclasses and JSON's types."""
    from cattrs import Converter  # noqa: PLC0415  (slow to import, and needed only for orders)

    converter = Converter(omit_if_default=True)
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    return converter


def make_receipt(basket: Basket, totals: Totals) -> dict[str, Any]:
    """Return the receipt of a total. `derive` calculates the same total from it again."""
    return {
        "version": VERSION,
        "total_minor": totals.total_minor,
        "basket": _plain().unstructure(basket),
        "totals": _plain().unstructure(totals),
    }


def can_be_derived(receipt: dict[str, Any]) -> bool:
    """Return whether the receipt contains everything to price the order again."""
    return receipt.get("version") == VERSION


def basket_of(receipt: dict[str, Any]) -> Basket:
    """Return the input of pricing that the receipt contains."""
    return _plain().structure(receipt["basket"], Basket)


def totals_of(receipt: dict[str, Any]) -> Totals:
    """Return the totals as calculated when the order was placed."""
    return _plain().structure(receipt["totals"], Totals)


def derive(receipt: dict[str, Any]) -> Totals:
    """Price the receipt's basket again."""
    return price(basket_of(receipt))


def explain(receipt: dict[str, Any], titles: dict[str, str], *, shows_codes: bool = True) -> list[str]:
    """Return every part of a total in lines of text. `titles` maps line keys to titles.

    With `shows_codes`, it names the coupon codes.
    """
    basket, totals = basket_of(receipt), totals_of(receipt)

    def money(minor: int) -> str:
        return format_money(minor, basket.currency)

    report = [f"Priced {moment(basket.at)} for {basket.country}, market {market_name(basket.market)}"]
    if totals.treatment != Treatment.DOMESTIC:
        report.append(f"No tax is charged: {totals.treatment.replace('_', ' ')}; prices are without the tax at home")
    prices = {line.key: line.price_id for line in basket.lines}
    for line in totals.lines:
        source = "a gift" if line.gift_of else f"price row {prices.get(line.key)}"
        title = titles.get(line.key, line.key)
        report.append(
            f"{line.quantity} × {title} at {money(line.unit_minor)} ({source}) = {money(line.subtotal_minor)}"
        )
        report += _discount_rows(line.discounts, basket.currency, shows_codes=shows_codes)
        row = f", rate row {line.tax_rate_id}" if line.tax_rate_id else ""
        report.append(f"    tax {line.tax_percent.normalize():f} %{row}: {money(line.tax_minor)}")
        report.append(f"    charged {money(line.total_minor)}")
    if basket.delivery:
        report.append(f"{basket.delivery.name} {money(totals.shipping_minor)} ({basket.delivery.code})")
    report += _discount_rows(totals.shipping_discounts, basket.currency, shows_codes=shows_codes)
    suffix = "included" if totals.is_tax_included else "on top"
    for tax in totals.taxes:
        report.append(f"Tax {tax.percent.normalize():f} % of {money(tax.base_minor)}: {money(tax.tax_minor)} {suffix}")
    report.append(f"Total {money(totals.total_minor)}")
    if totals.reasons:
        report.append("Promotions that did not apply:")
        report += [f"    {_named(reason, shows_codes=shows_codes)}: {reason.why}" for reason in totals.reasons]
    return report


def rounding_steps(receipt: dict[str, Any]) -> list[str]:
    """Return how percentages, shares and taxes were rounded, in minor units, for checking the arithmetic."""
    return ["Calculation steps (minor units):", *(f"    {step}" for step in totals_of(receipt).steps)]


def _discount_rows(discounts: Iterable[Discount], currency: str, *, shows_codes: bool) -> list[str]:
    return [
        f"    − {format_money(discount.minor, currency)} {_named(discount, shows_codes=shows_codes)}"
        for discount in discounts
    ]


def _named(source: Discount | Reason, *, shows_codes: bool) -> str:
    """Return the name of a promotion, with its rule and code; those who may not see codes learn that there was one."""
    rule = f"rule {source.rule_id}" if source.rule_id else ""
    code = (f"code {source.code}" if shows_codes else "with a code") if source.code else ""
    sources = ", ".join(filter(None, (rule, code)))
    return f"{source.name} ({sources})" if sources else source.name
