"""Baskets of every shape for properties: lines, tax modes, currencies, deliveries, and rules of every kind."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from orders.models.promotion import KIND_LANES
from orders.pricing import Basket, Delivery, Line, Rate, Rule, Scope, Tier, Treatment

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLASSES = ("standard", "reduced", "reduced2", "zero", "")
PERCENTS = [Decimal(text) for text in ("0", "0.001", "5", "7", "12.5", "33.333", "50", "99.999", "100")]
NUMBERS = st.lists(st.integers(1, 4), max_size=2, unique=True).map(tuple)
AMOUNTS = st.one_of(st.integers(0, 20), st.integers(0, 100_000))
PRICES = st.one_of(st.integers(0, 20), st.integers(0, 1_000_000))
LANES = [(kind, lane) for kind, lanes in KIND_LANES.items() for lane in lanes]


def seldom(value: Any, otherwise: Any) -> st.SearchStrategy:
    return st.sampled_from([otherwise] * 9 + [value])


SCOPES = st.one_of(
    st.just(Scope()),
    st.builds(Scope, products=NUMBERS),
    st.builds(Scope, products=NUMBERS, categories=NUMBERS, collections=NUMBERS),
)
TIERS = st.lists(
    st.one_of(
        st.builds(Tier, percent=st.sampled_from(PERCENTS), from_quantity=st.integers(0, 30), from_minor=AMOUNTS),
        st.builds(Tier, amount_minor=AMOUNTS, from_quantity=st.integers(0, 30)),
    ),
    max_size=3,
).map(tuple)
RULES = st.builds(
    lambda place, **more: Rule(id=0, name="", kind=place[0], lane=place[1], **more),
    place=st.sampled_from(LANES),
    position=st.integers(0, 2),
    is_exclusive=st.sampled_from([False, False, True]),
    percent=st.sampled_from(PERCENTS),
    amount_minor=AMOUNTS,
    buy_quantity=st.integers(0, 4),
    get_quantity=st.integers(0, 3),
    most_times=st.sampled_from([None, None, 0, 1, 3]),
    tiers=TIERS,
    scope=SCOPES,
    reward=SCOPES,
    excludes_sale=st.booleans(),
    minimum_minor=st.one_of(st.just(0), AMOUNTS),
    minimum_quantity=st.sampled_from([0, 0, 0, 1, 5, 40]),
    begins_at=seldom(NOON + timedelta(seconds=1), None),
    ends_at=seldom(NOON, None),
    countries=seldom(("FR",), ()),
    methods=seldom(("express",), ()),
    groups=seldom((1, 2), ()),
    is_first_order_only=seldom(True, False),
    needs_code=seldom(True, False),
    code=st.sampled_from(["", "", "CODE"]),
    refusal=seldom("It has been used up.", ""),
)
LINES = st.builds(
    Line,
    key=st.just(""),
    quantity=st.one_of(st.integers(1, 3), st.integers(1, 99)),
    unit_minor=PRICES,
    price_id=st.integers(1, 99),
    product_id=st.integers(1, 4),
    categories=NUMBERS,
    collections=NUMBERS,
    tax_class=st.sampled_from(CLASSES),
    is_on_sale=st.booleans(),
)
# A gift card bears no tax, and in a currency of three decimals it costs what can be charged.
CARDS = st.builds(
    lambda quantity, tens: Line("", quantity, tens * 10, tax_class="", is_gift_card=True),
    st.integers(1, 3),
    st.integers(0, 100_000),
)
RATES = st.builds(
    lambda percents, delivery: tuple(
        Rate(name, percent, number, taxes_delivery=delivery)
        for number, (name, percent) in enumerate(zip(CLASSES[:4], (*percents, Decimal(0)), strict=True), 1)
    ),
    st.lists(
        st.sampled_from([Decimal(text) for text in ("0", "5", "5.5", "9.975", "20", "25")]), min_size=3, max_size=3
    ),
    st.booleans(),
)


DELIVERIES = st.one_of(
    st.none(), st.builds(Delivery, st.sampled_from(["post", "post", "express"]), st.just("Post"), AMOUNTS)
)


def _keyed(lines: list[Line], cards: list[Line]) -> list[Line]:
    return [replace(line, key=str(number)) for number, line in enumerate([*lines, *cards], 1)]


def _numbered(rules: list[Rule]) -> list[Rule]:
    return [replace(rule, id=number, name=f"Rule {number}") for number, rule in enumerate(rules, 1)]


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    most = draw(st.sampled_from([12, 12, 12, 12, 40]))
    lines = _keyed(draw(st.lists(LINES, min_size=1, max_size=most)), draw(st.lists(CARDS, max_size=1)))
    rules = _numbered(draw(st.lists(RULES, max_size=6)))
    gifts = [rule for rule in rules if rule.lane == "gift" and rule.position]
    lines += [Line(f"gift:{rule.id}", 1, draw(PRICES), gift_of=rule.id) for rule in gifts]
    treatment = draw(
        st.sampled_from([Treatment.DOMESTIC, Treatment.DOMESTIC, Treatment.EXPORT, Treatment.REVERSE_CHARGE])
    )
    return Basket(
        lines=tuple(lines),
        at=NOON,
        market="main",
        currency=draw(st.sampled_from(["JPY", "EUR", "KWD"])),
        country="DE",
        is_tax_included=draw(st.booleans()),
        treatment=treatment,
        rates=() if treatment == Treatment.EXPORT else draw(RATES),
        home_rates=draw(RATES),
        delivery=draw(DELIVERIES),
        is_never_dearer=draw(st.sampled_from([True, True, False])),
        rules=tuple(rules),
        groups=(2,),
        is_first_order=draw(st.booleans()),
    )
