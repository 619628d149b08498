"""Find the lines that each promotion applies to, once per basket."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orders.pricing.basket import Line, Rule, Scope


@dataclass(frozen=True)
class Goods:
    """The lines that a rule applies to, and the amount left to pay for each after earlier rules, in minor units."""

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
    """The lines of a basket that each rule applies to. Rules never reduce gift cards, because they are money."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = [line for line in lines if not line.is_gift_card]
        self._regular = [line for line in self._lines if not line.is_on_sale]
        self._lines_by_rule: dict[int, tuple[Sequence[Line], Sequence[Line]]] = {}
        self._by_product: dict[int, list[int]] = defaultdict(list)
        self._by_category: dict[int, list[int]] = defaultdict(list)
        self._by_collection: dict[int, list[int]] = defaultdict(list)
        for index, line in enumerate(self._lines):
            self._by_product[line.product_id].append(index)
            for category in line.categories:
                self._by_category[category].append(index)
            for collection in line.collections:
                self._by_collection[collection].append(index)

    def of(self, rule: Rule) -> tuple[Sequence[Line], Sequence[Line]]:
        """Return the lines in the rule's scope, and the lines that it reduces if those are different ones."""
        if rule.id not in self._lines_by_rule:
            lines = self._in_scope(rule.scope, rule)
            rewards: Sequence[Line] = ()
            if not rule.reward.is_everything:
                bought = {line.key for line in lines}
                rewards = [line for line in self._in_scope(rule.reward, rule) if line.key not in bought]
            self._lines_by_rule[rule.id] = lines, rewards
        return self._lines_by_rule[rule.id]

    def _in_scope(self, scope: Scope, rule: Rule) -> Sequence[Line]:
        if scope.is_everything:
            return self._regular if rule.excludes_sale else self._lines
        indexes: set[int] = set()
        indexes.update(*(self._by_product.get(pk, ()) for pk in scope.products))
        indexes.update(*(self._by_category.get(pk, ()) for pk in scope.categories))
        indexes.update(*(self._by_collection.get(pk, ()) for pk in scope.collections))
        lines = [self._lines[index] for index in sorted(indexes)]
        return [line for line in lines if not line.is_on_sale] if rule.excludes_sale else lines
