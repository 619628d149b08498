"""Which promotions hold together (decision 0014): four lanes, worked in order, and exclusive rules on their own.

In the product lane each line is reduced by one rule at most; in the order and the delivery lane one rule holds; gifts
add up. Whoever saves the shopper most goes first. An exclusive rule holds alone, where it saves more than all others
together.
"""

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field

from orders.pricing.conditions import goods_of, why_not
from orders.pricing.effects import DELIVERY, GIFT, LANES, ORDER, PRODUCT, Effect, off_delivery, off_goods
from orders.pricing.facts import Basket, Line, Rule

BETTER = "Another offer saves you more."
ALONE = "It cannot be combined with the other offers, and they save you as much or more."
OVERRULED = "“{}” cannot be combined with other offers, and it saves you more."
NO_GAIN = "It would not make your cart cheaper."
GIFT_GONE = "The gift is gone."
TRIED = 3  # rules that are left out to see whether the others save more without them


@dataclass(frozen=True)
class Applied:
    """A rule that holds, and what it takes off."""

    rule: Rule
    effect: Effect


@dataclass(frozen=True)
class Refused:
    """A rule that does not hold, and why, in a sentence for the shopper."""

    rule: Rule
    why: str
    is_outdone: bool = False  # it would hold without the others


@dataclass
class Outcome:
    """What a set of rules makes of a basket."""

    applied: list[Applied] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    @property
    def saved_minor(self) -> int:
        return sum(one.effect.saved_minor for one in self.applied)


def apply_rules(basket: Basket) -> Outcome:
    """The best that the rules allow: all that combine, or one that stands alone."""
    alone = [rule for rule in basket.rules if rule.is_exclusive]
    together = _best_together(basket, [rule for rule in basket.rules if not rule.is_exclusive])
    outcomes = [_Work(basket).run([rule]) for rule in _sorted(alone)]
    best = max(outcomes, key=lambda outcome: outcome.saved_minor, default=Outcome())
    if best.saved_minor > together.saved_minor:
        winner = best.applied[0].rule
        losers = [one.rule for one in together.applied]
        best.refused += together.refused
        best.refused += [Refused(rule, OVERRULED.format(winner.name)) for rule in losers]
        best.refused += _reasons([outcome for outcome in outcomes if outcome is not best])
        return best
    together.refused += _reasons(outcomes, ALONE if together.applied else NO_GAIN)
    return together


def _best_together(basket: Basket, rules: list[Rule]) -> Outcome:
    """Whoever saves most goes first, but not where two others would save more in its place."""
    best, left_out = _Work(basket).run(rules), []
    while any(one.is_outdone for one in best.refused):
        better = next(
            (pair for pair in _without_one(basket, rules, best) if pair[1].saved_minor > best.saved_minor), None
        )
        if better is None:
            break
        rule, best = better
        rules = [other for other in rules if other is not rule]
        left_out.append(Refused(rule, BETTER))
    best.refused += left_out
    return best


def _without_one(basket: Basket, rules: list[Rule], best: Outcome) -> Iterator[tuple[Rule, Outcome]]:
    """What comes out when one of the rules that take most off is left out."""
    for one in sorted(best.applied, key=lambda one: -one.effect.saved_minor)[:TRIED]:
        yield one.rule, _Work(basket).run([other for other in rules if other is not one.rule])


def _reasons(outcomes: list[Outcome], why: str = ALONE) -> list[Refused]:
    """Why exclusive rules that lost do not hold."""
    lost = [Refused(one.rule, why) for outcome in outcomes for one in outcome.applied]
    return lost + [one for outcome in outcomes for one in outcome.refused]


def _sorted(rules: Iterable[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: (rule.position, rule.id))


ONE_BY_ONE = {"percent", "amount", "fixed_price"}  # kinds that look at each line for itself


@dataclass(frozen=True)
class _Bid:
    """What a rule would take off now, and the lines (by key) on which that depends."""

    rule: Rule
    effect: Effect
    reach: frozenset[str] = frozenset()

    @property
    def saved_minor(self) -> int:
        return self.effect.saved_minor

    @property
    def taken(self) -> Set[str]:
        """Lines that it leaves to no other rule: units that were bought to earn a reward are part of an offer too."""
        return self.effect.by_line.keys() if self.rule.kind in ONE_BY_ONE else self.reach


class _Work:
    """One walk through the lanes: what is left to pay, and which lines the product lane has not touched."""

    def __init__(self, basket: Basket) -> None:
        self.basket = basket
        self.lines = [line for line in basket.lines if line.gift_of is None]
        self.gifts = {line.gift_of: line for line in basket.lines if line.gift_of is not None}
        self.left = {line.key: line.subtotal_minor for line in self.lines}
        self.untouched = {line.key for line in self.lines}
        self.outcome = Outcome()

    def run(self, rules: Iterable[Rule]) -> Outcome:
        standing = _sorted(rules)
        for lane in LANES:
            self._work_lane(lane, [rule for rule in standing if rule.lane == lane])
        return self.outcome

    def _work_lane(self, lane: str, rules: list[Rule]) -> None:
        bids = [self._bid(rule) for rule in rules if self._may_hold(rule)]
        is_first = True
        while bids:
            best = max(bids, key=lambda bid: bid.saved_minor)
            if best.saved_minor <= 0 and lane != GIFT:
                break
            self._take(best)
            is_first = False
            bids = [bid for bid in bids if bid is not best]
            if lane in (ORDER, DELIVERY):
                break
            # What a rule would take off changes only with the lines that it works on.
            bids = [bid if bid.reach.isdisjoint(best.taken) else self._bid(bid.rule) for bid in bids]
        why = NO_GAIN if is_first else BETTER
        self.outcome.refused += [Refused(bid.rule, why, is_outdone=not is_first) for bid in bids]

    def _may_hold(self, rule: Rule) -> bool:
        goods = goods_of(rule, self.lines, self.left)
        why = why_not(rule, self.basket, goods)
        if not why and rule.lane == GIFT and rule.id not in self.gifts:
            why = GIFT_GONE
        if why:
            self.outcome.refused.append(Refused(rule, why, is_outdone=self._would_hold_alone(rule)))
        return not why

    def _would_hold_alone(self, rule: Rule) -> bool:
        """It lacks only what the rules before it have taken off."""
        whole = {line.key: line.subtotal_minor for line in self.lines}
        return whole != self.left and not why_not(rule, self.basket, goods_of(rule, self.lines, whole))

    def _bid(self, rule: Rule) -> _Bid:
        if rule.lane == GIFT:
            return _Bid(rule, Effect(gifts=(self.gifts[rule.id],)))
        if rule.lane == DELIVERY:
            delivery = self.basket.delivery
            return _Bid(rule, off_delivery(rule, delivery.price_minor if delivery else 0))
        goods = goods_of(rule, self._free_lines() if rule.lane == PRODUCT else self.lines, self.left)
        # Fewer lines may be left than the rule asks for.
        effect = Effect() if why_not(rule, self.basket, goods) else off_goods(rule, goods)
        return _Bid(rule, effect, frozenset(line.key for line in (*goods.lines, *goods.rewards)))

    def _free_lines(self) -> list[Line]:
        return [line for line in self.lines if line.key in self.untouched]

    def _take(self, bid: _Bid) -> None:
        if bid.rule.lane == PRODUCT:
            self.untouched -= bid.taken
        for key, off in bid.effect.by_line.items():
            self.left[key] -= off
        self.outcome.applied.append(Applied(bid.rule, bid.effect))
