"""Decide whether a promotion applies to a basket and, if not, say why in a sentence for the shopper.

Each function returns the first reason against a rule, or an empty text.
"""

from catalog.money import format_money
from orders.pricing.basket import Basket, Delivery, Rule
from orders.pricing.effects import reached_tier
from orders.pricing.matching import Goods


def reason_in_basket(rule: Rule, basket: Basket) -> str:
    """Return a reason of time, customer or country against the rule. It does not depend on delivery or other rules."""
    return _time(rule, basket) or _person(rule, basket) or _country(rule, basket)


def _time(rule: Rule, basket: Basket) -> str:
    if rule.begins_at and basket.at < rule.begins_at:
        return "It has not started yet."
    if rule.ends_at and basket.at >= rule.ends_at:
        return "It has ended."
    return ""


def _person(rule: Rule, basket: Basket) -> str:
    if rule.needs_code and not rule.code:
        return "It needs a code."
    if rule.refusal:
        return rule.refusal
    if rule.groups and set(rule.groups).isdisjoint(basket.groups):
        return "It is only for certain customers. If you are one of them, please log in."
    if rule.is_first_order_only and not basket.is_first_order:
        return "It is only for a first order."
    return ""


def _country(rule: Rule, basket: Basket) -> str:
    if rule.countries and basket.country not in rule.countries:
        return "It does not apply to deliveries to this country."
    return ""


def reason_in_delivery(rule: Rule, delivery: Delivery | None) -> str:
    """Return a reason of the shipping method against the rule."""
    if rule.methods and (not delivery or delivery.code not in rule.methods):
        return "It does not apply to this delivery method."
    return ""


def reason_in_goods(rule: Rule, currency: str, goods: Goods) -> str:
    """Return a reason of these goods, and the amount left to pay for them, against the rule."""
    if not goods.lines:
        return "It does not apply to anything in your cart."
    if rule.minimum_minor and (missing := rule.minimum_minor - goods.left_minor) > 0:
        return f"Add {format_money(missing, currency)} of eligible items to use it."
    if rule.minimum_quantity and (missing := rule.minimum_quantity - goods.quantity) > 0:
        return f"Add {missing} of eligible items to use it."
    if rule.kind == "tiered" and not reached_tier(rule, goods):
        return "Add more eligible items to use it."
    return ""
