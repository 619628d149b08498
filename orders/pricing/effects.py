"""Calculate what each kind of promotion takes off each line, in minor units. Conditions are checked elsewhere."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from catalog.money import apportion, percent_of
from orders.pricing.basket import Line, Rule, Tier
from orders.pricing.matching import Goods

PRODUCT, ORDER, DELIVERY, GIFT = LANES = ("product", "order", "delivery", "gift")
WHOLE = Decimal(100)


class Share(NamedTuple):
    """How a percentage of an amount was rounded."""

    percent: Decimal
    amount: int
    rounded: int

    def __str__(self) -> str:
        exact = self.amount * self.percent / WHOLE
        return f"{self.percent.normalize():f} % of {self.amount} = {exact.normalize():f}, rounded {self.rounded}"


class Split(NamedTuple):
    """How an amount was split over lines."""

    amount: int
    shares: Sequence[int]

    def __str__(self) -> str:
        return f"{self.amount} shared over {len(self.shares)} lines: {', '.join(map(str, self.shares))}"


class Groups(NamedTuple):
    """Groups of units that cost an amount together."""

    times: int
    size: int
    amount: int
    whole: int

    def __str__(self) -> str:
        return f"{self.times} × {self.size} units for {self.amount} instead of {self.whole}"


# Steps are formatted only when somebody reads them, because most effects are never chosen.
Step = str | Share | Split | Groups


@dataclass
class Effect:
    """What a rule takes off each line (by key) and off the delivery in minor units, and the steps of the calculation."""

    by_line: dict[str, int] = field(default_factory=dict)
    delivery_minor: int = 0
    gifts: tuple[Line, ...] = ()
    steps: list[Step] = field(default_factory=list)

    @property
    def saved_minor(self) -> int:
        return sum(self.by_line.values()) + self.delivery_minor + sum(gift.subtotal_minor for gift in self.gifts)


def _share(amount: int, percent: Decimal, steps: list[Step]) -> int:
    rounded = percent_of(amount, percent)
    steps.append(Share(percent, amount, rounded))
    return rounded


def _split(amount: int, goods: Goods, steps: list[Step]) -> dict[str, int]:
    """Split an amount over the lines in proportion to what is left to pay for each. The shares add up to the amount."""
    shares = apportion(amount, [goods.left[line.key] for line in goods.lines])
    steps.append(Split(amount, shares))
    return {line.key: share for line, share in zip(goods.lines, shares, strict=True)}


def _percent(goods: Goods, lane: str, percent: Decimal) -> Effect:
    effect = Effect()
    if lane == ORDER:
        effect.by_line = _split(_share(goods.left_minor, percent, effect.steps), goods, effect.steps)
    else:
        effect.by_line = {line.key: _share(goods.left[line.key], percent, effect.steps) for line in goods.lines}
    return effect


def _amount(goods: Goods, lane: str, amount: int) -> Effect:
    """Take the amount off the order once, or off every unit, but never more than is left to pay."""
    effect = Effect()
    if lane == ORDER:
        effect.by_line = _split(min(amount, goods.left_minor), goods, effect.steps)
    else:
        effect.by_line = {line.key: min(goods.left[line.key], amount * line.quantity) for line in goods.lines}
        effect.steps.append(f"{amount} off each unit")
    return effect


def _fixed_price(rule: Rule, goods: Goods) -> Effect:
    off = {line.key: max(0, goods.left[line.key] - rule.amount_minor * line.quantity) for line in goods.lines}
    return Effect(off, steps=[f"each unit costs at most {rule.amount_minor}"])


class Run(NamedTuple):
    """Units of one line, which all have the same price."""

    price: int
    key: str
    units: int


def _runs(lines: Sequence[Line]) -> list[Run]:
    """Return the runs of all lines, most expensive first; equal prices in the sort order of the cart."""
    return sorted((Run(line.unit_minor, line.key, line.quantity) for line in lines), key=lambda run: -run.price)


def _count(runs: Iterable[Run]) -> int:
    return sum(run.units for run in runs)


def _first(runs: Iterable[Run], count: int) -> Iterator[Run]:
    """Yield runs until `count` units have been taken."""
    for run in runs:
        taken = min(run.units, count)
        count -= taken
        if taken:
            yield Run(run.price, run.key, taken)


def _times(rule: Rule, units: int, size: int) -> int:
    """Return how often the rule can be applied to groups of `size` among the units; 0 without a quantity to buy."""
    possible = units // size if rule.buy_quantity else 0
    return possible if rule.most_times is None else min(possible, rule.most_times)


def _buy_get(rule: Rule, goods: Goods) -> Effect:
    """Reduce the cheapest units of each complete group. The units of a line are rounded together."""
    runs, size = _runs(goods.lines), rule.buy_quantity + rule.get_quantity
    if not rule.reward.is_everything:
        times, runs = _times(rule, _count(runs), rule.buy_quantity), _runs(goods.rewards)
    else:
        times = _times(rule, _count(runs), size)
    effect = Effect()
    for run in _first(reversed(runs), times * rule.get_quantity):
        effect.by_line[run.key] = _share(run.price * run.units, rule.percent, effect.steps)
    return effect


def _multibuy(rule: Rule, goods: Goods) -> Effect:
    """Let groups of the most expensive units cost the rule's amount together, if that is less than their prices."""
    runs, size = _runs(goods.lines), rule.buy_quantity
    effect = Effect()
    for group, times in _groups(runs, size, _times(rule, _count(runs), size)):
        whole = sum(run.price * run.units for run in group)
        off = max(0, whole - rule.amount_minor)
        effect.steps.append(Groups(times, size, rule.amount_minor, whole))
        if not off:
            break  # all further groups are even cheaper
        for key, share in _shares(group, off):
            effect.by_line[key] = effect.by_line.get(key, 0) + share * times
    return effect


def _shares(group: Sequence[Run], off: int) -> list[tuple[str, int]]:
    """Split what is taken off a group over its units; a group of one line gets a single share."""
    if len(group) == 1:
        return [(group[0].key, off)]
    units = [run for run in group for _ in range(run.units)]
    shares = apportion(off, [unit.price for unit in units])
    return [(unit.key, share) for unit, share in zip(units, shares, strict=True)]


def _groups(runs: Sequence[Run], size: int, times: int) -> Iterator[tuple[list[Run], int]]:
    """Yield up to `times` groups of this size. Equal groups of a single line are yielded once, with their number."""
    group: list[Run] = []
    for run in runs:
        rest = run.units
        while rest and times:
            taken = min(rest, size - _count(group))
            group.append(Run(run.price, run.key, taken))
            same = min(rest // size, times) if taken == size else 1
            rest -= taken * same
            if _count(group) == size:
                yield group, same
                times, group = times - same, []


def reached_tier(rule: Rule, goods: Goods) -> Tier | None:
    """Return the highest tier that quantity and amount reach, or None."""
    reached = [
        tier
        for tier in rule.tiers
        if goods.quantity >= tier.from_quantity and goods.left_minor >= tier.from_minor and goods.lines
    ]
    return max(reached, key=lambda tier: (tier.from_quantity, tier.from_minor), default=None)


def _tiered(rule: Rule, goods: Goods) -> Effect:
    tier = reached_tier(rule, goods)
    if not tier:
        return Effect()
    if tier.percent:
        return _percent(goods, rule.lane, tier.percent)
    return _amount(goods, rule.lane, tier.amount_minor)


GOODS_EFFECTS: dict[str, Callable[[Rule, Goods], Effect]] = {
    "percent": lambda rule, goods: _percent(goods, rule.lane, rule.percent),
    "amount": lambda rule, goods: _amount(goods, rule.lane, rule.amount_minor),
    "fixed_price": _fixed_price,
    "buy_get": _buy_get,
    "multibuy": _multibuy,
    "tiered": _tiered,
}


def off_goods(rule: Rule, goods: Goods) -> Effect:
    """Return what the rule takes off these goods. Lines without a discount are left out."""
    effect = GOODS_EFFECTS[rule.kind](rule, goods)
    effect.by_line = {key: min(off, _left(goods, key)) for key, off in effect.by_line.items() if off > 0}
    return effect


def _left(goods: Goods, key: str) -> int:
    return goods.left[key]


def off_delivery(rule: Rule, price_minor: int) -> Effect:
    """Return what the rule takes off a delivery of this price."""
    effect = Effect()
    if rule.kind == "delivery_percent":
        effect.delivery_minor = _share(price_minor, rule.percent, effect.steps)
    elif rule.kind == "delivery_amount":
        effect.delivery_minor = min(price_minor, rule.amount_minor)
    else:
        effect.delivery_minor = max(0, price_minor - rule.amount_minor)
    return effect
