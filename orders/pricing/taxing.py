"""Calculate tax on the amounts left to pay: once per rate on their sum, then split over the lines (decision 0005)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from catalog.money import apportion, round_half_up
from orders.pricing.basket import STANDARD, Basket, Line, Rate, Treatment

NO_TAX = Rate("", Decimal(0), None)
WHOLE = Decimal(100)


@dataclass(frozen=True)
class TaxLine:
    """The sum of everything taxed at one rate: the base without tax, and the tax, in minor units."""

    percent: Decimal
    base_minor: int
    tax_minor: int


@dataclass(frozen=True)
class Taxes:
    """The tax of each line (by key) and the delivery, and of each rate. Both add up to the same sum."""

    by_line: Mapping[str, int]
    rate_of: Mapping[str, Rate]
    delivery_minor: int
    lines: tuple[TaxLine, ...]
    steps: tuple[str, ...]

    @property
    def total_minor(self) -> int:
        return sum(line.tax_minor for line in self.lines)


def without_tax(basket: Basket) -> Basket:
    """Return the basket with net prices if no tax is due, otherwise unchanged.

    Displayed prices of a market with tax included contain the tax of the shop's country, which is removed.
    """
    if basket.treatment == Treatment.DOMESTIC:
        return basket
    bare = replace(basket, rates=(), is_tax_included=False)
    if not basket.is_tax_included:
        return bare
    home = {rate.tax_class: rate for rate in basket.home_rates}
    delivery, standard = basket.delivery, home.get(STANDARD, NO_TAX)
    of_delivery = standard if standard.taxes_delivery else NO_TAX
    return replace(
        bare,
        lines=tuple(replace(line, unit_minor=_net(line.unit_minor, _rate(home, line))) for line in basket.lines),
        delivery=delivery and replace(delivery, price_minor=_net(delivery.price_minor, of_delivery)),
    )


def net_steps(shown: Basket, bare: Basket) -> tuple[str, ...]:
    """Return lines of text about the tax removed from displayed prices; empty if none was."""
    steps = [
        f"{before.unit_minor} for one {before.key} without the tax at home: {after.unit_minor}"
        for before, after in zip(shown.lines, bare.lines, strict=True)
        if before.unit_minor != after.unit_minor
    ]
    if shown.delivery and bare.delivery and shown.delivery != bare.delivery:
        steps.append(f"{shown.delivery.price_minor} for delivery without it: {bare.delivery.price_minor}")
    return tuple(steps)


def _net(amount: int, rate: Rate) -> int:
    return round_half_up(amount * WHOLE / (WHOLE + rate.percent))


def _rate(rates: Mapping[str, Rate], line: Line) -> Rate:
    """Return the rate of the line's tax class, the standard rate if it has none, or no tax without a tax class."""
    if not line.tax_class:
        return NO_TAX
    return rates.get(line.tax_class) or rates.get(STANDARD, NO_TAX)


def tax(basket: Basket, lines: Sequence[Line], amounts: Mapping[str, int], delivery_minor: int) -> Taxes:
    """Calculate the tax on the lines' amounts left to pay, and on the delivery, which is taxed like the goods."""
    rates = {rate.tax_class: rate for rate in basket.rates}
    rate_of = {line.key: _rate(rates, line) for line in lines}
    goods = {line.key: rate_of[line.key] for line in lines if not line.is_gift_card}
    # By prices before discounts: a discount that moves the delivery to a higher rate could cost more than it saves.
    before = {line.key: 0 if line.gift_of else line.subtotal_minor for line in lines}
    weights = before if basket.is_never_dearer else amounts
    shares = _delivery_shares(goods, weights, delivery_minor, rates.get(STANDARD, NO_TAX))
    groups: dict[Decimal, list[str]] = {rate.percent: [] for rate in shares}
    for key, rate in rate_of.items():
        groups.setdefault(rate.percent, []).append(key)
    by_line: dict[str, int] = {}
    delivery_tax, tax_lines, steps = 0, [], []
    for percent in sorted(groups, reverse=True):
        share = sum(part for rate, part in shares.items() if rate.percent == percent and rate.taxes_delivery)
        parts = [amounts[key] for key in groups[percent]]
        whole, step = _tax_on(sum(parts) + share, percent, is_included=basket.is_tax_included)
        *line_taxes, of_delivery = apportion(whole, [*parts, share])
        by_line |= dict(zip(groups[percent], line_taxes, strict=True))
        delivery_tax += of_delivery
        base = sum(parts) + share - (whole if basket.is_tax_included else 0)
        if percent and base + whole:
            tax_lines.append(TaxLine(percent, base, whole))
            steps.append(step)
    return Taxes(by_line, rate_of, delivery_tax, tuple(tax_lines), tuple(steps))


def _tax_on(base: int, percent: Decimal, *, is_included: bool) -> tuple[int, str]:
    exact = base * percent / (WHOLE + percent if is_included else WHOLE)
    rounded = round_half_up(exact)
    word = "in" if is_included else "on"
    return rounded, f"{percent.normalize():f} % {word} {base} = {exact:.4f}, rounded {rounded}"


def _delivery_shares(
    rate_of: Mapping[str, Rate], prices: Mapping[str, int], delivery_minor: int, standard: Rate
) -> dict[Rate, int]:
    """Split the price of the delivery over the goods' tax rates; without goods, all of it has the standard rate.

    Gift cards do not count as goods, since they would leave part of the delivery untaxed.
    """
    weights: dict[Rate, int] = {}
    for key, rate in rate_of.items():
        weights[rate] = weights.get(rate, 0) + prices[key]
    if not sum(weights.values()):
        return {standard: delivery_minor}
    return dict(zip(weights, apportion(delivery_minor, list(weights.values())), strict=True))
