"""Calculate the total of a basket and all its parts."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations

from orders.pricing.basket import Basket, Delivery, Line, Rule
from orders.pricing.combining import Applied, Outcome, Promotions
from orders.pricing.rounding import remainder_of, split_remainder
from orders.pricing.taxing import Taxes, TaxLine, net_steps, tax, without_tax

ROUNDING = "Rounding"


@dataclass(frozen=True)
class Discount:
    """What a rule takes off, in minor units, and its code. Rule id 0 is the rounding."""

    rule_id: int
    name: str
    minor: int
    code: str = ""


@dataclass(frozen=True)
class LineTotal:
    """The result for a line. `total_minor` is what is charged for it, and what a full refund gives back."""

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
    """A promotion that does not apply, and why, in a sentence for the shopper."""

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
        """What each rule takes off the goods, gifts included, in the sort order in which the rules were applied."""
        sums: dict[tuple[int, str], Discount] = {}
        for discount in (discount for line in self.lines for discount in line.discounts):
            before = sums.get((discount.rule_id, discount.name))
            minor = discount.minor + (before.minor if before else 0)
            sums[discount.rule_id, discount.name] = replace(discount, minor=minor)
        positions = {discount.rule_id: position for position, discount in enumerate(self.discounts)}
        return sorted(sums.values(), key=lambda discount: positions.get(discount.rule_id, len(positions)))

    @property
    def goods_minor(self) -> int:
        """The amount left to pay for the goods, in minor units."""
        return self.subtotal_minor - self.discount_minor


class _Bill:
    """The amounts left to pay for each line and the delivery, the discounts and the taxes."""

    def __init__(self, basket: Basket, outcome: Outcome) -> None:
        self.basket, self.outcome = basket, outcome
        self.lines = [line for line in basket.lines if line.gift_of is None]
        self.lines += [gift for applied in outcome.applied for gift in applied.effect.gifts]
        self.off = {line.key: _discounts_of(line, outcome) for line in self.lines}
        self.off_delivery = tuple(
            Discount(applied.rule.id, applied.rule.name, applied.effect.delivery_minor, applied.rule.code)
            for applied in outcome.applied
            if applied.effect.delivery_minor
        )
        self.discounts = tuple(_whole_discount(applied) for applied in outcome.applied)
        self.net_steps: tuple[str, ...] = ()  # calculated before any discount
        self.steps: tuple[str, ...] = ()
        self.taxes = self._tax()

    @property
    def amounts(self) -> dict[str, int]:
        return {
            line.key: line.subtotal_minor - sum(discount.minor for discount in self.off[line.key])
            for line in self.lines
        }

    @property
    def shipping_minor(self) -> int:
        delivery = self.basket.delivery
        return (delivery.price_minor if delivery else 0) - sum(discount.minor for discount in self.off_delivery)

    @property
    def total_minor(self) -> int:
        on_top = 0 if self.basket.is_tax_included else self.taxes.total_minor
        return sum(self.amounts.values()) + self.shipping_minor + on_top

    def _tax(self) -> Taxes:
        return tax(self.basket, self.lines, self.amounts, self.shipping_minor)

    def round_off(self) -> None:
        """Round the total down to one that can be charged.

        Included tax is calculated again on the rounded amounts. Tax on top is part of the rounded total, so it stays,
        unless no taxed amount is left.
        """
        before = self.total_minor
        remainder = remainder_of(before, self.basket.currency)
        if not remainder:
            return
        by_line, of_delivery = split_remainder(remainder, self.lines, self.amounts, self.shipping_minor)
        for key, minor in by_line.items():
            self.off[key] += _rounding(minor)
        self.off_delivery += _rounding(of_delivery)
        self.discounts += _rounding(sum(by_line.values()) + of_delivery)
        if self.basket.is_tax_included or not self._taxed_minor:
            self.taxes = self._tax()
        self.steps = (f"total {before} rounded down to {self.total_minor}",)

    @property
    def _taxed_minor(self) -> int:
        """The amount left to pay for everything except gift cards."""
        amounts = self.amounts
        return self.shipping_minor + sum(amounts[line.key] for line in self.lines if not line.is_gift_card)


def _rounding(minor: int) -> tuple[Discount, ...]:
    return (Discount(0, ROUNDING, minor),) if minor else ()


class Pricing:
    """A basket whose goods are priced once, for any delivery. The basket's own delivery is ignored."""

    def __init__(self, basket: Basket) -> None:
        self.basket = basket
        self._bare = without_tax(basket)
        self._promotions = Promotions(self._bare)

    @property
    def goods_minor(self) -> int:
        """The price of the goods before discounts, which decides about free delivery (decision 0021), in minor units."""
        return sum(line.subtotal_minor for line in self._bare.lines if line.gift_of is None)

    def with_delivery(self, delivery: Delivery | None) -> Totals:
        """Return what the basket costs with this delivery, or without one."""
        displayed = replace(self.basket, delivery=delivery)
        bare = without_tax(displayed)
        bills = (self._bill(bare, left_out) for left_out in self._codes_to_leave_out())
        bill = min(bills, key=lambda bill: bill.total_minor)
        bill.net_steps = net_steps(displayed, bare)
        return _sum_up(bill)

    def _bill(self, bare: Basket, left_out: Collection[Rule]) -> _Bill:
        bill = _Bill(bare, self._promotions.with_delivery(bare.delivery, left_out))
        bill.round_off()
        return bill

    def _codes_to_leave_out(self) -> list[tuple[Rule, ...]]:
        """Return the sets of codes to leave out, none first, because a code can prevent a larger discount."""
        codes = self._promotions.applicable_codes() if self.basket.is_never_dearer else []
        return [choice for count in range(len(codes) + 1) for choice in combinations(codes, count)]


def price(basket: Basket) -> Totals:
    """Price a basket. The same basket always has the same total, and the result contains every part of it."""
    return Pricing(basket).with_delivery(basket.delivery)


def _discounts_of(line: Line, outcome: Outcome) -> tuple[Discount, ...]:
    discounts = []
    for applied in outcome.applied:
        rule, effect = applied.rule, applied.effect
        minor = line.subtotal_minor if line in effect.gifts else effect.by_line.get(line.key, 0)
        if minor or line in effect.gifts:
            discounts.append(Discount(rule.id, rule.name, minor, rule.code))
    return tuple(discounts)


def _line_total(line: Line, bill: _Bill) -> LineTotal:
    discounts, line_tax, rate = bill.off[line.key], bill.taxes.by_line[line.key], bill.taxes.rate_of[line.key]
    discount_minor = sum(discount.minor for discount in discounts)
    amount = line.subtotal_minor - discount_minor
    return LineTotal(
        key=line.key,
        quantity=line.quantity,
        unit_minor=line.unit_minor,
        subtotal_minor=line.subtotal_minor,
        discounts=discounts,
        discount_minor=discount_minor,
        tax_class=line.tax_class,
        tax_percent=rate.percent,
        tax_rate_id=rate.row_id,
        tax_minor=line_tax,
        total_minor=amount if bill.basket.is_tax_included else amount + line_tax,
        gift_of=line.gift_of,
    )


def _sum_up(bill: _Bill) -> Totals:
    lines = tuple(_line_total(line, bill) for line in bill.lines)
    applied_rules = bill.outcome.applied
    rule_steps = [f"{applied.rule.name}: {step}" for applied in applied_rules for step in applied.effect.steps]
    return Totals(
        lines=lines,
        subtotal_minor=sum(line.subtotal_minor for line in lines),
        discount_minor=sum(line.discount_minor for line in lines),
        shipping_minor=bill.shipping_minor,
        tax_minor=bill.taxes.total_minor,
        total_minor=bill.total_minor,
        is_tax_included=bill.basket.is_tax_included,
        treatment=bill.basket.treatment,
        taxes=bill.taxes.lines,
        shipping_discounts=bill.off_delivery,
        discounts=bill.discounts,
        reasons=tuple(
            Reason(refused.rule.id, refused.rule.name, refused.why, refused.rule.code)
            for refused in bill.outcome.refused
        ),
        steps=(*bill.net_steps, *rule_steps, *bill.taxes.steps, *bill.steps),
    )


def _whole_discount(applied: Applied) -> Discount:
    return Discount(applied.rule.id, applied.rule.name, applied.effect.saved_minor, applied.rule.code)


def share_of_units(total_minor: int, quantity: int, *, before: int, count: int) -> int:
    """Return the part of a line's total for `count` units after `before` others were returned, in minor units.

    The shares of all units add up to the whole total.
    """
    return total_minor * (before + count) // quantity - total_minor * before // quantity
