"""Choose the promotions that apply together (decision 0014), in four lanes: product, order, delivery, gift.

In the product lane, at most one rule reduces each line. In the order and the delivery lane, one rule applies. Gifts add
up. The rule that saves the shopper most goes first. An exclusive rule applies alone, if it saves more than all others
together.

Only the delivery lane depends on the price of the delivery. The lanes before it are calculated once for each set of rules,
so pricing a basket with five shipping options takes hardly longer than with one.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from orders.pricing.basket import Basket, Delivery, Rule
from orders.pricing.conditions import reason_in_basket, reason_in_delivery, reason_in_goods
from orders.pricing.effects import DELIVERY, GIFT, ORDER, PRODUCT, Effect, off_delivery, off_goods
from orders.pricing.matching import Goods, Matches

BETTER = "Another discount saves you more."
ALONE = "It cannot be combined with your other discounts, and they save you as much or more."
OVERRULED = "“{}” cannot be combined with other discounts, and it saves you more."
NO_GAIN = "It would not make your cart cheaper."
GIFT_GONE = "The gift is sold out."
MAX_LEFT_OUT_TRIES = 3  # how many rules are left out in turn to see whether the others save more


@dataclass(frozen=True)
class Applied:
    """A rule that applies, and what it takes off."""

    rule: Rule
    effect: Effect


@dataclass(frozen=True)
class Refused:
    """A rule that does not apply, with the reason as a sentence for the shopper."""

    rule: Rule
    why: str
    is_outdone: bool = False  # it would apply without the others


@dataclass
class Outcome:
    """The rules that apply to a basket, and those that do not."""

    applied: list[Applied] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    @property
    def saved_minor(self) -> int:
        return sum(applied.effect.saved_minor for applied in self.applied)


class Promotions:
    """The rules of a basket, and their best combination for each delivery."""

    def __init__(self, basket: Basket) -> None:
        self.basket = basket
        self.goods = _Goods(basket)
        self.reasons = {rule.id: reason_in_basket(rule, basket) for rule in basket.rules}
        self.goods_results: dict[tuple[int, ...], _GoodsResult] = {}

    def with_delivery(self, delivery: Delivery | None, left_out: Collection[Rule] = ()) -> Outcome:
        """Return the outcome that saves most: rules that combine, or one exclusive rule; without those left out."""
        left_out_ids = {rule.id for rule in left_out}
        outcome = self._best([rule for rule in _sorted(self.basket.rules) if rule.id not in left_out_ids], delivery)
        outcome.refused += [Refused(rule, BETTER) for rule in left_out]
        return outcome

    def applicable_codes(self) -> list[Rule]:
        """Return the rules with a code that apply at this time, to this customer and in this country."""
        return [rule for rule in _sorted(self.basket.rules) if rule.code and not self.reasons[rule.id]]

    def _best(self, rules: Sequence[Rule], delivery: Delivery | None) -> Outcome:
        together = self._best_together([rule for rule in rules if not rule.is_exclusive], delivery)
        outcomes = [self._run([rule], delivery) for rule in rules if rule.is_exclusive]
        best = max(outcomes, key=lambda outcome: outcome.saved_minor, default=Outcome())
        if best.saved_minor > together.saved_minor:
            winner = best.applied[0].rule
            losers = [applied.rule for applied in together.applied]
            best.refused += together.refused
            best.refused += [Refused(rule, OVERRULED.format(winner.name)) for rule in losers]
            best.refused += _reasons([outcome for outcome in outcomes if outcome is not best])
            return best
        together.refused += _reasons(outcomes, ALONE if together.applied else NO_GAIN)
        return together

    def _best_together(self, rules: Sequence[Rule], delivery: Delivery | None) -> Outcome:
        """Combine the rules, the one that saves most first, unless others would save more in its place."""
        best, left_out = self._run(rules, delivery), []
        while any(refused.is_outdone for refused in best.refused):
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
        """Yield the outcomes without one of the rules that save most, each with the rule left out."""
        for applied in sorted(best.applied, key=lambda applied: -applied.effect.saved_minor)[:MAX_LEFT_OUT_TRIES]:
            yield applied.rule, self._run([other for other in rules if other is not applied.rule], delivery)

    def _run(self, rules: Sequence[Rule], delivery: Delivery | None) -> Outcome:
        """Apply these rules, and no others, lane by lane."""
        reasons = [(rule, self.reasons[rule.id] or reason_in_delivery(rule, delivery)) for rule in rules]
        applicable = [rule for rule, why in reasons if not why]
        result = self._goods_result([rule for rule in applicable if rule.lane in (PRODUCT, ORDER)])
        outcome = Outcome(list(result.applied), [Refused(rule, why) for rule, why in reasons if why] + result.refused)
        _take_off_delivery(outcome, result, [rule for rule in applicable if rule.lane == DELIVERY], delivery)
        gifts = [rule for rule in applicable if rule.lane == GIFT and result.applies(rule, outcome)]
        for rule in sorted(gifts, key=lambda rule: -self.goods.gifts[rule.id].subtotal_minor):
            outcome.applied.append(Applied(rule, Effect(gifts=(self.goods.gifts[rule.id],))))
        return outcome

    def _goods_result(self, rules: Sequence[Rule]) -> "_GoodsResult":
        rule_ids = tuple([rule.id for rule in rules])
        if rule_ids not in self.goods_results:
            self.goods_results[rule_ids] = _GoodsResult(self.goods, rules)
        return self.goods_results[rule_ids]


def _take_off_delivery(
    outcome: Outcome, result: "_GoodsResult", rules: Iterable[Rule], delivery: Delivery | None
) -> None:
    """Apply the delivery rule that saves most."""
    price_minor = delivery.price_minor if delivery else 0
    effects = [(rule, off_delivery(rule, price_minor)) for rule in rules if result.applies(rule, outcome)]
    best = max((effect for _, effect in effects), key=lambda effect: effect.delivery_minor, default=Effect())
    saves_nothing = best.delivery_minor <= 0
    for rule, effect in effects:
        if effect is best and not saves_nothing:
            outcome.applied.append(Applied(rule, effect))
        else:
            outcome.refused.append(Refused(rule, NO_GAIN if saves_nothing else BETTER, is_outdone=not saves_nothing))


def _reasons(outcomes: list[Outcome], why: str = ALONE) -> list[Refused]:
    """Return the refusals of exclusive rules that were not chosen."""
    lost = [Refused(applied.rule, why) for outcome in outcomes for applied in outcome.applied]
    return lost + [refused for outcome in outcomes for refused in outcome.refused]


def _sorted(rules: Iterable[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: (rule.position, rule.id))


LINE_BY_LINE = {"percent", "amount", "fixed_price"}  # kinds that reduce each line independently of the others


@dataclass(frozen=True)
class _Bid:
    """What a rule would take off now, and the keys of the lines on which that depends."""

    rule: Rule
    effect: Effect
    saved_minor: int
    reach: frozenset[str]

    @property
    def taken(self) -> Set[str]:
        """Keys of lines that no other rule may reduce, including lines that were bought to earn a reward."""
        return self.effect.by_line.keys() if self.rule.kind in LINE_BY_LINE else self.reach


def _bid(rule: Rule, goods: Goods) -> _Bid:
    effect = off_goods(rule, goods)
    reach = frozenset([line.key for line in goods.lines] + [line.key for line in goods.rewards])
    return _Bid(rule, effect, effect.saved_minor, reach)


class _Goods:
    """The lines of a basket and its possible gifts, before any rule is applied."""

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
        """Return what the rule takes off as the first rule of the product lane, or why it does not apply."""
        if rule.id not in self._first:
            goods = self.of(rule, self.whole)
            why = reason_in_goods(rule, self.currency, goods)
            self._first[rule.id] = Refused(rule, why) if why else _bid(rule, goods)
        return self._first[rule.id]


class _GoodsResult:
    """The goods after the product and the order lane, which are the same for every delivery."""

    def __init__(self, goods: _Goods, rules: Iterable[Rule]) -> None:
        self.goods = goods
        self.left = dict(goods.whole)
        self.untouched = set(goods.whole)
        self.applied: list[Applied] = []
        self.refused: list[Refused] = []
        self._reasons: dict[int, Refused | None] = {}
        applicable = list(rules)
        self._work_product_lane([rule for rule in applicable if rule.lane == PRODUCT])
        self._work_order_lane([rule for rule in applicable if rule.lane == ORDER])

    def applies(self, rule: Rule, outcome: "Outcome | _GoodsResult") -> bool:
        """Return whether the goods allow the rule; if not, add its refusal to the outcome."""
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
        # Without the discounts of earlier rules it might apply.
        is_reduced = self.goods.whole != self.left
        is_outdone = is_reduced and not reason_in_goods(rule, currency, self.goods.of(rule, self.goods.whole))
        return Refused(rule, why, is_outdone=is_outdone)

    def _work_product_lane(self, rules: Iterable[Rule]) -> None:
        first_bids = [self.goods.first_bid(rule) for rule in rules]
        self.refused += [bid for bid in first_bids if isinstance(bid, Refused)]
        bids = [bid for bid in first_bids if isinstance(bid, _Bid)]
        saves_nothing = True
        while bids:
            best = max(bids, key=lambda bid: bid.saved_minor)
            if best.saved_minor <= 0:
                break
            self._take(best)
            saves_nothing = False
            self.untouched -= best.taken
            # A bid changes only if lines on which it depends were taken.
            bids = [
                bid if bid.reach.isdisjoint(best.taken) else self._bid_again(bid) for bid in bids if bid is not best
            ]
        self._refuse(bids, saves_nothing=saves_nothing)

    def _bid_again(self, bid: _Bid) -> _Bid:
        """Return the rule's bid on the lines that are left; it is empty if they no longer meet its conditions."""

        matches = self.goods.matches.of(bid.rule)
        lines, rewards = ([line for line in match if line.key in self.untouched] for match in matches)
        goods = Goods(lines, self.left, rewards)
        if reason_in_goods(bid.rule, self.goods.currency, goods):
            return _Bid(bid.rule, Effect(), 0, frozenset())
        return _bid(bid.rule, goods)

    def _work_order_lane(self, rules: Iterable[Rule]) -> None:
        """Apply the order rule that saves most."""
        bids = [_bid(rule, self.goods.of(rule, self.left)) for rule in rules if self.applies(rule, self)]
        best = max(bids, key=lambda bid: bid.saved_minor, default=None)
        saves_nothing = not best or best.saved_minor <= 0
        if best and not saves_nothing:
            self._take(best)
        self._refuse([bid for bid in bids if saves_nothing or bid is not best], saves_nothing=saves_nothing)

    def _take(self, bid: _Bid) -> None:
        for key, off in bid.effect.by_line.items():
            self.left[key] -= off
        self.applied.append(Applied(bid.rule, bid.effect))

    def _refuse(self, bids: Iterable[_Bid], *, saves_nothing: bool) -> None:
        why = NO_GAIN if saves_nothing else BETTER
        self.refused += [Refused(bid.rule, why, is_outdone=not saves_nothing) for bid in bids]
