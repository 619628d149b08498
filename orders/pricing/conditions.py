"""Whether a promotion holds for a basket, and if not, why not, in a sentence for the shopper."""

from collections.abc import Callable, Iterator

from catalog.money import format_money
from orders.pricing.effects import Goods, reached_tier
from orders.pricing.facts import Basket, Line, Rule


def goods_of(rule: Rule, lines: list[Line], left: dict[str, int]) -> Goods:
    """The lines that the rule works on. Gift cards are money, so no rule ever takes anything off them."""
    fit = [line for line in lines if not line.is_gift_card and not (rule.excludes_sale and line.is_on_sale)]
    matching = [line for line in fit if rule.scope.holds(line)]
    if rule.reward.is_everything:
        return Goods(matching, left)
    bought = {line.key for line in matching}
    return Goods(matching, left, [line for line in fit if rule.reward.holds(line) and line.key not in bought])


def why_not(rule: Rule, basket: Basket, goods: Goods) -> str:
    """The first reason why the rule does not hold; empty where it does."""
    return next((words for check in CHECKS for words in check(rule, basket, goods)), "")


def _time(rule: Rule, basket: Basket, _goods: Goods) -> Iterator[str]:
    if rule.begins_at and basket.at < rule.begins_at:
        yield "It has not begun yet."
    if rule.ends_at and basket.at >= rule.ends_at:
        yield "It is over."


def _person(rule: Rule, basket: Basket, _goods: Goods) -> Iterator[str]:
    if rule.needs_code and not rule.code:
        yield "It needs a code."
    if rule.refusal:
        yield rule.refusal
    if rule.groups and set(rule.groups).isdisjoint(basket.groups):
        yield "It is for certain customers. Please log in if you are one of them."
    if rule.is_first_order_only and not basket.is_first_order:
        yield "It is for a first order."


def _place(rule: Rule, basket: Basket, _goods: Goods) -> Iterator[str]:
    if rule.countries and basket.country not in rule.countries:
        yield "It does not hold for deliveries to this country."
    if rule.methods and (not basket.delivery or basket.delivery.code not in rule.methods):
        yield "It does not hold for this way of delivery."


def _amount(rule: Rule, basket: Basket, goods: Goods) -> Iterator[str]:
    if not goods.lines:
        yield "Nothing in your cart takes part in it."
    if (missing := rule.minimum_minor - goods.left_minor) > 0:
        yield f"It needs {format_money(missing, basket.currency)} more of what takes part in it."
    if (missing := rule.minimum_quantity - goods.quantity) > 0:
        yield f"It needs {missing} more of what takes part in it."
    if rule.kind == "tiered" and not reached_tier(rule, goods):
        yield "It begins with more of what takes part in it."


CHECKS: tuple[Callable[[Rule, Basket, Goods], Iterator[str]], ...] = (_time, _person, _place, _amount)
