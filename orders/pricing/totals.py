"""The total of a basket, and every part that it is made of."""

from dataclasses import dataclass, replace
from decimal import Decimal

from catalog.money import exponent
from orders.pricing.facts import Basket, Line
from orders.pricing.lanes import Applied, Outcome, apply_rules
from orders.pricing.taxing import Taxes, TaxLine, tax, without_tax

# The payment provider takes three-decimal amounts in steps of ten
# (https://docs.stripe.com/currencies#three-decimal, read for version 2026-10).
THREE_DECIMALS, STEP = 3, 10
ROUNDING = "Rounding"


@dataclass(frozen=True)
class Discount:
    """What one rule (by its id; 0 is the rounding) takes off, in minor units, by which code."""

    rule_id: int
    name: str
    minor: int
    code: str = ""


@dataclass(frozen=True)
class LineTotal:
    """What comes out for a line; `total_minor` is what is charged for it, and what a refund of it gives back."""

    key: str
    quantity: int
    unit_minor: int
    subtotal_minor: int
    discounts: tuple[Discount, ...]
    discount_minor: int
    tax_class: str
    tax_percent: Decimal
    tax_rate_id: int | None
    tax_minor: int
    total_minor: int
    gift_of: int | None = None


@dataclass(frozen=True)
class Reason:
    """A promotion that does not hold, and why, in a sentence for the shopper."""

    rule_id: int
    name: str
    why: str
    code: str = ""


@dataclass(frozen=True)
class Totals:
    """The parts of a total, all in minor units.

    Tax included: total = subtotal − discount + shipping. Tax excluded: the tax comes on top.
    """

    lines: tuple[LineTotal, ...]
    subtotal_minor: int
    discount_minor: int
    shipping_minor: int
    tax_minor: int
    total_minor: int
    is_tax_included: bool
    treatment: str
    taxes: tuple[TaxLine, ...]
    shipping_discounts: tuple[Discount, ...]
    discounts: tuple[Discount, ...]
    reasons: tuple[Reason, ...]
    steps: tuple[str, ...]

    @property
    def goods_discounts(self) -> list[Discount]:
        """What each rule takes off the things themselves, gifts included, in the order in which they were worked."""
        found: dict[tuple[int, str], Discount] = {}
        for one in (one for line in self.lines for one in line.discounts):
            before = found.get((one.rule_id, one.name))
            found[one.rule_id, one.name] = replace(one, minor=one.minor + (before.minor if before else 0))
        return list(found.values())

    @property
    def goods_minor(self) -> int:
        """What is left to pay for the things themselves."""
        return self.subtotal_minor - self.discount_minor


def price(basket: Basket) -> Totals:
    """Price a basket: the same basket always costs the same, and every part can be told from the answer."""
    bare = without_tax(basket)
    outcome = apply_rules(bare)
    lines = [line for line in bare.lines if line.gift_of is None]
    lines += [gift for one in outcome.applied for gift in one.effect.gifts]
    discounts = {line.key: _discounts_of(line, outcome) for line in lines}
    amounts = {line.key: line.subtotal_minor - sum(d.minor for d in discounts[line.key]) for line in lines}
    off_delivery = tuple(
        Discount(one.rule.id, one.rule.name, one.effect.delivery_minor, one.rule.code)
        for one in outcome.applied
        if one.effect.delivery_minor
    )
    shipping = (bare.delivery.price_minor if bare.delivery else 0) - sum(d.minor for d in off_delivery)
    taxes = tax(bare, lines, amounts, shipping)
    parts = tuple(_line_total(line, discounts[line.key], taxes, bare) for line in lines)
    return _round(_sum_up(bare, parts, outcome, taxes, (shipping, off_delivery)), basket)


def _discounts_of(line: Line, outcome: Outcome) -> tuple[Discount, ...]:
    found = []
    for one in outcome.applied:
        minor = line.subtotal_minor if line in one.effect.gifts else one.effect.by_line.get(line.key, 0)
        if minor or line in one.effect.gifts:
            found.append(Discount(one.rule.id, one.rule.name, minor, one.rule.code))
    return tuple(found)


def _line_total(line: Line, discounts: tuple[Discount, ...], taxes: Taxes, basket: Basket) -> LineTotal:
    rate = taxes.rate_of[line.key]
    discount = sum(one.minor for one in discounts)
    line_tax = taxes.by_line[line.key]
    amount = line.subtotal_minor - discount
    return LineTotal(
        key=line.key,
        quantity=line.quantity,
        unit_minor=line.unit_minor,
        subtotal_minor=line.subtotal_minor,
        discounts=discounts,
        discount_minor=discount,
        tax_class=line.tax_class,
        tax_percent=rate.percent,
        tax_rate_id=rate.row_id,
        tax_minor=line_tax,
        total_minor=amount if basket.is_tax_included else amount + line_tax,
        gift_of=line.gift_of,
    )


def _sum_up(
    basket: Basket,
    parts: tuple[LineTotal, ...],
    outcome: Outcome,
    taxes: Taxes,
    delivery: tuple[int, tuple[Discount, ...]],
) -> Totals:
    shipping, off_delivery = delivery
    on_top = 0 if basket.is_tax_included else taxes.delivery_minor
    return Totals(
        lines=parts,
        subtotal_minor=sum(line.subtotal_minor for line in parts),
        discount_minor=sum(line.discount_minor for line in parts),
        shipping_minor=shipping,
        tax_minor=taxes.total_minor,
        total_minor=sum(line.total_minor for line in parts) + shipping + on_top,
        is_tax_included=basket.is_tax_included,
        treatment=basket.treatment,
        taxes=taxes.lines,
        shipping_discounts=off_delivery,
        discounts=tuple(_whole(one) for one in outcome.applied),
        reasons=tuple(Reason(one.rule.id, one.rule.name, one.why, one.rule.code) for one in outcome.refused),
        steps=(*(f"{one.rule.name}: {step}" for one in outcome.applied for step in one.effect.steps), *taxes.steps),
    )


def _whole(one: Applied) -> Discount:
    return Discount(one.rule.id, one.rule.name, one.effect.saved_minor, one.rule.code)


def charge_step(currency: str) -> int:
    """The payment provider charges whole multiples of this many minor units."""
    return STEP if exponent(currency) == THREE_DECIMALS else 1


def _round(totals: Totals, basket: Basket) -> Totals:
    """Three-decimal currencies: the total is a whole number of steps, and the rest is a discount.

    It is taken off the line with most to pay, or off the delivery; never off a gift card, which is money. Where neither
    can bear it the total stays as it is, and cannot be charged.
    """
    rest = totals.total_minor % charge_step(basket.currency)
    if not rest:
        return totals
    cards = {line.key for line in basket.lines if line.is_gift_card}
    goods = [line for line in totals.lines if line.key not in cards]
    off = Discount(0, ROUNDING, rest)
    steps = (*totals.steps, f"total {totals.total_minor} rounded down to {totals.total_minor - rest}")
    rounded = replace(totals, total_minor=totals.total_minor - rest, steps=steps)
    largest = max(goods, key=lambda line: line.subtotal_minor - line.discount_minor, default=None)
    if not largest or largest.subtotal_minor - largest.discount_minor < rest:
        if totals.shipping_minor < rest:
            return totals
        return replace(
            rounded,
            shipping_minor=totals.shipping_minor - rest,
            shipping_discounts=(*totals.shipping_discounts, off),
        )
    smaller = replace(
        largest,
        discounts=(*largest.discounts, off),
        discount_minor=largest.discount_minor + rest,
        total_minor=largest.total_minor - rest,
    )
    lines = tuple(smaller if line is largest else line for line in totals.lines)
    discounts = (*totals.discounts, off)
    return replace(rounded, lines=lines, discounts=discounts, discount_minor=totals.discount_minor + rest)


def share_of_units(total_minor: int, quantity: int, *, before: int, count: int) -> int:
    """What `count` of a line's units cost after `before` others went back; all units together are the whole total."""
    return total_minor * (before + count) // quantity - total_minor * before // quantity
