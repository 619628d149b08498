"""The discount of each kind of promotion, calculated by hand from decision 0014."""

from orders.pricing import Scope
from tests.orders.worked import (
    NO_GAIN,
    NOTHING,
    UNREACHED,
    Example,
    amount,
    buy_get,
    fixed,
    item,
    multibuy,
    percent,
    table,
    tier,
    tiered,
)

ONE, TWO, TWO_OR_THREE = Scope(products=(1,)), Scope(products=(2,)), Scope(products=(2, 3))
PENNIES = [item(f"p{number}", 1, 1) for number in range(1000)]
DIMES = [item(f"p{number}", 1, 10) for number in range(1000)]
STEPS = (tier("5", units=3), tier("10", units=10))
SUMS = (tier(minor=500, above=5000), tier(minor=1500, above=10000))

PERCENT_AND_AMOUNT = [
    Example("two of one thing", [item("a", 2, 1500)], total=3000),
    Example("an empty cart", [], [percent("Ten", "10")], total=0, refused={"Ten": NOTHING}),
    Example(
        "a percentage of a line is rounded once, not for each unit",
        [item("a", 3, 67)],
        [percent("Half", "50")],
        off={"a": 101},  # 100.5; unit by unit it would be 102
        total=100,
    ),
    Example("three at 0.335, rounded up to euro cents", [item("a", 3, 34)], total=102),
    Example("12.5 percent", [item("a", 1, 1000)], [percent("Eighth", "12.5")], off={"a": 125}, total=875),
    Example(
        "in the product lane each line is rounded",
        [item("a", 1, 25), item("b", 1, 25), item("c", 1, 25)],
        [percent("Ten", "10")],
        off={"a": 3, "b": 3, "c": 3},  # 2.5 each
        total=66,
    ),
    Example(
        "in the order lane the sum is rounded",
        [item("a", 1, 25), item("b", 1, 25), item("c", 1, 25)],
        [percent("Ten", "10", "order")],
        off={"a": 3, "b": 3, "c": 2},  # 7.5 is 8; 2.67 each, the earlier two get the rest
        total=67,
    ),
    Example(
        "7 percent of a thousand lines of one cent each is nothing line by line",
        PENNIES,
        [percent("Seven", "7")],
        total=1000,
        refused={"Seven": NO_GAIN},
    ),
    Example(
        "7 percent of a thousand lines of one cent is 70 cents in the order lane",
        PENNIES,
        [percent("Seven", "7", "order")],
        off={f"p{number}": 1 for number in range(70)},
        total=930,
    ),
    Example(
        "7 percent of a thousand lines of ten cents is a cent on each line",
        DIMES,
        [percent("Seven", "7")],
        off={f"p{number}": 1 for number in range(1000)},
        total=9000,
    ),
    Example(
        "7 percent of a thousand lines of ten cents is 7 euros in the order lane",
        DIMES,
        [percent("Seven", "7", "order")],
        off={f"p{number}": 1 for number in range(700)},
        total=9300,
    ),
    Example(
        "100 percent leaves the delivery to pay",
        [item("a", 2, 999), item("b", 1, 1)],
        [percent("All", "100", "order", needs_code=True, code="ALL")],
        ship=500,
        off={"a": 1998, "b": 1},
        shipping=500,
        total=500,
    ),
    Example(
        "an amount is shared by the largest remainder",
        [item("a", 1, 300), item("b", 1, 200), item("c", 1, 100)],
        [amount("Off", 100, "order")],
        off={"a": 50, "b": 33, "c": 17},
        total=500,
    ),
    Example(
        "of three equal remainders the earliest line gets the last cent",
        [item("a", 1, 500), item("b", 1, 500), item("c", 1, 500)],
        [amount("Off", 100, "order")],
        off={"a": 34, "b": 33, "c": 33},
        total=1400,
    ),
    Example(
        "two cents over three equal lines",
        [item("a", 1, 500), item("b", 1, 500), item("c", 1, 500)],
        [amount("Off", 2, "order")],
        off={"a": 1, "b": 1},
        total=1498,
    ),
    Example("an amount off each unit", [item("a", 3, 1000)], [amount("Off", 150)], off={"a": 450}, total=2550),
    Example(
        "an amount off the order is off once",
        [item("a", 3, 1000)],
        [amount("Off", 150, "order")],
        off={"a": 150},
        total=2850,
    ),
    Example(
        "an amount off each unit is never more than the unit",
        [item("a", 2, 300), item("b", 1, 800)],
        [amount("Off", 500)],
        off={"a": 600, "b": 500},
        total=300,
    ),
    Example(
        "an amount off the order larger than the goods leaves the delivery",
        [item("a", 1, 1200), item("b", 1, 800)],
        [amount("Off", 5000, "order")],
        ship=490,
        off={"a": 1200, "b": 800},
        shipping=490,
        total=490,
    ),
    Example(
        "an amount off the order is taken off its own products only",
        [item("a", 1, 1000, 1), item("b", 1, 1000, 2)],
        [amount("Off", 1500, "order", scope=TWO)],
        off={"b": 1000},
        total=1000,
    ),
    Example(
        "a fixed price for each unit",
        [item("a", 2, 999), item("b", 1, 500)],
        [fixed("Now", 799)],
        off={"a": 400},
        total=2098,
    ),
    Example(
        "a fixed price above the price", [item("a", 1, 999)], [fixed("Now", 1500)], total=999, refused={"Now": NO_GAIN}
    ),
    Example("a fixed price of nothing", [item("a", 2, 999)], [fixed("Now", 0)], off={"a": 1998}, total=0),
    Example("free goods cannot be cheaper", [item("a", 2, 0)], [percent("Ten", "10")], refused={"Ten": NO_GAIN}),
]

BUY_SOME = [
    Example(
        "buy 2 get 1 with 2", [item("a", 2, 500)], [buy_get("3for2", 2, 1)], total=1000, refused={"3for2": NO_GAIN}
    ),
    Example("buy 2 get 1 with 3", [item("a", 3, 500)], [buy_get("3for2", 2, 1)], off={"a": 500}, total=1000),
    Example("buy 2 get 1 with 5", [item("a", 5, 500)], [buy_get("3for2", 2, 1)], off={"a": 500}, total=2000),
    Example("buy 2 get 1 with 6", [item("a", 6, 500)], [buy_get("3for2", 2, 1)], off={"a": 1000}, total=2000),
    Example(
        "buy 2 get 1, the cheapest is free",
        [item("a", 2, 1000), item("b", 1, 400)],
        [buy_get("3for2", 2, 1)],
        off={"b": 400},
        total=2000,
    ),
    Example(
        "buy 2 get 1 twice, the two cheapest are free",
        [item("a", 3, 1000), item("b", 3, 400)],
        [buy_get("3for2", 2, 1)],
        off={"b": 800},
        total=3400,
    ),
    Example(
        "buy 2 get 1, the cheapest come from two lines",
        [item("a", 1, 300), item("b", 4, 1000), item("c", 1, 200)],
        [buy_get("3for2", 2, 1)],
        off={"a": 300, "c": 200},
        total=4000,
    ),
    Example(
        "buy 1 get 1 at half the price is rounded once for the line",
        [item("a", 6, 333)],
        [buy_get("Half", 1, 1, "50")],
        off={"a": 500},  # three reduced: 999 / 2 = 499.5; unit by unit it would be 501
        total=1498,
    ),
    Example(
        "buy 2 of one get 1 of another",
        [item("a", 4, 1000, 1), item("b", 3, 300, 2)],
        [buy_get("Set", 2, 1, scope=ONE, reward=TWO)],
        off={"b": 600},
        total=4300,
    ),
    Example(
        "buy 2 of one get 1 of another, with fewer of those than earned",
        [item("a", 4, 1000, 1), item("b", 1, 300, 2)],
        [buy_get("Set", 2, 1, scope=ONE, reward=TWO)],
        off={"b": 300},
        total=4000,
    ),
    Example(
        "buy 2 of one get the cheapest of the named",
        [item("a", 2, 1000, 1), item("b", 1, 300, 2), item("c", 1, 200, 3), item("d", 1, 100, 4)],
        [buy_get("Set", 2, 1, scope=ONE, reward=TWO_OR_THREE)],
        off={"c": 200},
        total=2400,
    ),
    Example(
        "buy 2 of one get 1 of another that is not in the cart",
        [item("a", 3, 1000, 1)],
        [buy_get("Set", 2, 1, scope=ONE, reward=TWO)],
        total=3000,
        refused={"Set": NO_GAIN},
    ),
    Example(
        "the reward costs what it is reduced to",
        [item("a", 2, 1000, 1), item("b", 1, 333, 2)],
        [buy_get("Set", 2, 1, "50", scope=ONE, reward=TWO)],
        off={"b": 167},  # 166.5
        total=2166,
    ),
    Example(
        "buy 2 get 1 at most once",
        [item("a", 9, 500)],
        [buy_get("3for2", 2, 1, most_times=1)],
        off={"a": 500},
        total=4000,
    ),
]

UNFINISHED = [  # saved by staff before the numbers were filled in
    Example("buy none get none", [item("a", 3, 500)], [buy_get("None", 0, 0)], total=1500, refused={"None": NO_GAIN}),
    Example("buy none get one", [item("a", 3, 500)], [buy_get("None", 0, 1)], total=1500, refused={"None": NO_GAIN}),
    Example(
        "buy none of one get one of another",
        [item("a", 3, 500, 1), item("b", 1, 300, 2)],
        [buy_get("None", 0, 1, scope=ONE, reward=TWO)],
        total=1800,
        refused={"None": NO_GAIN},
    ),
    Example(
        "none for 10 euros", [item("a", 3, 500)], [multibuy("None", 0, 100)], total=1500, refused={"None": NO_GAIN}
    ),
    Example("no tiers", [item("a", 3, 500)], [tiered("None")], total=1500, refused={"None": UNREACHED}),
]

SEVERAL = [
    Example("3 for 10 euros", [item("a", 3, 400)], [multibuy("Three", 3, 1000)], off={"a": 200}, total=1000),
    Example("3 for 10 euros with 7", [item("a", 7, 400)], [multibuy("Three", 3, 1000)], off={"a": 400}, total=2400),
    Example(
        "3 for 10 euros at most once",
        [item("a", 7, 400)],
        [multibuy("Three", 3, 1000, most_times=1)],
        off={"a": 200},
        total=2600,
    ),
    Example(
        "3 for 10 euros groups the dearest",
        [item("b", 2, 300), item("a", 2, 600)],
        [multibuy("Three", 3, 1000)],
        off={"a": 400, "b": 100},  # 600 + 600 + 300, less 500 in these parts
        total=1300,
    ),
    Example(
        "3 for 10 euros leaves a cheap group alone",
        [item("a", 3, 600), item("b", 3, 200)],
        [multibuy("Three", 3, 1000)],
        off={"a": 800},
        total=1600,
    ),
    Example("3 for 10 euros from 10.02", [item("a", 3, 334)], [multibuy("Three", 3, 1000)], off={"a": 2}, total=1000),
    Example(
        "3 for 10 euros with 2",
        [item("a", 2, 900)],
        [multibuy("Three", 3, 1000)],
        total=1800,
        refused={"Three": NO_GAIN},
    ),
    Example(
        "tiers below the first", [item("a", 2, 1000)], [tiered("More", *STEPS)], total=2000, refused={"More": UNREACHED}
    ),
    Example("tiers from 3", [item("a", 3, 1000)], [tiered("More", *STEPS)], off={"a": 150}, total=2850),
    Example("tiers from 10", [item("a", 10, 1000)], [tiered("More", *STEPS)], off={"a": 1000}, total=9000),
    Example(
        "tiers count all lines that take part",
        [item("a", 2, 1000), item("b", 1, 500)],
        [tiered("More", *STEPS)],
        off={"a": 100, "b": 25},
        total=2375,
    ),
    Example(
        "tiers by amount, the first",
        [item("a", 6, 1000)],
        [tiered("More", *SUMS, lane="order")],
        off={"a": 500},
        total=5500,
    ),
    Example(
        "tiers by amount, the second",
        [item("a", 10, 1000)],
        [tiered("More", *SUMS, lane="order")],
        off={"a": 1500},
        total=8500,
    ),
    Example(
        "a tier needs both its quantity and its amount",
        [item("a", 6, 1000)],
        [tiered("More", tier("5", units=2), tier("10", units=5, above=10000))],
        off={"a": 300},
        total=5700,
    ),
    Example(
        "a tier's amount is off each unit",
        [item("a", 3, 1000)],
        [tiered("More", tier(minor=100, units=2))],
        off={"a": 300},
        total=2700,
    ),
]


@table(PERCENT_AND_AMOUNT)
def test_percent_and_amount_off_by_hand(example):
    example.check()


@table([*BUY_SOME, *UNFINISHED])
def test_buy_some_get_some_by_hand(example):
    example.check()


@table(SEVERAL)
def test_several_for_one_price_and_tiers_by_hand(example):
    example.check()
