"""Properties of the price of every basket (decisions 0005 and 0014)."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.pricing import (
    Basket,
    Pricing,
    Rule,
    Totals,
    Treatment,
    derive,
    explain,
    make_receipt,
    price,
    share_of_units,
    totals_of,
)
from tests.orders.random_baskets import DELIVERIES, RULES, baskets

EASY = settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
QUICK = settings(EASY, max_examples=15, derandomize=True)
FULL = settings(EASY, max_examples=1000)


CHECKS: list[Callable[[Basket, Totals], None]] = []


def check(function: Callable[[Basket, Totals], None]) -> Callable[[Basket, Totals], None]:
    """Register a check that must pass for every basket and its totals."""
    CHECKS.append(function)
    return function


def lane_of(basket: Basket) -> dict[int, str]:
    return {rule.id: rule.lane for rule in basket.rules}


def delivery_tax(totals: Totals) -> int:
    return totals.tax_minor - sum(line.tax_minor for line in totals.lines)


def saved(basket: Basket, *rules: Rule) -> int:
    """The discount of these rules before tax, without the rounding of the total."""
    totals = price(replace(basket, rules=rules, is_never_dearer=False))
    return sum(discount.minor for discount in totals.discounts if discount.rule_id)


@check
def the_parts_make_the_total(basket: Basket, totals: Totals) -> None:
    on_top = 0 if totals.is_tax_included else totals.tax_minor
    assert totals.total_minor == totals.subtotal_minor - totals.discount_minor + totals.shipping_minor + on_top


@check
def the_lines_make_the_parts(basket: Basket, totals: Totals) -> None:
    assert totals.subtotal_minor == sum(line.unit_minor * line.quantity for line in totals.lines)
    assert totals.discount_minor == sum(line.discount_minor for line in totals.lines)
    for line in totals.lines:
        assert line.subtotal_minor == line.unit_minor * line.quantity
        assert line.discount_minor == sum(discount.minor for discount in line.discounts)
        on_top = 0 if totals.is_tax_included else line.tax_minor
        assert line.total_minor == line.subtotal_minor - line.discount_minor + on_top


@check
def all_lines_and_the_delivery_with_its_tax_are_the_charge(basket: Basket, totals: Totals) -> None:
    on_top = 0 if totals.is_tax_included else delivery_tax(totals)
    assert sum(line.total_minor for line in totals.lines) + totals.shipping_minor + on_top == totals.total_minor


@check
def the_lines_of_the_cart_are_all_there(basket: Basket, totals: Totals) -> None:
    bought = [(line.key, line.quantity) for line in basket.lines if line.gift_of is None]
    assert [(line.key, line.quantity) for line in totals.lines if line.gift_of is None] == bought


@check
def the_taxes_of_the_rates_add_up(basket: Basket, totals: Totals) -> None:
    assert sum(tax.tax_minor for tax in totals.taxes) == totals.tax_minor
    percents = [tax.percent for tax in totals.taxes]
    assert percents == sorted(set(percents), reverse=True)


@check
def no_tax_is_charged_where_none_is_due(basket: Basket, totals: Totals) -> None:
    assert totals.tax_minor == 0 or basket.treatment == Treatment.DOMESTIC


@check
def nothing_is_below_zero(basket: Basket, totals: Totals) -> None:
    names = ("subtotal_minor", "discount_minor", "shipping_minor", "tax_minor", "total_minor")
    assert min(getattr(totals, name) for name in names) >= 0
    assert min((min(tax.base_minor, tax.tax_minor) for tax in totals.taxes), default=0) >= 0
    assert min((discount.minor for discount in (*totals.discounts, *totals.shipping_discounts)), default=0) >= 0
    assert min((discount.minor for line in totals.lines for discount in line.discounts), default=0) >= 0
    assert delivery_tax(totals) >= 0


@check
def no_line_is_reduced_below_nothing(basket: Basket, totals: Totals) -> None:
    for line in totals.lines:
        assert 0 <= line.discount_minor <= line.subtotal_minor
        assert 0 <= line.tax_minor <= line.total_minor


@check
def the_tax_in_a_delivery_is_no_more_than_the_delivery(basket: Basket, totals: Totals) -> None:
    assert delivery_tax(totals) <= totals.shipping_minor + (0 if totals.is_tax_included else delivery_tax(totals))


@check
def nothing_is_taken_off_gift_cards(basket: Basket, totals: Totals) -> None:
    cards = {line.key: line.subtotal_minor for line in basket.lines if line.is_gift_card}
    assert {line.key: line.total_minor for line in totals.lines if line.key in cards} == cards


@check
def the_discounts_of_each_rule_add_up(basket: Basket, totals: Totals) -> None:
    parts: Counter[int] = Counter()
    for discount in (*totals.shipping_discounts, *(discount for line in totals.lines for discount in line.discounts)):
        parts[discount.rule_id] += discount.minor
    assert {discount.rule_id: discount.minor for discount in totals.discounts} == dict(parts)
    assert len({discount.rule_id for discount in totals.discounts}) == len(totals.discounts)


@check
def dinars_are_charged_in_steps_of_ten(basket: Basket, totals: Totals) -> None:
    rounding = sum(discount.minor for discount in totals.discounts if discount.rule_id == 0)
    assert rounding < 10
    if basket.currency == "KWD":
        assert totals.total_minor % 10 == 0
    else:
        assert rounding == 0


@check
def a_receipt_gives_the_same_totals_again(basket: Basket, totals: Totals) -> None:
    receipt = json.loads(json.dumps(make_receipt(basket, totals)))
    assert derive(receipt) == totals
    assert totals_of(receipt) == totals
    assert receipt["total_minor"] == totals.total_minor


@check
def every_part_of_a_receipt_is_explained(basket: Basket, totals: Totals) -> None:
    explanation = explain(make_receipt(basket, totals), {})
    assert sum(line.startswith("    charged ") for line in explanation) == len(totals.lines)
    assert sum(line.startswith("Total ") for line in explanation) == 1


@check
def each_rule_holds_or_has_a_reason(basket: Basket, totals: Totals) -> None:
    rule_ids = [discount.rule_id for discount in totals.discounts if discount.rule_id] + [
        reason.rule_id for reason in totals.reasons
    ]
    assert sorted(rule_ids) == [rule.id for rule in basket.rules]
    assert all(reason.why for reason in totals.reasons)


@check
def one_rule_holds_for_the_order_and_one_for_the_delivery(basket: Basket, totals: Totals) -> None:
    held = Counter(lane_of(basket)[discount.rule_id] for discount in totals.discounts if discount.rule_id)
    assert held["order"] <= 1
    assert held["delivery"] <= 1


@check
def each_line_is_reduced_by_one_product_rule_at_most(basket: Basket, totals: Totals) -> None:
    lanes = lane_of(basket)
    for line in totals.lines:
        assert sum(lanes.get(discount.rule_id) == "product" for discount in line.discounts) <= 1


@check
def an_exclusive_rule_holds_alone(basket: Basket, totals: Totals) -> None:
    held = [discount.rule_id for discount in totals.discounts if discount.rule_id]
    exclusive = {rule.id for rule in basket.rules if rule.is_exclusive}
    assert len(held) == 1 or exclusive.isdisjoint(held)


@check
def a_gift_costs_nothing(basket: Basket, totals: Totals) -> None:
    held = {discount.rule_id for discount in totals.discounts}
    gifts = [line for line in totals.lines if line.gift_of]
    assert {line.gift_of for line in gifts} == {rule_id for rule_id in held if lane_of(basket).get(rule_id) == "gift"}
    assert all(line.discount_minor == line.subtotal_minor and line.total_minor == 0 for line in gifts)


@check
def the_order_of_the_rules_does_not_matter(basket: Basket, totals: Totals) -> None:
    turned = tuple(reversed(basket.rules))
    assert price(replace(basket, rules=turned)) == totals
    assert price(replace(basket, rules=(*turned[1::2], *turned[::2]))) == totals
    assert price(basket) == totals


@check
def a_product_or_exclusive_rule_alone_never_saves_more(basket: Basket, totals: Totals) -> None:
    everything = saved(basket, *basket.rules)
    for rule in basket.rules:
        if rule.lane == "product" or rule.is_exclusive:
            assert saved(basket, rule) <= everything


@check
def promotions_never_make_a_basket_dearer(basket: Basket, totals: Totals) -> None:
    if basket.is_never_dearer:
        assert totals.total_minor <= price(replace(basket, rules=())).total_minor


@check
def a_code_never_makes_a_basket_dearer(basket: Basket, totals: Totals) -> None:
    for code in [rule for rule in basket.rules if rule.code and basket.is_never_dearer]:
        others = tuple(rule for rule in basket.rules if rule is not code)
        assert totals.total_minor <= price(replace(basket, rules=others)).total_minor


def line_by_line(totals: Totals, draw: Callable[[st.SearchStrategy[int]], int]) -> None:
    """Units go back in chunks of any size, until none is left."""
    for line in totals.lines:
        before, back = 0, 0
        while before < line.quantity:
            count = draw(st.integers(1, line.quantity - before))
            share = share_of_units(line.total_minor, line.quantity, before=before, count=count)
            assert share >= 0
            before, back = before + count, back + share
        assert back == line.total_minor


def one_more_is_not_dearer(basket: Basket, rule: Rule) -> None:
    """A rule for the delivery, or an exclusive one, takes nothing from a shopper without gifts.

    Others may: a rule that saves more than each of two others can take the lines of both, and one in an earlier lane
    can bring the cart below the minimum of one in a later lane. And a gift is worth its price.
    """
    rules = tuple(other for other in basket.rules if other.lane != "gift")
    if rule.lane != "gift" and (rule.lane == "delivery" or rule.is_exclusive):
        assert saved(basket, *rules, rule) >= saved(basket, *rules)


def run_all_checks(basket: Basket) -> None:
    totals = price(basket)
    for function in CHECKS:
        function(basket, totals)


@settings(QUICK, max_examples=100)
@given(basket=baskets())
def test_all_checks_pass_for_a_hundred_baskets(basket):
    run_all_checks(basket)


@pytest.mark.full
@pytest.mark.parametrize("thousand", range(1, 11))
@FULL
@given(basket=baskets())
def test_all_checks_pass_for_a_thousand_baskets(thousand, basket):
    run_all_checks(basket)


@QUICK
@given(basket=baskets(), deliveries=st.lists(DELIVERIES, max_size=3))
def test_goods_priced_once_cost_the_same_with_each_delivery(basket, deliveries):
    pricing = Pricing(basket)
    for delivery in deliveries:
        assert pricing.with_delivery(delivery) == price(replace(basket, delivery=delivery))


@QUICK
@given(basket=baskets(), data=st.data())
def test_units_that_go_back_give_back_the_line_of_some_baskets(basket, data):
    line_by_line(price(basket), data.draw)


@pytest.mark.full
@FULL
@given(basket=baskets(), data=st.data())
def test_units_that_go_back_give_back_the_line_of_many_baskets(basket, data):
    line_by_line(price(basket), data.draw)


@QUICK
@given(basket=baskets(), rule=RULES)
def test_one_more_rule_makes_no_basket_of_some_dearer(basket, rule):
    one_more_is_not_dearer(basket, replace(rule, id=99))


@pytest.mark.full
@FULL
@given(basket=baskets(), rule=RULES)
def test_one_more_rule_makes_no_basket_of_many_dearer(basket, rule):
    one_more_is_not_dearer(basket, replace(rule, id=99))
