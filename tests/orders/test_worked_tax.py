"""Tax and rounding, worked by hand from decision 0005."""

from decimal import Decimal

from orders.pricing import Rate, Treatment, price, share_of_units
from tests.orders.worked import TAXED, Example, card, item, percent, table

INCLUDED = {"rates": TAXED}
ON_TOP = {"rates": TAXED, "is_tax_included": False}
EXPORT = {"treatment": Treatment.EXPORT, "home_rates": TAXED}
REVERSE = {"treatment": Treatment.REVERSE_CHARGE, "rates": TAXED, "home_rates": TAXED}
DINARS = {"currency": "KWD"}
UNTAXED_DELIVERY = (Rate("standard", Decimal(20), 1, taxes_delivery=False),)
ALL = [percent("All", "100", "order")]

TAX = [
    Example("tax included", [item("a", 1, 1000)], where=INCLUDED, tax=167, total=1000, taxes={"a": 167}),  # 166.67
    Example("tax on top", [item("a", 1, 1000)], where=ON_TOP, tax=200, total=1200, taxes={"a": 200}),
    Example(
        "tax is on what is left after a discount",
        [item("a", 1, 1000)],
        [percent("Ten", "10")],
        where=ON_TOP,
        off={"a": 100},
        tax=180,
        total=1080,
        taxes={"a": 180},
    ),
    Example("a rate of zero", [item("a", 1, 1000, tax_class="zero")], where=ON_TOP, total=1000),
    Example("not taxed", [item("a", 1, 1000, tax_class="")], where=ON_TOP, total=1000),
    Example(
        "a class without a rate of its own bears the standard one",
        [item("a", 1, 100, tax_class="luxury")],
        where=ON_TOP,
        tax=20,
        total=120,
        taxes={"a": 20},
    ),
    Example(
        "two rates share the delivery, tax included",
        [item("a", 1, 1200), item("b", 1, 600, tax_class="reduced")],
        where=INCLUDED,
        ship=300,  # 200 and 100: 1400 × 20 / 120 = 233.33, 700 × 10 / 110 = 63.64
        shipping=300,
        tax=297,
        total=2100,
        taxes={"a": 200, "b": 55},  # 233 over 1200 and 200, 64 over 600 and 100
    ),
    Example(
        "two rates share the delivery, tax on top, the earlier gets the odd cent",
        [item("a", 1, 1000), item("b", 1, 1000, tax_class="reduced")],
        where=ON_TOP,
        ship=501,  # 251 and 250: 250.2 and 125
        shipping=501,
        tax=375,
        total=2876,
        taxes={"a": 200, "b": 100},  # 250 over 1000 and 251: 199.84 and 50.16
    ),
    Example(
        "delivery is shared by what is left to pay",
        [item("a", 1, 1000), item("b", 1, 1000, 2, tax_class="zero")],
        [percent("Half", "50", "order")],
        where=ON_TOP,
        ship=400,
        off={"a": 500, "b": 500},
        shipping=400,
        tax=140,  # 20 percent of 500 and 200
        total=1540,
        taxes={"a": 100},
    ),
    Example(
        "delivery that is not taxed",
        [item("a", 1, 1000)],
        where={"rates": UNTAXED_DELIVERY, "is_tax_included": False},
        ship=500,
        shipping=500,
        tax=200,
        total=1700,
        taxes={"a": 200},
    ),
    Example(
        "delivery bears the standard rate without goods to pay, tax included",
        [item("a", 1, 1000, tax_class="reduced")],
        ALL,
        where=INCLUDED,
        ship=500,
        off={"a": 1000},
        shipping=500,
        tax=83,
        total=500,
    ),
    Example(
        "delivery bears the standard rate without goods to pay, tax on top",
        [item("a", 1, 0, tax_class="reduced")],
        where=ON_TOP,
        ship=500,
        shipping=500,
        tax=100,
        total=600,
    ),
    Example(
        "two classes of one rate are taxed together",
        [item("a", 1, 5, tax_class="reduced"), item("b", 1, 5, tax_class="books")],
        where={"rates": (*TAXED, Rate("books", Decimal(10), 5)), "is_tax_included": False},
        tax=1,  # of 10; of 5 and 5 it would be 2
        total=11,
        taxes={"a": 1},
    ),
    Example(
        "the tax of three equal lines",
        [item("a", 1, 100), item("b", 1, 100), item("c", 1, 100)],
        where={"rates": (Rate("standard", Decimal(19)),)},
        tax=48,  # 47.90
        total=300,
        taxes={"a": 16, "b": 16, "c": 16},
    ),
    Example(
        "a gift card bears no tax",
        [card("g", 5000), item("a", 1, 1000)],
        where=ON_TOP,
        tax=200,
        total=6200,
        taxes={"a": 200},
    ),
    Example(
        "a gift card is no goods, so it bears no part of the delivery",
        [card("g", 9000), item("a", 1, 1000)],
        where=INCLUDED,
        ship=600,
        shipping=600,
        tax=267,  # 1600 × 20 / 120 = 266.67
        total=10600,
        taxes={"a": 167},
    ),
    Example(
        "yen with tax included",
        [item("a", 3, 333)],
        [percent("Ten", "10")],
        where={"currency": "JPY", "rates": (Rate("standard", Decimal(10)),)},
        off={"a": 100},
        tax=82,
        total=899,
        taxes={"a": 82},
    ),
]

ABROAD = [
    Example(
        "an export loses the tax of each unit", [item("a", 3, 1199)], where=EXPORT, ship=500, shipping=417, total=3414
    ),
    Example("an export rounds half a unit up", [item("a", 2, 3)], where=EXPORT, total=6),  # 2.5
    Example(
        "an export at displayed prices without tax",
        [item("a", 3, 1000)],
        where=EXPORT | {"is_tax_included": False},
        ship=500,
        shipping=500,
        total=3500,
    ),
    Example(
        "reverse charge with three rates",
        [item("a", 1, 1200), item("b", 2, 1100, tax_class="reduced"), item("c", 1, 500, tax_class="zero")],
        where=REVERSE,
        ship=600,
        shipping=500,
        total=4000,
    ),
    Example(
        "reverse charge and a discount on the net price",
        [item("a", 1, 1200)],
        [percent("Ten", "10")],
        where=REVERSE,
        off={"a": 100},
        total=900,
    ),
    Example("an exported gift card keeps its value", [card("g", 5000)], where=EXPORT, total=5000),
    Example(
        "delivery that bears no tax at home loses none",
        [item("a", 1, 1200)],
        where={"treatment": Treatment.EXPORT, "home_rates": UNTAXED_DELIVERY},
        ship=600,
        shipping=600,
        total=1600,
    ),
]

STEPS_OF_TEN = [
    Example("three at 0.335 dinars", [item("a", 3, 335)], where=DINARS, off={"a": 5}, total=1000),
    Example("a whole step", [item("a", 2, 335)], where=DINARS, total=670),
    Example(
        "the line with most to pay is rounded",
        [item("a", 1, 1003), item("b", 1, 2004)],
        where=DINARS,
        off={"b": 7},
        total=3000,
    ),
    Example(
        "of two with most to pay the earlier is rounded",
        [item("a", 1, 1003), item("b", 1, 1003)],
        where=DINARS,
        off={"a": 6},
        total=2000,
    ),
    Example(
        "rounded with tax on top",
        [item("a", 1, 1001)],
        where=DINARS | {"rates": (Rate("standard", Decimal(5)),), "is_tax_included": False},
        off={"a": 1},  # 1001 + 50 = 1051
        tax=50,
        total=1050,
        taxes={"a": 50},
    ),
    Example(
        "an included tax is in what is left after rounding",
        [item("a", 1, 1009)],
        where=DINARS | {"rates": (Rate("standard", Decimal(10)),)},
        off={"a": 9},
        tax=91,  # of 1000; of 1009 it would be 92
        total=1000,
        taxes={"a": 91},
    ),
    Example(
        "only the delivery is left to round",
        [item("a", 1, 1000)],
        ALL,
        where=DINARS,
        ship=1005,
        off={"a": 1000},
        shipping=1000,
        total=1000,
    ),
    Example("a gift card is never rounded", [card("g", 5000)], where=DINARS, ship=1007, shipping=1000, total=6000),
    Example("a line too small to bear it", [item("a", 1, 3)], where=DINARS, ship=1004, shipping=997, total=1000),
    Example(
        "no line alone can bear it, and there is no delivery",
        [item(key, 1, 4) for key in "abcdefg"],
        where=DINARS,
        off={"a": 2, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1},  # 8 of 28
        total=20,
    ),
    Example(
        "lines and delivery bear it together",
        [item("a", 1, 4), item("b", 1, 4)],
        where=DINARS,
        ship=1,
        off={"a": 4, "b": 4},
        total=0,
    ),
    Example(
        "less than a step is nothing, and bears no tax",
        [item("a", 1, 7)],
        where=DINARS | ON_TOP,
        off={"a": 7},
        total=0,
    ),
]


@table(TAX)
def test_tax_by_hand(example):
    example.check()


@table(ABROAD)
def test_orders_without_tax_by_hand(example):
    example.check()


@table(STEPS_OF_TEN)
def test_three_decimals_by_hand(example):
    example.check()


def test_the_taxes_of_an_invoice_are_listed_by_rate_with_their_base():
    lines = [item("a", 1, 1200), item("b", 1, 600, tax_class="reduced"), item("c", 1, 100, tax_class="zero")]
    taxes = price(Example("", lines, where=INCLUDED).basket()).taxes
    assert [(tax.percent, tax.base_minor, tax.tax_minor) for tax in taxes] == [(20, 1000, 200), (10, 545, 55)]


def test_the_rounding_is_a_discount_like_any_other():
    of_line = price(Example("", [item("a", 3, 335)], where=DINARS).basket())
    of_delivery = price(Example("", [card("g", 5000)], where=DINARS, ship=1007).basket())
    assert [(discount.rule_id, discount.name, discount.minor) for discount in of_line.discounts] == [(0, "Rounding", 5)]
    assert [(discount.rule_id, discount.name, discount.minor) for discount in of_delivery.discounts] == [
        (0, "Rounding", 7)
    ]


def test_units_that_go_back_one_by_one_give_back_the_whole_line():
    assert [share_of_units(1000, 3, before=before, count=1) for before in range(3)] == [333, 333, 334]
    assert share_of_units(1000, 3, before=1, count=2) == 667
