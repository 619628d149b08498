"""What a promotion can do, as staff choose it: a kind of promotion and the lane in which it applies, in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orders.models import Promotion
from orders.models.promotion import KIND_LANES

Kind, Lane = Promotion.Kind, Promotion.Lane
# What is asked for in the section “What”, one row each, with labels of its own.
Fields = tuple[str | tuple[str, ...], ...]


@dataclass(frozen=True)
class PromotionChoice:
    """What a promotion does. `example` says it as shoppers would, `fields` are those that only some kinds have."""

    kind: str
    lane: str
    icon: str
    title: str
    example: str
    fields: Fields = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    initial: Mapping[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The value of `?kind=`: the kind, and its lane unless it is the first one that it can have."""
        return self.kind if self.lane == KIND_LANES[self.kind][0] else f"{self.kind}-{self.lane}"

    @property
    def field_names(self) -> set[str]:
        rows = [(row,) if isinstance(row, str) else row for row in self.fields]
        return {name for row in rows for name in row}


GROUPS: tuple[tuple[str, str, tuple[PromotionChoice, ...]], ...] = (
    (
        "Off products",
        "Each product gets the promotion that saves most on it. These do not add up.",
        (
            PromotionChoice(
                Kind.PERCENT,
                Lane.PRODUCT,
                "promo",
                "Percent off products",
                "10 % off some products, or off all of them",
                ("percent",),
                {"percent": "Percent off"},
            ),
            PromotionChoice(
                Kind.AMOUNT,
                Lane.PRODUCT,
                "tag",
                "Amount off products",
                "€5.00 off each mug",
                ("amount_minor",),
                {"amount_minor": "Off each unit"},
            ),
            PromotionChoice(
                Kind.FIXED_PRICE,
                Lane.PRODUCT,
                "tag",
                "One price",
                "Every candle for €9.00",
                ("amount_minor",),
                {"amount_minor": "Price of each unit"},
            ),
            PromotionChoice(
                Kind.BUY_GET,
                Lane.PRODUCT,
                "orders",
                "Buy some, get some",
                "Buy 2, get 1 free, or the second at half price",
                (("buy_quantity", "get_quantity", "percent"), "most_times"),
                {"buy_quantity": "Buy", "get_quantity": "Get", "percent": "Percent off what they get"},
                {"buy_quantity": 2, "get_quantity": 1, "percent": 100},
            ),
            PromotionChoice(
                Kind.MULTIBUY,
                Lane.PRODUCT,
                "orders",
                "Several for one price",
                "3 for €10.00",
                (("buy_quantity", "amount_minor"), "most_times"),
                {"buy_quantity": "Units", "amount_minor": "Price for all of them"},
                {"buy_quantity": 3},
            ),
            PromotionChoice(
                Kind.TIERED,
                Lane.PRODUCT,
                "stock",
                "The more, the cheaper",
                "5 % off from 3 mugs, 10 % off from 6",
            ),
        ),
    ),
    (
        "Off the whole order",
        "One of these applies to an order: the one that saves most, on what is left to pay for the products.",
        (
            PromotionChoice(
                Kind.PERCENT,
                Lane.ORDER,
                "promo",
                "Percent off the order",
                "10 % off the first order",
                ("percent",),
                {"percent": "Percent off"},
            ),
            PromotionChoice(
                Kind.AMOUNT,
                Lane.ORDER,
                "tag",
                "Amount off the order",
                "€5.00 off from €40.00",
                ("amount_minor",),
                {"amount_minor": "Off the order"},
            ),
            PromotionChoice(
                Kind.TIERED,
                Lane.ORDER,
                "stock",
                "The more, the cheaper",
                "€5.00 off from €50.00, €15.00 off from €100.00",
            ),
        ),
    ),
    (
        "Off the delivery",
        "One of these applies to an order: the one that saves most.",
        (
            PromotionChoice(
                Kind.DELIVERY_PERCENT,
                Lane.DELIVERY,
                "truck",
                "Free delivery",
                "From an amount, or to some countries",
                ("percent",),
                {"percent": "Percent off the delivery (100 is free)"},
                {"percent": 100},
            ),
            PromotionChoice(
                Kind.DELIVERY_AMOUNT,
                Lane.DELIVERY,
                "truck",
                "Amount off the delivery",
                "€2.00 off express delivery",
                ("amount_minor",),
                {"amount_minor": "Off the delivery"},
            ),
            PromotionChoice(
                Kind.DELIVERY_PRICE,
                Lane.DELIVERY,
                "truck",
                "One price for delivery",
                "Delivery for €1.00",
                ("amount_minor",),
                {"amount_minor": "Price of the delivery"},
            ),
        ),
    ),
    (
        "A gift",
        "Everybody gets all gifts whose conditions their order meets.",
        (
            PromotionChoice(
                Kind.GIFT,
                Lane.GIFT,
                "gift",
                "A gift with the order",
                "A candle with orders from €120.00",
                ("gift_variant",),
                {"gift_variant": "Gift"},
            ),
        ),
    ),
)
CHOICES = {choice.code: choice for _title, _rule, choices in GROUPS for choice in choices}
# The fields that only some kinds have.
KIND_FIELDS = set().union(*(choice.field_names for choice in CHOICES.values()))


def choice_of(promotion: Promotion) -> PromotionChoice:
    """What the promotion does."""
    lanes = {(choice.kind, choice.lane): choice for choice in CHOICES.values()}
    return lanes[promotion.kind, promotion.lane]
