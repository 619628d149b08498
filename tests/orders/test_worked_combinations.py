"""When promotions hold and which hold together, worked by hand from decision 0014."""

from datetime import timedelta

from orders.pricing import Scope, price
from tests.orders.worked import (
    ALONE,
    BETTER,
    NO_GAIN,
    NOON,
    NOTHING,
    Example,
    amount,
    buy_get,
    card,
    delivery,
    fixed,
    item,
    percent,
    table,
)

ONE, TWO = Scope(products=(1,)), Scope(products=(2,))
SECOND = timedelta(seconds=1)
THIRTY_WINS = "“Thirty” cannot be combined with other discounts, and it saves you more."
TENNER = [item("a", 1, 1000)]

CONDITIONS = [
    Example("the first second", TENNER, [percent("Ten", "10", begins_at=NOON)], off={"a": 100}, total=900),
    Example(
        "a second before it begins",
        TENNER,
        [percent("Ten", "10", begins_at=NOON + SECOND)],
        total=1000,
        refused={"Ten": "It has not started yet."},
    ),
    Example("the last second", TENNER, [percent("Ten", "10", ends_at=NOON + SECOND)], off={"a": 100}, total=900),
    Example(
        "the second in which it ends",
        TENNER,
        [percent("Ten", "10", ends_at=NOON)],
        total=1000,
        refused={"Ten": "It has ended."},
    ),
    Example(
        "without its code",
        TENNER,
        [percent("Ten", "10", needs_code=True)],
        total=1000,
        refused={"Ten": "It needs a code."},
    ),
    Example("with its code", TENNER, [percent("Ten", "10", needs_code=True, code="TEN")], off={"a": 100}, total=900),
    Example(
        "used up",
        TENNER,
        [percent("Ten", "10", refusal="It has been used up.")],
        total=1000,
        refused={"Ten": "It has been used up."},
    ),
    Example(
        "for a group, to others",
        TENNER,
        [percent("Ten", "10", groups=(7,))],
        where={"groups": (8,)},
        total=1000,
        refused={"Ten": "It is only for certain customers. If you are one of them, please log in."},
    ),
    Example(
        "for a group, to one of it",
        TENNER,
        [percent("Ten", "10", groups=(7,))],
        where={"groups": (8, 7)},
        off={"a": 100},
        total=900,
    ),
    Example(
        "for a first order, to others",
        TENNER,
        [percent("Ten", "10", is_first_order_only=True)],
        where={"is_first_order": False},
        total=1000,
        refused={"Ten": "It is only for a first order."},
    ),
    Example("a first order", TENNER, [percent("Ten", "10", is_first_order_only=True)], off={"a": 100}, total=900),
    Example(
        "to another country",
        TENNER,
        [percent("Ten", "10", countries=("AT", "FR"))],
        total=1000,
        refused={"Ten": "It does not apply to deliveries to this country."},
    ),
    Example("to its country", TENNER, [percent("Ten", "10", countries=("AT", "DE"))], off={"a": 100}, total=900),
    Example(
        "by another method",
        TENNER,
        [percent("Ten", "10", methods=("express",))],
        ship=490,
        shipping=490,
        total=1490,
        refused={"Ten": "It does not apply to this delivery method."},
    ),
    Example(
        "by its method",
        TENNER,
        [percent("Ten", "10", methods=("post",))],
        ship=490,
        off={"a": 100},
        shipping=490,
        total=1390,
    ),
    Example(
        "before a method is chosen",
        TENNER,
        [percent("Ten", "10", methods=("post",))],
        total=1000,
        refused={"Ten": "It does not apply to this delivery method."},
    ),
    Example(
        "a minimum number",
        [item("a", 1, 1000), item("b", 1, 500)],
        [percent("Ten", "10", minimum_quantity=4)],
        total=1500,
        refused={"Ten": "Add 2 of eligible items to use it."},
    ),
    Example(
        "a minimum counts only what takes part",
        [item("a", 1, 1000, 1), item("b", 1, 5000, 2)],
        [percent("Ten", "10", "order", scope=ONE, minimum_minor=3000)],
        total=6000,
        refused={"Ten": "Add €20.00 of eligible items to use it."},
    ),
    Example(
        "a category with all below it, and a collection",
        [
            item("a", 1, 1000, categories=(1, 4)),
            item("b", 1, 1000, collections=(9,)),
            item("c", 1, 1000, categories=(2,)),
        ],
        [percent("Ten", "10", scope=Scope(categories=(4,), collections=(9,)))],
        off={"a": 100, "b": 100},
        total=2800,
    ),
    Example(
        "not for items on sale",
        [item("a", 1, 1000), item("b", 1, 500, is_on_sale=True)],
        [percent("Ten", "10", excludes_sale=True)],
        off={"a": 100},
        total=1400,
    ),
    Example(
        "not for items on sale, and nothing else there",
        [item("b", 1, 500, is_on_sale=True)],
        [percent("Ten", "10", excludes_sale=True)],
        total=500,
        refused={"Ten": NOTHING},
    ),
    Example(
        "nothing is taken off a gift card",
        [card("g", 5000), item("a", 1, 1000)],
        [percent("Ten", "10", "order")],
        off={"a": 100},
        total=5900,
    ),
    Example(
        "a gift card counts for no minimum",
        [card("g", 5000), item("a", 1, 1000)],
        [percent("Ten", "10", minimum_minor=2000)],
        total=6000,
        refused={"Ten": "Add €10.00 of eligible items to use it."},
    ),
    Example("a gift card alone", [card("g", 5000)], [percent("Ten", "10")], total=5000, refused={"Ten": NOTHING}),
]

TOGETHER = [
    Example(
        "two on different lines",
        [item("a", 1, 1000, 1), item("b", 1, 1000, 2)],
        [percent("Ten", "10", scope=ONE), percent("Twenty", "20", scope=TWO)],
        off={"a": 100, "b": 200},
        total=1700,
    ),
    Example(
        "two on one line",
        TENNER,
        [percent("Ten", "10"), amount("Off", 150)],
        off={"a": 150},
        total=850,
        refused={"Ten": BETTER},
    ),
    Example(
        "the one that saves most takes all its lines",
        [item("a", 1, 1000, 1), item("b", 1, 1000, 2)],
        [percent("Ten", "10"), percent("Fifteen", "15", scope=ONE)],
        off={"a": 100, "b": 100},
        total=1800,
        refused={"Fifteen": BETTER},
    ),
    Example(
        "the one that saves less gets the lines that are left",
        [item("a", 1, 1000, 1), item("b", 1, 1000, 2)],
        [percent("Ten", "10"), percent("Thirty", "30", scope=ONE)],
        off={"a": 300, "b": 100},
        total=1600,
    ),
    Example(
        "a minimum has to be reached by the lines that are left",
        [item("a", 1, 1000, 1), item("b", 1, 1000, 2)],
        [percent("Ten", "10", minimum_minor=1500), percent("Thirty", "30", scope=ONE)],
        off={"a": 300},
        total=1700,
        refused={"Ten": BETTER},
    ),
    Example(
        "a fixed price takes only the lines that it reduces",
        [item("a", 1, 1000), item("b", 1, 500)],
        [fixed("Now", 800), percent("Ten", "10")],
        off={"a": 200, "b": 50},
        total=1250,
    ),
    Example(
        "units bought for a reward are taken too",
        [item("a", 2, 1000, 1), item("b", 1, 900, 2)],
        [buy_get("Set", 2, 1, scope=ONE, reward=TWO), percent("Ten", "10", scope=ONE)],
        off={"b": 900},
        total=2000,
        refused={"Ten": BETTER},
    ),
    Example(
        "of two that save the same the smaller position holds",
        TENNER,
        [percent("Ten", "10", position=2), amount("Off", 100, position=1)],
        off={"a": 100},
        total=900,
        refused={"Ten": BETTER},
    ),
    Example(
        "of two that save the same at one position the older holds",
        TENNER,
        [percent("Ten", "10", "order"), amount("Off", 100, "order")],
        off={"a": 100},
        total=900,
        refused={"Off": BETTER},
    ),
    Example(
        "one holds for the order",
        [item("a", 1, 10000)],
        [percent("Ten", "10", "order"), amount("Off", 1500, "order")],
        off={"a": 1500},
        total=8500,
        refused={"Ten": BETTER},
    ),
    Example(
        "each lane works on what is left",
        [item("a", 1, 10000)],
        [percent("Ten", "10"), percent("Five", "5", "order"), delivery("Free", "percent", "100", minimum_minor=8550)],
        ship=490,
        off={"a": 1450},  # 1000, then 5 percent of 9000
        total=8550,
    ),
    Example(
        "a minimum counts what the lanes before have left",
        [item("a", 1, 5000)],
        [percent("Twenty", "20"), amount("Off", 500, "order", minimum_minor=5000)],
        off={"a": 1000},
        total=4000,
        refused={"Off": "Add €10.00 of eligible items to use it."},
    ),
    Example(
        "a discount is left out that would cost more free delivery than it takes off",
        [item("a", 1, 5000)],
        [amount("Off", 100, "order"), delivery("Free", "percent", "100", minimum_minor=5000)],
        ship=490,
        total=5000,
        refused={"Off": BETTER},
    ),
    Example(
        "free delivery is lost by a discount that takes off more",
        [item("a", 1, 5000)],
        [amount("Off", 1000, "order"), delivery("Free", "percent", "100", minimum_minor=5000)],
        ship=490,
        off={"a": 1000},
        shipping=490,
        total=4490,
        refused={"Free": "Add €10.00 of eligible items to use it."},
    ),
    Example(
        "two promotions go before one that saves more than each of them but less than both",
        [item("a", 1, 10000, 1), item("b", 1, 10000, 2)],
        [percent("A", "30", scope=ONE), percent("B", "30", scope=TWO), amount("Each", 2000)],
        off={"a": 3000, "b": 3000},
        total=14000,
        refused={"Each": BETTER},
    ),
    Example(
        "exclusive wins",
        [item("a", 1, 10000)],
        [percent("Thirty", "30", "order", is_exclusive=True), percent("Ten", "10"), amount("Off", 500, "order")],
        off={"a": 3000},
        total=7000,
        refused={"Ten": THIRTY_WINS, "Off": THIRTY_WINS},
    ),
    Example(
        "exclusive loses against all others together",
        [item("a", 1, 10000)],
        [percent("Only", "14", "order", is_exclusive=True), percent("Ten", "10"), percent("Five", "5", "order")],
        off={"a": 1450},
        total=8550,
        refused={"Only": ALONE},
    ),
    Example(
        "exclusive has to save more, not as much",
        TENNER,
        [percent("Only", "10", is_exclusive=True), amount("Off", 100)],
        off={"a": 100},
        total=900,
        refused={"Only": ALONE},
    ),
    Example(
        "of two exclusive the better one holds",
        TENNER,
        [percent("Ten", "10", is_exclusive=True), percent("Thirty", "30", is_exclusive=True)],
        off={"a": 300},
        total=700,
        refused={"Ten": ALONE},
    ),
    Example(
        "exclusive with nothing to save keeps its own reason",
        TENNER,
        [percent("Only", "50", is_exclusive=True, scope=TWO), fixed("Now", 2000)],
        total=1000,
        refused={"Only": NOTHING, "Now": NO_GAIN},
    ),
]


@table(CONDITIONS)
def test_conditions_by_hand(example):
    example.check()


@table(TOGETHER)
def test_what_holds_together_by_hand(example):
    example.check()


def test_a_discount_names_its_rule_and_code():
    basket = Example("", TENNER, [percent("Ten", "10", needs_code=True, code="TEN")]).basket()
    totals = price(basket)
    assert [(discount.rule_id, discount.name, discount.minor, discount.code) for discount in totals.discounts] == [
        (1, "Ten", 100, "TEN")
    ]
    assert totals.lines[0].discounts == totals.discounts
