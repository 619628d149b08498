"""The total of a basket, and every part that it is made of."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations

from orders.pricing.facts import Basket, Delivery, Line, Rule
from orders.pricing.lanes import Applied, Outcome, Promotions
from orders.pricing.rounding import left_over, who_bears
from orders.pricing.taxing import Taxes, TaxLine, net_steps, tax, without_tax

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
        places = {one.rule_id: place for place, one in enumerate(self.discounts)}
        return sorted(found.values(), key=lambda one: places.get(one.rule_id, len(places)))

    @property
    def goods_minor(self) -> int:
        """What is left to pay for the things themselves."""
        return self.subtotal_minor - self.discount_minor


class _Bill:
    """What is left to pay for each line and for the delivery, and all that was taken off."""

    def __init__(self, basket: Basket, outcome: Outcome) -> None:
        self.basket, self.outcome = basket, outcome
        self.lines = [line for line in basket.lines if line.gift_of is None]
        self.lines += [gift for one in outcome.applied for gift in one.effect.gifts]
        self.off = {line.key: _discounts_of(line, outcome) for line in self.lines}
        self.off_delivery = tuple(
            Discount(one.rule.id, one.rule.name, one.effect.delivery_minor, one.rule.code)
            for one in outcome.applied
            if one.effect.delivery_minor
        )
        self.discounts = tuple(_whole(one) for one in outcome.applied)
        self.before: tuple[str, ...] = ()  # what was worked out before there was anything to take off
        self.steps: tuple[str, ...] = ()
        self.taxes = self._tax()

    @property
    def amounts(self) -> dict[str, int]:
        return {line.key: line.subtotal_minor - sum(one.minor for one in self.off[line.key]) for line in self.lines}

    @property
    def shipping_minor(self) -> int:
        delivery = self.basket.delivery
        return (delivery.price_minor if delivery else 0) - sum(one.minor for one in self.off_delivery)

    @property
    def total_minor(self) -> int:
        on_top = 0 if self.basket.is_tax_included else self.taxes.total_minor
        return sum(self.amounts.values()) + self.shipping_minor + on_top

    def _tax(self) -> Taxes:
        return tax(self.basket, self.lines, self.amounts, self.shipping_minor)

    def round_off(self) -> None:
        """The total becomes one that can be charged.

        A tax that is included is worked again, on what is left; one on top is part of what was rounded, so it stays,
        unless nothing is left that could bear it.
        """
        before = self.total_minor
        rest = left_over(before, self.basket.currency)
        if not rest:
            return
        by_line, of_delivery = who_bears(rest, self.lines, self.amounts, self.shipping_minor)
        for key, minor in by_line.items():
            self.off[key] += _rounding(minor)
        self.off_delivery += _rounding(of_delivery)
        self.discounts += _rounding(sum(by_line.values()) + of_delivery)
        if self.basket.is_tax_included or not self._taxed_minor:
            self.taxes = self._tax()
        self.steps = (f"total {before} rounded down to {self.total_minor}",)

    @property
    def _taxed_minor(self) -> int:
        """What is left to pay for all but gift cards."""
        amounts = self.amounts
        return self.shipping_minor + sum(amounts[line.key] for line in self.lines if not line.is_gift_card)


def _rounding(minor: int) -> tuple[Discount, ...]:
    return (Discount(0, ROUNDING, minor),) if minor else ()


class Pricing:
    """A basket whose goods are priced once, with whichever delivery is chosen; its own one is left aside."""

    def __init__(self, basket: Basket) -> None:
        self.basket = basket
        self._bare = without_tax(basket)
        self._promotions = Promotions(self._bare)

    @property
    def goods_minor(self) -> int:
        """What the things cost before any discount: what thresholds of delivery look at (decision 0021)."""
        return sum(line.subtotal_minor for line in self._bare.lines if line.gift_of is None)

    def with_delivery(self, delivery: Delivery | None) -> Totals:
        """What the basket costs with this delivery, or without any."""
        shown = replace(self.basket, delivery=delivery)
        bare = without_tax(shown)
        bill = min((self._bill(bare, codes) for codes in self._code_choices()), key=lambda bill: bill.total_minor)
        bill.before = net_steps(shown, bare)
        return _sum_up(bill)

    def _bill(self, bare: Basket, left_out: Collection[Rule]) -> _Bill:
        bill = _Bill(bare, self._promotions.with_delivery(bare.delivery, left_out))
        bill.round_off()
        return bill

    def _code_choices(self) -> list[tuple[Rule, ...]]:
        """Which codes to leave out: none first, then each choice of them, since a code may stand in the way of more."""
        codes = self._promotions.standing_codes() if self.basket.is_never_dearer else []
        return [choice for count in range(len(codes) + 1) for choice in combinations(codes, count)]


def price(basket: Basket) -> Totals:
    """Price a basket: the same basket always costs the same, and every part can be told from the answer."""
    return Pricing(basket).with_delivery(basket.delivery)


def _discounts_of(line: Line, outcome: Outcome) -> tuple[Discount, ...]:
    found = []
    for one in outcome.applied:
        minor = line.subtotal_minor if line in one.effect.gifts else one.effect.by_line.get(line.key, 0)
        if minor or line in one.effect.gifts:
            found.append(Discount(one.rule.id, one.rule.name, minor, one.rule.code))
    return tuple(found)


def _line_total(line: Line, bill: _Bill) -> LineTotal:
    discounts, line_tax, rate = bill.off[line.key], bill.taxes.by_line[line.key], bill.taxes.rate_of[line.key]
    discount = sum(one.minor for one in discounts)
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
        total_minor=amount if bill.basket.is_tax_included else amount + line_tax,
        gift_of=line.gift_of,
    )


def _sum_up(bill: _Bill) -> Totals:
    lines = tuple(_line_total(line, bill) for line in bill.lines)
    told = [*bill.before, *(f"{one.rule.name}: {step}" for one in bill.outcome.applied for step in one.effect.steps)]
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
        reasons=tuple(Reason(one.rule.id, one.rule.name, one.why, one.rule.code) for one in bill.outcome.refused),
        steps=(*told, *bill.taxes.steps, *bill.steps),
    )


def _whole(one: Applied) -> Discount:
    return Discount(one.rule.id, one.rule.name, one.effect.saved_minor, one.rule.code)


def share_of_units(total_minor: int, quantity: int, *, before: int, count: int) -> int:
    """What `count` of a line's units cost after `before` others went back; all units together are the whole total."""
    return total_minor * (before + count) // quantity - total_minor * before // quantity
