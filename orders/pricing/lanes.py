"""Which promotions hold together (decision 0014): four lanes, worked in order, and exclusive rules on their own.

In the product lane each line is reduced by one rule at most; in the order and the delivery lane one rule holds; gifts
add up. Whoever saves the shopper most goes first. An exclusive rule holds alone, where it saves more than all others
together.

Only the delivery lane looks at the price of the delivery. All that comes before it is worked out once for each set of
rules, so a basket with five ways of delivery costs hardly more to price than a basket with one.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from orders.pricing.conditions import reason_in_basket, reason_in_delivery, reason_in_goods
from orders.pricing.effects import DELIVERY, GIFT, ORDER, PRODUCT, Effect, off_delivery, off_goods
from orders.pricing.facts import Basket, Delivery, Rule
from orders.pricing.goods import Goods, Matches

BETTER = "Another discount saves you more."
ALONE = "It cannot be combined with your other discounts, and they save you as much or more."
OVERRULED = "“{}” cannot be combined with other discounts, and it saves you more."
NO_GAIN = "It would not make your cart cheaper."
GIFT_GONE = "The gift is sold out."
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


class Promotions:
    """The rules of one basket, and what they do with each delivery."""

    def __init__(self, basket: Basket) -> None:
        self.basket = basket
        self.goods = _Goods(basket)
        self.reasons = {rule.id: reason_in_basket(rule, basket) for rule in basket.rules}
        self.walks: dict[tuple[int, ...], _Walk] = {}

    def with_delivery(self, delivery: Delivery | None, left_out: Collection[Rule] = ()) -> Outcome:
        """The best that the rules allow: all that combine, or one that stands alone. Those that are left out refuse."""
        missing = {rule.id for rule in left_out}
        outcome = self._best([rule for rule in _sorted(self.basket.rules) if rule.id not in missing], delivery)
        outcome.refused += [Refused(rule, BETTER) for rule in left_out]
        return outcome

    def standing_codes(self) -> list[Rule]:
        """The rules with a code that time, person and country allow."""
        return [rule for rule in _sorted(self.basket.rules) if rule.code and not self.reasons[rule.id]]

    def _best(self, rules: Sequence[Rule], delivery: Delivery | None) -> Outcome:
        together = self._best_together([rule for rule in rules if not rule.is_exclusive], delivery)
        outcomes = [self._run([rule], delivery) for rule in rules if rule.is_exclusive]
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

    def _best_together(self, rules: Sequence[Rule], delivery: Delivery | None) -> Outcome:
        """Whoever saves most goes first, but not where two others would save more in its place."""
        best, left_out = self._run(rules, delivery), []
        while any(one.is_outdone for one in best.refused):
            tries = self._without_one(rules, best, delivery)
            better = next((pair for pair in tries if pair[1].saved_minor > best.saved_minor), None)
            if better is None:
                break
            rule, best = better
            rules = [other for other in rules if other is not rule]
            left_out.append(Refused(rule, BETTER))
        best.refused += left_out
        return best

    def _without_one(
        self, rules: Sequence[Rule], best: Outcome, delivery: Delivery | None
    ) -> Iterator[tuple[Rule, Outcome]]:
        """What comes out when one of the rules that take most off is left out."""
        for one in sorted(best.applied, key=lambda one: -one.effect.saved_minor)[:TRIED]:
            yield one.rule, self._run([other for other in rules if other is not one.rule], delivery)

    def _run(self, rules: Sequence[Rule], delivery: Delivery | None) -> Outcome:
        """What comes out when these rules, and no others, go through the lanes."""
        reasons = [(rule, self.reasons[rule.id] or reason_in_delivery(rule, delivery)) for rule in rules]
        standing = [rule for rule, why in reasons if not why]
        walk = self._walk([rule for rule in standing if rule.lane in (PRODUCT, ORDER)])
        outcome = Outcome(list(walk.applied), [Refused(rule, why) for rule, why in reasons if why] + walk.refused)
        _take_off_delivery(outcome, walk, [rule for rule in standing if rule.lane == DELIVERY], delivery)
        gifts = [rule for rule in standing if rule.lane == GIFT and walk.may_hold(rule, outcome)]
        for rule in sorted(gifts, key=lambda rule: -self.goods.gifts[rule.id].subtotal_minor):
            outcome.applied.append(Applied(rule, Effect(gifts=(self.goods.gifts[rule.id],))))
        return outcome

    def _walk(self, rules: Sequence[Rule]) -> "_Walk":
        asked = tuple([rule.id for rule in rules])
        if asked not in self.walks:
            self.walks[asked] = _Walk(self.goods, rules)
        return self.walks[asked]


def _take_off_delivery(outcome: Outcome, walk: "_Walk", rules: Iterable[Rule], delivery: Delivery | None) -> None:
    """One rule takes something off the delivery: whichever saves most."""
    price_minor = delivery.price_minor if delivery else 0
    effects = [(rule, off_delivery(rule, price_minor)) for rule in rules if walk.may_hold(rule, outcome)]
    best = max((effect for _, effect in effects), key=lambda effect: effect.delivery_minor, default=Effect())
    is_first = best.delivery_minor <= 0
    for rule, effect in effects:
        if effect is best and not is_first:
            outcome.applied.append(Applied(rule, effect))
        else:
            outcome.refused.append(Refused(rule, NO_GAIN if is_first else BETTER, is_outdone=not is_first))


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
    saved_minor: int
    reach: frozenset[str]

    @property
    def taken(self) -> Set[str]:
        """Lines that it leaves to no other rule: units that were bought to earn a reward are part of an offer too."""
        return self.effect.by_line.keys() if self.rule.kind in ONE_BY_ONE else self.reach


def _bid(rule: Rule, goods: Goods) -> _Bid:
    effect = off_goods(rule, goods)
    reach = frozenset([line.key for line in goods.lines] + [line.key for line in goods.rewards])
    return _Bid(rule, effect, effect.saved_minor, reach)


class _Goods:
    """The lines of a basket and the gifts that may come with them, before any rule."""

    def __init__(self, basket: Basket) -> None:
        self.currency = basket.currency
        self.lines = [line for line in basket.lines if line.gift_of is None]
        self.gifts = {line.gift_of: line for line in basket.lines if line.gift_of is not None}
        self.matches = Matches(self.lines)
        self.whole = {line.key: line.subtotal_minor for line in self.lines}
        self._first: dict[int, _Bid | Refused] = {}

    def of(self, rule: Rule, left: Mapping[str, int]) -> Goods:
        lines, rewards = self.matches.of(rule)
        return Goods(lines, left, rewards)

    def first_bid(self, rule: Rule) -> "_Bid | Refused":
        """What the rule takes off where it is the first of the product lane, or why it does not hold."""
        if rule.id not in self._first:
            goods = self.of(rule, self.whole)
            why = reason_in_goods(rule, self.currency, goods)
            self._first[rule.id] = Refused(rule, why) if why else _bid(rule, goods)
        return self._first[rule.id]


class _Walk:
    """The goods after the product and the order lane: the same for every delivery."""

    def __init__(self, goods: _Goods, rules: Iterable[Rule]) -> None:
        self.goods = goods
        self.left = dict(goods.whole)
        self.untouched = set(goods.whole)
        self.applied: list[Applied] = []
        self.refused: list[Refused] = []
        self._reasons: dict[int, Refused | None] = {}
        standing = list(rules)
        self._work_product_lane([rule for rule in standing if rule.lane == PRODUCT])
        self._work_order_lane([rule for rule in standing if rule.lane == ORDER])

    def may_hold(self, rule: Rule, outcome: "Outcome | _Walk") -> bool:
        """Whether the goods allow the rule; where they do not, the outcome says so."""
        if rule.id not in self._reasons:
            self._reasons[rule.id] = self._reason(rule)
        reason = self._reasons[rule.id]
        if reason:
            outcome.refused.append(reason)
        return reason is None

    def _reason(self, rule: Rule) -> Refused | None:
        currency = self.goods.currency
        why = reason_in_goods(rule, currency, self.goods.of(rule, self.left))
        if not why and rule.lane == GIFT and rule.id not in self.goods.gifts:
            why = GIFT_GONE
        if not why:
            return None
        # It may lack only what the rules before it have taken off.
        is_reduced = self.goods.whole != self.left
        is_outdone = is_reduced and not reason_in_goods(rule, currency, self.goods.of(rule, self.goods.whole))
        return Refused(rule, why, is_outdone=is_outdone)

    def _work_product_lane(self, rules: Iterable[Rule]) -> None:
        first = [self.goods.first_bid(rule) for rule in rules]
        self.refused += [one for one in first if isinstance(one, Refused)]
        bids = [one for one in first if isinstance(one, _Bid)]
        is_first = True
        while bids:
            best = max(bids, key=lambda bid: bid.saved_minor)
            if best.saved_minor <= 0:
                break
            self._take(best)
            is_first = False
            self.untouched -= best.taken
            # What a rule would take off changes only with the lines that it works on.
            bids = [
                bid if bid.reach.isdisjoint(best.taken) else self._bid_again(bid) for bid in bids if bid is not best
            ]
        self._refuse(bids, is_first=is_first)

    def _bid_again(self, bid: _Bid) -> _Bid:
        """The bid on the lines that are left, which may be fewer than the rule asks for."""
        both = self.goods.matches.of(bid.rule)
        lines, rewards = ([line for line in part if line.key in self.untouched] for part in both)
        goods = Goods(lines, self.left, rewards)
        if reason_in_goods(bid.rule, self.goods.currency, goods):
            return _Bid(bid.rule, Effect(), 0, frozenset())
        return _bid(bid.rule, goods)

    def _work_order_lane(self, rules: Iterable[Rule]) -> None:
        """One rule holds for the order."""
        bids = [_bid(rule, self.goods.of(rule, self.left)) for rule in rules if self.may_hold(rule, self)]
        best = max(bids, key=lambda bid: bid.saved_minor, default=None)
        is_first = not best or best.saved_minor <= 0
        if best and not is_first:
            self._take(best)
        self._refuse([bid for bid in bids if is_first or bid is not best], is_first=is_first)

    def _take(self, bid: _Bid) -> None:
        for key, off in bid.effect.by_line.items():
            self.left[key] -= off
        self.applied.append(Applied(bid.rule, bid.effect))

    def _refuse(self, bids: Iterable[_Bid], *, is_first: bool) -> None:
        why = NO_GAIN if is_first else BETTER
        self.refused += [Refused(bid.rule, why, is_outdone=not is_first) for bid in bids]
