"""The lines that a promotion works on, found once for each basket."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orders.pricing.facts import Line, Rule, Scope


@dataclass(frozen=True)
class Goods:
    """The lines that a rule works on, and what is left to pay for each after the rules before it."""

    lines: Sequence[Line]
    left: Mapping[str, int]
    rewards: Sequence[Line] = ()

    @property
    def left_minor(self) -> int:
        left = self.left
        return sum([left[line.key] for line in self.lines])

    @property
    def quantity(self) -> int:
        return sum([line.quantity for line in self.lines])


class Matches:
    """The lines of one basket that each rule works on. Gift cards are money, so no rule ever takes anything off them."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = [line for line in lines if not line.is_gift_card]
        self._regular = [line for line in self._lines if not line.is_on_sale]
        self._found: dict[int, tuple[Sequence[Line], Sequence[Line]]] = {}
        self._by_product: dict[int, list[int]] = defaultdict(list)
        self._by_category: dict[int, list[int]] = defaultdict(list)
        self._by_collection: dict[int, list[int]] = defaultdict(list)
        for place, line in enumerate(self._lines):
            self._by_product[line.product_id].append(place)
            for category in line.categories:
                self._by_category[category].append(place)
            for collection in line.collections:
                self._by_collection[collection].append(place)

    def of(self, rule: Rule) -> tuple[Sequence[Line], Sequence[Line]]:
        """The lines that take part in the rule, and those that it reduces where these are others."""
        if rule.id not in self._found:
            lines = self._in_scope(rule.scope, rule)
            rewards: Sequence[Line] = ()
            if not rule.reward.is_everything:
                bought = {line.key for line in lines}
                rewards = [line for line in self._in_scope(rule.reward, rule) if line.key not in bought]
            self._found[rule.id] = lines, rewards
        return self._found[rule.id]

    def _in_scope(self, scope: Scope, rule: Rule) -> Sequence[Line]:
        if scope.is_everything:
            return self._regular if rule.excludes_sale else self._lines
        places: set[int] = set()
        places.update(*(self._by_product.get(pk, ()) for pk in scope.products))
        places.update(*(self._by_category.get(pk, ()) for pk in scope.categories))
        places.update(*(self._by_collection.get(pk, ()) for pk in scope.collections))
        lines = [self._lines[place] for place in sorted(places)]
        return [line for line in lines if not line.is_on_sale] if rule.excludes_sale else lines
