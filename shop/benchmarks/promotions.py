"""Benchmark of pricing a large cart with many promotions and several shipping options, without a database."""

import random
import statistics
import time
from datetime import UTC, datetime
from decimal import Decimal

from orders.pricing import Basket, Delivery, Line, Pricing, Rate, Rule, Scope, Tier

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KINDS = (
    *[("percent", "product")] * 2,
    ("amount", "product"),
    ("buy_get", "product"),
    ("multibuy", "product"),
    ("tiered", "product"),
    ("percent", "order"),
    ("amount", "order"),
    ("delivery_percent", "delivery"),
    ("delivery_amount", "delivery"),
)
RATES = (Rate("standard", Decimal(19), 1), Rate("reduced", Decimal(7), 2))
TIERS = (Tier(percent=Decimal(5), from_quantity=3), Tier(percent=Decimal(10), from_quantity=6))


def price_among_promotions(promotions: int, lines: int, deliveries: int, *, repeats: int, seed: int) -> float:
    """Return the median CPU milliseconds of pricing a cart: its total, and the price of each delivery."""
    basket = _basket(promotions, lines, random.Random(seed))  # noqa: S311  (test data, not a secret)
    offers = [Delivery(f"method-{number}", f"Method {number}", 490 + 200 * number) for number in range(deliveries)]
    milliseconds = []
    for _ in range(repeats):
        begun = time.process_time()
        pricing = Pricing(basket)
        pricing.with_delivery(offers[0])
        for offer in offers:
            pricing.with_delivery(offer)
        milliseconds.append((time.process_time() - begun) * 1000)
    return statistics.median(milliseconds)


def _basket(promotions: int, lines: int, chance: random.Random) -> Basket:
    return Basket(
        lines=tuple(_line(number, chance) for number in range(1, lines + 1)),
        at=NOON,
        market="main",
        currency="EUR",
        country="DE",
        is_tax_included=True,
        rates=RATES,
        home_rates=RATES,
        rules=tuple(_rule(number, chance) for number in range(1, promotions + 1)),
    )


def _line(number: int, chance: random.Random) -> Line:
    return Line(
        key=str(number),
        quantity=chance.randint(1, 4),
        unit_minor=chance.randint(500, 20_000),
        product_id=number,
        categories=(chance.randint(1, 20), 100),
        tax_class=chance.choice(["standard", "reduced"]),
    )


def _rule(number: int, chance: random.Random) -> Rule:
    """Return a promotion on everything, on a few products or on a category; half of them need a minimum amount."""
    kind, lane = chance.choice(KINDS)
    few = Scope(products=tuple(chance.sample(range(1, 200), 5)))
    return Rule(
        id=number,
        name=f"Promotion {number}",
        kind=kind,
        lane=lane,
        position=chance.randint(0, 3),
        percent=Decimal(chance.randint(1, 40)),
        amount_minor=chance.randint(50, 3000),
        buy_quantity=chance.randint(1, 3),
        get_quantity=1,
        scope=chance.choice([Scope(), few, Scope(categories=(chance.randint(1, 30),))]),
        minimum_minor=chance.choice([0, 0, 2000, 200_000]),
        tiers=TIERS,
    )
