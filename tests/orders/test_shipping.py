"""Shipping options: methods, prices and arrival dates."""

from datetime import UTC, date, datetime

import pytest

from catalog.markets import default_market
from orders.customers import Buyer
from orders.delivery.dates import Calendar, Dispatch, leaving_day, ready_day, working_day_after
from orders.delivery.options import ShippingQuery, find_options, options_for_country
from orders.models import ClosingDay, ShippingRate
from orders.rules import ShippingRule
from tests.factories import contents_of, make_cart, make_shipping, make_tax, make_variant, place

ROW = {
    "code": "a",
    "name": "A",
    "kind": "delivery",
    "free_from_minor": None,
    "most_grams": None,
    "handling_days": 0,
    "days_min": 1,
    "days_max": 2,
    "pickup_address": "",
    "position": 0,
    "countries": ("DE",),
    "postcodes": "",
    "from_grams": 0,
    "from_minor": 0,
    "price_minor": 490,
}


def rule_of(**changes):
    return ShippingRule(**{**ROW, **changes})


MONDAY = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)  # ten in the morning in Berlin


def price_for(rows, *, grams=0, goods=0, country="DE", postcode="10115"):
    options = find_options([rule_of(**row) for row in rows], ShippingQuery(country, postcode, grams, goods), MONDAY)
    return [(option.code, option.price_minor) for option in options]


def test_a_flat_rate_is_the_same_for_every_parcel():
    assert price_for([{}], grams=99_000, goods=10**6) == [("a", 490)]


def test_rates_by_weight_hold_from_their_step_on():
    rows = [{"price_minor": 490}, {"from_grams": 2000, "price_minor": 690}, {"from_grams": 10_000, "price_minor": 1290}]
    assert [price_for(rows, grams=grams)[0][1] for grams in (0, 1999, 2000, 9999, 10_000)] == [490, 490, 690, 690, 1290]


def test_rates_by_amount_and_tables_of_both():
    rows = [
        {"price_minor": 900},
        {"from_minor": 5000, "price_minor": 400},
        {"from_grams": 5000, "price_minor": 1900},
        {"from_grams": 5000, "from_minor": 5000, "price_minor": 1400},
    ]
    cases = [(0, 0, 900), (0, 5000, 400), (5000, 0, 1900), (5000, 4999, 1900), (5000, 5000, 1400)]
    assert [price_for(rows, grams=grams, goods=goods)[0][1] for grams, goods, _ in cases] == [x for *_, x in cases]


def test_it_is_free_from_an_amount_on():
    assert [price_for([{"free_from_minor": 6000}], goods=goods)[0][1] for goods in (5999, 6000)] == [490, 0]


def test_a_parcel_that_is_too_heavy_goes_another_way():
    rows = [{"most_grams": 5000}, {"code": "b", "price_minor": 2900}]
    assert price_for(rows, grams=5000) == [("a", 490), ("b", 2900)]
    assert price_for(rows, grams=5001) == [("b", 2900)]


def test_a_zone_of_postcodes_goes_before_its_country():
    rows = [{}, {"postcodes": "18565", "price_minor": 1490}]
    assert price_for(rows, postcode="18565") == [("a", 1490)]
    assert price_for(rows, postcode="10115") == [("a", 490)]
    assert price_for(rows, country="AT") == []


def test_a_part_of_a_country_has_its_own_methods_and_pick_up():
    rows = [{}, {"code": "b", "postcodes": "18565"}, {"code": "shop", "kind": "pickup", "price_minor": 0}]
    assert price_for(rows, postcode="18565") == [("b", 490), ("shop", 0)]
    assert price_for(rows, postcode="10115") == [("a", 490), ("shop", 0)]


def test_pick_up_is_the_last_option_and_shows_its_address():
    rows = [{"code": "shop", "kind": "pickup", "price_minor": 0, "pickup_address": "Example Street 1"}, {}]
    options = find_options([rule_of(**row) for row in rows], ShippingQuery("DE", "", 0, 0), MONDAY)
    assert [option.code for option in options] == ["a", "shop"]
    assert (options[1].pickup_address, options[1].dates) == ("Example Street 1", "Ready from Mon 1 June")


@pytest.mark.parametrize(
    ("at", "closing", "leaves"),
    [
        (datetime(2026, 6, 1, 9, 59, tzinfo=UTC), (), date(2026, 6, 1)),  # 11:59 in Berlin
        (datetime(2026, 6, 1, 10, 0, tzinfo=UTC), (), date(2026, 6, 2)),  # 12:00
        (datetime(2026, 6, 5, 10, 0, tzinfo=UTC), (), date(2026, 6, 8)),  # Friday afternoon
        (datetime(2026, 6, 6, 8, 0, tzinfo=UTC), (), date(2026, 6, 8)),  # Saturday
        (datetime(2026, 6, 1, 8, 0, tzinfo=UTC), {date(2026, 6, 1)}, date(2026, 6, 2)),
        (datetime(2026, 6, 5, 10, 0, tzinfo=UTC), {date(2026, 6, 8), date(2026, 6, 9)}, date(2026, 6, 10)),
        (datetime(2026, 12, 31, 22, 30, tzinfo=UTC), {date(2027, 1, 1)}, date(2027, 1, 4)),
    ],
)
def test_what_is_ordered_leaves_by_cut_off_weekends_and_closing_days(at, closing, leaves):
    calendar = Calendar(closed_here=frozenset(closing))
    assert leaving_day(ready_day(at, calendar), calendar, Dispatch()) == leaves


def test_handling_days_come_before_the_days_on_the_way_and_closing_days_count_in_neither():
    rows = [rule_of(handling_days=2, days_min=1, days_max=3)]
    closed = frozenset({date(2026, 6, 4)})
    option = find_options(
        rows, ShippingQuery("DE", "", 0, 0), MONDAY, Calendar(closed_here=closed, closed_there=closed)
    )[0]
    assert (option.earliest, option.latest) == (date(2026, 6, 5), date(2026, 6, 9))
    assert option.dates == "Fri 5 – Tue 9 June"


def test_no_working_day_is_the_day_itself():
    assert working_day_after(date(2026, 6, 1), 0) == date(2026, 6, 1)


@pytest.mark.django_db
def test_the_promise_on_a_page_knows_closing_days():
    make_shipping(days_min=1, days_max=1)
    ClosingDay.objects.create(day=date(2026, 6, 2))
    option = options_for_country("DE", default_market(), 0, at=MONDAY)[0]
    assert option.latest == date(2026, 6, 3)


@pytest.mark.django_db
def test_the_cart_weighs_what_is_sent_and_asks_for_the_postcode():
    make_tax()
    method = make_shipping(490, free_from_minor=None)
    ShippingRate.objects.create(method=method, zone=method.rates.get().zone, from_grams=1000, price_minor=990)
    make_shipping(1990, "islands", postcodes="18565", free_from_minor=None)
    cart = make_cart(make_variant(2400, grams=400), make_variant(900, grams=300), quantity=2)
    assert contents_of(cart).totals.shipping_minor == 990
    codes = [option.code for option in contents_of(cart, Buyer("DE", postcode="18565")).options]
    assert codes == ["islands"]
    assert [option.code for option in contents_of(cart).options] == ["standard"]


@pytest.mark.django_db
def test_an_order_keeps_its_days_and_a_picked_up_one_needs_no_address():
    make_tax()
    make_shipping(0, "shop", kind="pickup", pickup_address="Example Street 1")
    order = place(make_cart(make_variant()), shipping_code="shop", line1="", postcode="", city="")
    assert (order.is_pickup, order.has_address, order.shipping_minor) == (True, False, 0)
    assert order.arrives_from == order.arrives_until
