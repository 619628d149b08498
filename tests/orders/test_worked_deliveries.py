"""Promotions for delivery and gifts, calculated by hand from decision 0014."""

from tests.orders.worked import BETTER, NO_GAIN, Example, delivery, gift, item, table

DELIVERY_AND_GIFTS = [
    Example(
        "free delivery from an amount",
        [item("a", 1, 5000)],
        [delivery("Free", "percent", "100", minimum_minor=5000)],
        ship=490,
        total=5000,
    ),
    Example(
        "free delivery one cent below",
        [item("a", 1, 4999)],
        [delivery("Free", "percent", "100", minimum_minor=5000)],
        ship=490,
        shipping=490,
        total=5489,
        refused={"Free": "Add €0.01 of eligible items to use it."},
    ),
    Example(
        "half of the delivery",
        [item("a", 1, 100)],
        [delivery("Half", "percent", "50")],
        ship=495,
        shipping=247,
        total=347,
    ),
    Example(
        "an amount off delivery",
        [item("a", 1, 100)],
        [delivery("Off", "amount", minor=300)],
        ship=490,
        shipping=190,
        total=290,
    ),
    Example(
        "an amount larger than the delivery",
        [item("a", 1, 100)],
        [delivery("Off", "amount", minor=600)],
        ship=490,
        total=100,
    ),
    Example(
        "delivery for a fixed price",
        [item("a", 1, 100)],
        [delivery("Flat", "price", minor=200)],
        ship=490,
        shipping=200,
        total=300,
    ),
    Example(
        "delivery that is cheaper than the fixed price",
        [item("a", 1, 100)],
        [delivery("Flat", "price", minor=200)],
        ship=150,
        shipping=150,
        total=250,
        refused={"Flat": NO_GAIN},
    ),
    Example(
        "no delivery to make cheaper",
        [item("a", 1, 100)],
        [delivery("Free", "percent", "100")],
        total=100,
        refused={"Free": NO_GAIN},
    ),
    Example(
        "of two for delivery the better one holds",
        [item("a", 1, 100)],
        [delivery("Half", "percent", "50"), delivery("Off", "amount", minor=300)],
        ship=490,
        shipping=190,
        total=290,
        refused={"Half": BETTER},
    ),
    Example(
        "a gift from an amount",
        [item("a", 1, 5000)],
        [gift("Mug", minimum_minor=3000)],
        gifts={1: 700},
        off={"gift:1": 700},
        total=5000,
    ),
    Example(
        "a gift below its amount",
        [item("a", 1, 2000)],
        [gift("Mug", minimum_minor=3000)],
        gifts={1: 700},
        total=2000,
        refused={"Mug": "Add €10.00 of eligible items to use it."},
    ),
    Example(
        "a gift that is gone", [item("a", 1, 5000)], [gift("Mug")], total=5000, refused={"Mug": "The gift is sold out."}
    ),
    Example(
        "all gifts hold, and none counts for another",
        [item("a", 1, 5000)],
        [gift("Mug"), gift("Pen"), gift("Bag", minimum_minor=5500)],
        gifts={1: 700, 2: 200, 3: 900},
        off={"gift:1": 700, "gift:2": 200},
        total=5000,
        refused={"Bag": "Add €5.00 of eligible items to use it."},
    ),
    Example("a gift that costs nothing anyway", [item("a", 1, 5000)], [gift("Sample")], gifts={1: 0}, total=5000),
]


@table(DELIVERY_AND_GIFTS)
def test_delivery_and_gifts_by_hand(example):
    example.check()
