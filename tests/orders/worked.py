"""The format of the worked examples: a basket and its price, calculated by hand from decisions 0005 and 0014."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from orders.pricing import Basket, Delivery, Line, Rate, Rule, Tier, Totals, price

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TAXED = (
    Rate("standard", Decimal(20), 1),
    Rate("reduced", Decimal(10), 2),
    Rate("reduced2", Decimal(5), 3),
    Rate("zero", Decimal(0), 4),
)

NO_GAIN = "It would not make your cart cheaper."
BETTER = "Another discount saves you more."
ALONE = "It cannot be combined with your other discounts, and they save you as much or more."
NOTHING = "It does not apply to anything in your cart."
UNREACHED = "Add more eligible items to use it."


def item(key: str, quantity: int, unit: int, product: int = 0, **more: Any) -> Line:
    return Line(key, quantity, unit, product_id=product, **more)


def card(key: str, unit: int) -> Line:
    return Line(key, 1, unit, tax_class="", is_gift_card=True)


def percent(name: str, share: str, lane: str = "product", **more: Any) -> Rule:
    return Rule(0, name, "percent", lane, percent=Decimal(share), **more)


def amount(name: str, minor: int, lane: str = "product", **more: Any) -> Rule:
    return Rule(0, name, "amount", lane, amount_minor=minor, **more)


def fixed(name: str, minor: int, **more: Any) -> Rule:
    return Rule(0, name, "fixed_price", "product", amount_minor=minor, **more)


def buy_get(name: str, buy: int, get: int, share: str = "100", **more: Any) -> Rule:
    return Rule(0, name, "buy_get", "product", buy_quantity=buy, get_quantity=get, percent=Decimal(share), **more)


def multibuy(name: str, size: int, minor: int, **more: Any) -> Rule:
    return Rule(0, name, "multibuy", "product", buy_quantity=size, amount_minor=minor, **more)


def tiered(name: str, *tiers: Tier, lane: str = "product", **more: Any) -> Rule:
    return Rule(0, name, "tiered", lane, tiers=tiers, **more)


def tier(share: str = "0", minor: int = 0, *, units: int = 0, above: int = 0) -> Tier:
    return Tier(Decimal(share), minor, units, above)


def gift(name: str, **more: Any) -> Rule:
    return Rule(0, name, "gift", "gift", **more)


def delivery(name: str, kind: str, share: str = "0", minor: int = 0, **more: Any) -> Rule:
    return Rule(0, name, f"delivery_{kind}", "delivery", percent=Decimal(share), amount_minor=minor, **more)


@dataclass(frozen=True)
class Example:
    """A basket and its expected result: discounts of the lines that have any, and the reasons of rules that do not apply.

    Rules get the ids 1, 2, 3 in the order in which they are written; gifts are named by the id of their rule.
    """

    name: str
    lines: Sequence[Line]
    rules: Sequence[Rule] = ()
    ship: int | None = None
    gifts: Mapping[int, int] = field(default_factory=dict)
    where: Mapping[str, Any] = field(default_factory=dict)
    off: Mapping[str, int] = field(default_factory=dict)
    shipping: int = 0
    tax: int = 0
    total: int = 0
    taxes: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    def basket(self) -> Basket:
        gifts = [Line(f"gift:{rule}", 1, minor, gift_of=rule) for rule, minor in self.gifts.items()]
        defaults: dict[str, Any] = {"market": "main", "currency": "EUR", "country": "DE", "is_tax_included": True}
        return Basket(
            lines=(*self.lines, *gifts),
            rules=tuple(replace(rule, id=number) for number, rule in enumerate(self.rules, 1)),
            delivery=None if self.ship is None else Delivery("post", "Post", self.ship),
            **{"at": NOON, **defaults, **self.where},
        )

    def outcome(self, totals: Totals) -> dict[str, Any]:
        """The result of pricing, in the format of the expected values."""
        return {
            "off": {line.key: line.discount_minor for line in totals.lines if line.discount_minor},
            "shipping": totals.shipping_minor,
            "tax": totals.tax_minor,
            "total": totals.total_minor,
            "taxes": {line.key: line.tax_minor for line in totals.lines if line.tax_minor},
            "refused": {reason.name: reason.why for reason in totals.reasons},
        }

    def check(self) -> None:
        expected = {name: getattr(self, name) for name in ("off", "shipping", "tax", "total", "taxes", "refused")}
        assert self.outcome(price(self.basket())) == expected


def table(examples: Sequence[Example]) -> Any:
    """A test for each example, under its name."""
    names = [example.name for example in examples]
    assert len(set(names)) == len(names)
    return pytest.mark.parametrize("example", examples, ids=names)
