"""Tax on what is left to pay: once for each rate, on all that bears it, then shared out (decision 0005)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from catalog.money import apportion, round_half_up
from orders.pricing.facts import STANDARD, Basket, Line, Rate, Treatment

NO_TAX = Rate("", Decimal(0), None)
WHOLE = Decimal(100)


@dataclass(frozen=True)
class TaxLine:
    """All that bears one rate: what it is charged on (without the tax) and the tax, in minor units."""

    percent: Decimal
    base_minor: int
    tax_minor: int


@dataclass(frozen=True)
class Taxes:
    """The tax of each line (by key) and of the delivery, and of each rate; the two always add up to the same."""

    by_line: Mapping[str, int]
    rate_of: Mapping[str, Rate]
    delivery_minor: int
    lines: tuple[TaxLine, ...]
    steps: tuple[str, ...]

    @property
    def total_minor(self) -> int:
        return sum(line.tax_minor for line in self.lines)


def without_tax(basket: Basket) -> Basket:
    """Where no tax is due, displayed prices lose the home country's tax that they contain; else nothing changes."""
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
    """How displayed prices lost their tax, in words; empty where they did not."""
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
    """A class without a rate of its own bears the standard one; a line without a class bears none."""
    if not line.tax_class:
        return NO_TAX
    return rates.get(line.tax_class) or rates.get(STANDARD, NO_TAX)


def tax(basket: Basket, lines: Sequence[Line], amounts: Mapping[str, int], delivery_minor: int) -> Taxes:
    """Tax the lines, each with this amount left to pay, and the delivery, which shares the rates of the goods."""
    rates = {rate.tax_class: rate for rate in basket.rates}
    rate_of = {line.key: _rate(rates, line) for line in lines}
    goods = {line.key: rate_of[line.key] for line in lines if not line.is_gift_card}
    # By prices before discounts: a discount that moved the delivery to a higher rate could cost more than it takes off.
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
        whole, words = _tax_on(sum(parts) + share, percent, is_included=basket.is_tax_included)
        *line_taxes, own = apportion(whole, [*parts, share])
        by_line |= dict(zip(groups[percent], line_taxes, strict=True))
        delivery_tax += own
        base = sum(parts) + share - (whole if basket.is_tax_included else 0)
        if percent and base + whole:
            tax_lines.append(TaxLine(percent, base, whole))
            steps.append(words)
    return Taxes(by_line, rate_of, delivery_tax, tuple(tax_lines), tuple(steps))


def _tax_on(base: int, percent: Decimal, *, is_included: bool) -> tuple[int, str]:
    exact = base * percent / (WHOLE + percent if is_included else WHOLE)
    rounded = round_half_up(exact)
    word = "in" if is_included else "on"
    return rounded, f"{percent.normalize():f} % {word} {base} = {exact:.4f}, rounded {rounded}"


def _delivery_shares(
    rate_of: Mapping[str, Rate], prices: Mapping[str, int], delivery_minor: int, standard: Rate
) -> dict[Rate, int]:
    """Delivery shares the fate of what is delivered: split by the goods' rates, or at the standard one without goods.

    A gift card is money, not goods: it would leave the delivery of the goods untaxed.
    """
    weights: dict[Rate, int] = {}
    for key, rate in rate_of.items():
        weights[rate] = weights.get(rate, 0) + prices[key]
    if not sum(weights.values()):
        return {standard: delivery_minor}
    return dict(zip(weights, apportion(delivery_minor, list(weights.values())), strict=True))
