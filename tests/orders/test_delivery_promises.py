"""When orders leave and arrive: dispatch weekdays, closing days at both ends, and backorders."""

import re
from datetime import UTC, date, datetime
from email import message_from_bytes, policy

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from catalog.inventory import receive, set_backorders
from catalog.inventory.availability import StockRow, Supply, supply_of
from catalog.markets import default_market
from catalog.models import Page, Product, Stock, Store, Variant
from catalog.models.weekdays import weekday_names
from catalog.prices import set_price
from catalog.products.page import product_for_page, product_page
from catalog.products.promises import dispatch_promise, return_promise, return_terms
from catalog.store_texts import placeholder_values
from orders.delivery.closing_days import extend_public_holidays, seed_public_holidays
from orders.delivery.dates import Calendar, Dispatch, leaving_day, ready_day
from orders.delivery.options import ANY_DAY, ShippingQuery, find_options, options_for_country
from orders.emails import send_confirmation
from orders.models import ClosingDay
from shop.models import Mail
from tests.factories import (
    contents_of,
    make_cart,
    make_location,
    make_options,
    make_shipping,
    make_tax,
    make_variant,
    place,
)
from tests.orders.test_order_mails import forms_of
from tests.orders.test_shipping import MONDAY, rule_of
from tests.reading import find_all, rows_of, text_of

TODAY = date(2026, 6, 1)
MONDAYS_AND_TUESDAYS = (0, 1)
FRIDAY = datetime(2026, 6, 5, 8, 0, tzinfo=UTC)


def option_of(*dispatches, at=MONDAY, calendar=ANY_DAY, **row):
    return find_options([rule_of(**row)], ShippingQuery("DE", "", 0, 0, dispatches or (Dispatch(),)), at, calendar)[0]


@pytest.mark.parametrize(
    ("weekdays", "ready", "leaves"),
    [
        (MONDAYS_AND_TUESDAYS, date(2026, 6, 2), date(2026, 6, 2)),
        (MONDAYS_AND_TUESDAYS, date(2026, 6, 3), date(2026, 6, 8)),
        ((5,), date(2026, 6, 1), date(2026, 6, 6)),
        ((), date(2026, 6, 6), date(2026, 6, 8)),
    ],
)
def test_a_product_leaves_on_its_own_dispatch_days_or_on_those_of_the_shop(weekdays, ready, leaves):
    assert leaving_day(ready, Calendar(), Dispatch(weekdays)) == leaves


def test_nothing_leaves_on_a_day_off_even_if_it_is_a_dispatch_day():
    calendar = Calendar(closed_here=frozenset({date(2026, 6, 8)}))
    assert leaving_day(date(2026, 6, 3), calendar, Dispatch((0,))) == date(2026, 6, 15)


def test_a_shop_that_dispatches_on_saturdays_works_on_saturdays():
    saturday = datetime(2026, 6, 6, 8, 0, tzinfo=UTC)
    assert ready_day(saturday, Calendar((0, 1, 2, 3, 4, 5))) == date(2026, 6, 6)
    assert ready_day(saturday, Calendar()) == date(2026, 6, 8)


def test_an_order_is_as_late_as_its_latest_line():
    plant, mug = Dispatch(MONDAYS_AND_TUESDAYS), Dispatch()
    assert option_of(mug, at=FRIDAY).leaves == date(2026, 6, 5)
    option = option_of(mug, plant, at=FRIDAY)
    assert (option.leaves, option.earliest, option.latest) == (date(2026, 6, 8), date(2026, 6, 9), date(2026, 6, 10))


def test_a_line_on_order_leaves_when_it_is_expected_and_then_on_a_dispatch_day():
    assert option_of(Dispatch(expected_on=date(2026, 7, 4))).leaves == date(2026, 7, 6)
    assert option_of(Dispatch(expected_on=date(2026, 5, 1))).leaves == TODAY


def test_a_line_on_order_without_a_date_promises_no_day():
    option = option_of(Dispatch(), Dispatch(has_date=False))
    assert (option.earliest, option.latest, option.dates) == (None, None, "We will e-mail you when we know the date")


def test_pick_up_is_ready_on_a_day_on_which_the_shop_is_open_whenever_parcels_leave():
    shop = {"kind": "pickup", "pickup_address": "Here"}
    assert option_of(Dispatch(MONDAYS_AND_TUESDAYS), at=FRIDAY, **shop).dates == "Ready from Fri 5 June"
    assert option_of(Dispatch(expected_on=date(2026, 6, 13)), **shop).dates == "Ready from Mon 15 June"


def test_days_off_here_delay_the_dispatch_and_days_off_there_the_arrival():
    closed = frozenset({date(2026, 6, 2)})
    assert option_of(calendar=Calendar(closed_here=closed)).dates == "Tue 2 – Wed 3 June"
    assert option_of(calendar=Calendar(closed_there=closed)).dates == "Wed 3 – Thu 4 June"
    after = {"at": datetime(2026, 6, 1, 12, 0, tzinfo=UTC)}
    assert option_of(calendar=Calendar(closed_here=closed), **after).leaves == date(2026, 6, 3)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ([0, 1], "Mondays and Tuesdays"),
        ([0, 1, 2, 3, 4], "Monday to Friday"),
        ([4], "Fridays"),
        ([0, 2, 4], "Mondays, Wednesdays and Fridays"),
    ],
)
def test_weekdays_read_as_in_a_sentence(days, words):
    assert weekday_names(days) == words


def test_a_product_with_the_usual_dispatch_days_has_no_dispatch_sentence():
    assert dispatch_promise([0, 1, 2, 3, 4]) == ""
    assert dispatch_promise([1, 0]) == "It leaves us on Mondays and Tuesdays only"


@pytest.mark.parametrize(
    ("rows", "supply"),
    [
        ([], Supply(0)),
        ([StockRow(3)], Supply(3)),
        ([StockRow(-2)], Supply(0)),
        ([StockRow(-2, 5, date(2026, 7, 1))], Supply(0, ((date(2026, 7, 1), 3),))),
        ([StockRow(2, 5, date(2026, 7, 1))], Supply(2, ((date(2026, 7, 1), 5),))),
        ([StockRow(0, 5, date(2026, 5, 1))], Supply(0, ((None, 5),))),
        (
            [StockRow(0, 2), StockRow(0, 4, date(2026, 8, 1)), StockRow(1, 1, date(2026, 7, 1))],
            Supply(1, ((date(2026, 7, 1), 1), (date(2026, 8, 1), 4), (None, 2))),
        ),
    ],
)
def test_supply_combines_stock_and_backorders_with_their_dates(rows, supply):
    assert supply_of(rows, TODAY) == supply


def test_the_units_that_are_missing_decide_the_day():
    supply = Supply(1, ((date(2026, 7, 1), 1), (date(2026, 8, 1), 4), (None, 2)))
    days = [supply.expected_on(quantity) for quantity in (1, 2, 3, 6, 7)]
    assert days == [None, date(2026, 7, 1), date(2026, 8, 1), date(2026, 8, 1), None]
    assert [supply.is_backordered(quantity) for quantity in (1, 2, 8)] == [False, True, True]
    assert supply.available == 8


def backordered(day: date | None, on_hand: int = 1, **fields):
    variant = make_variant(on_hand=on_hand, **fields)
    stock = Stock.objects.get_or_create(variant=variant, location=make_location())[0]
    set_backorders(stock, limit=5, date=day)
    return variant


@pytest.mark.django_db
def test_the_days_of_a_backordered_line_reach_cart_checkout_and_order():
    make_tax()
    make_shipping(days_min=1, days_max=1)
    day = date(2040, 5, 1)  # a Tuesday
    cart = make_cart(backordered(day), make_variant(), quantity=2)
    contents = contents_of(cart)
    assert [item.backorder_promise for item in contents.lines] == ["On order: sent from 1 May 2040", ""]
    assert contents.chosen.latest == date(2040, 5, 2)
    order = place(cart)
    lines = [(line.is_backordered, line.expected_on) for line in order.lines.all()]
    assert (lines, order.arrives_until) == ([(True, day), (False, None)], date(2040, 5, 2))
    assert order.lines.first().backorder_promise == "On order: sent from 1 May 2040"


@pytest.mark.django_db
def test_a_backordered_line_without_a_date_leaves_the_order_without_one():
    make_tax()
    make_shipping()
    order = place(make_cart(backordered(None), quantity=2))
    assert (order.arrives_from, order.arrives_until) == (None, None)
    assert order.lines.get().backorder_promise == "On order: we will e-mail you when it can be sent"


@pytest.mark.django_db
def test_orders_keep_how_long_each_line_can_be_returned():
    Store.objects.create(pk=1, return_days=20)
    make_tax()
    make_shipping()
    plant, lamp, mug = make_variant(), make_variant(), make_variant()
    Product.objects.filter(pk=plant.product_id).update(is_returnable=False)
    Product.objects.filter(pk=lamp.product_id).update(return_days=60)
    order = place(make_cart(plant, lamp, mug))
    assert [line.return_days for line in order.lines.all()] == [0, 60, 20]
    assert [return_promise(days) for days in (0, 1, 20)] == [
        "It cannot be returned unless it is faulty",
        "Return it within 1 day",
        "Return it within 20 days",
    ]


@pytest.mark.django_db
def test_cart_and_pages_read_the_weekdays_of_shop_and_product():
    Store.objects.create(pk=1, dispatch_days=[3])
    make_tax()
    make_shipping(days_min=0, days_max=0)
    variant = make_variant()
    assert options_for_country("DE", default_market(), 0)[0].latest.weekday() == 3
    assert contents_of(make_cart(variant)).chosen.latest.weekday() == 3
    Product.objects.filter(pk=variant.product_id).update(dispatch_days=[1])
    assert contents_of(make_cart(variant)).chosen.latest.weekday() == 1


@pytest.mark.django_db
def test_public_holidays_of_a_country_are_seeded_once_and_extended_by_the_job():
    year = timezone.localdate().year
    assert seed_public_holidays("DE", [year]) == 9
    assert seed_public_holidays("DE", [year]) == 0
    assert seed_public_holidays("ZZ") == 0
    ClosingDay.objects.filter(country="DE", day=date(year, 12, 25)).delete()
    ClosingDay.objects.create(day=date(year + 5, 1, 2), name="Stocktake")
    assert extend_public_holidays() == 9
    assert extend_public_holidays() == 0
    assert not ClosingDay.objects.filter(day=date(year, 12, 25)).exists()  # what staff deleted stays deleted


@pytest.mark.django_db
def test_nothing_is_promised_for_the_25th_of_december():
    call_command("seed_holidays", "DE", "AT", years=[2026], verbosity=0)
    make_shipping(days_min=2, days_max=2)
    at = datetime(2026, 12, 23, 8, 0, tzinfo=UTC)
    assert options_for_country("DE", default_market(), 0, at=at)[0].latest == date(2026, 12, 28)
    late = datetime(2026, 12, 23, 15, 0, tzinfo=UTC)
    option = options_for_country("DE", default_market(), 0, at=late)[0]
    assert (option.leaves, option.latest) == (date(2026, 12, 24), date(2026, 12, 29))
    assert options_for_country("BE", default_market(), 0, at=at)[0].latest == date(
        2026, 12, 25
    )  # nobody seeded Belgium


@pytest.mark.django_db
def test_a_day_off_in_another_country_moves_only_what_goes_there():
    make_shipping(days_min=1, days_max=1)
    ClosingDay.objects.create(country="AT", day=date(2026, 6, 2))
    latest = [options_for_country(country, default_market(), 0, at=MONDAY)[0].latest.day for country in ("DE", "AT")]
    assert latest == [2, 3]


def page_of(client, variant) -> str:
    return text_of(client.get(variant.product.get_absolute_url()))


@pytest.mark.django_db
def test_the_product_page_states_when_it_leaves_and_arrives_what_it_costs_and_whether_it_can_be_returned(client):
    Store.objects.create(pk=1, return_days=20)
    make_shipping(490, days_min=1, days_max=2)
    with time_machine.travel(FRIDAY):
        home = text_of(client.get("/"))
        plant = make_variant()
        Product.objects.filter(pk=plant.product_id).update(dispatch_days=[0, 1], is_returnable=False)
        page, other = page_of(client, plant), page_of(client, make_variant())
    assert "If you order now, it leaves us on Mon 8 June and arrives Tue 9 – Wed 10 June in Germany." in page
    assert "It leaves us on Mondays and Tuesdays only." in page
    assert "Delivery to Germany: from €4.90, free from €60.00 of goods." in page
    assert page.count("It cannot be returned unless it is faulty.") == 2
    assert "leaves us on Fri 5 June and arrives Mon 8 – Tue 9 June" in other
    assert "Return it within 20 days." in other
    assert "Delivery to Germany from €4.90, free from €60.00 of goods, arrives Mon 8 – Tue 9 June." in home
    assert "30 days" not in page + other + home


@pytest.mark.django_db
def test_the_product_page_shows_when_a_backordered_product_can_be_sent(client):
    make_shipping(days_min=1, days_max=1)
    dated, undated = backordered(date(2040, 5, 1), on_hand=0), backordered(None, on_hand=0)
    page = page_of(client, dated)
    assert "On order: sent from 1 May 2040" in page
    assert "arrives Wed 2 May" in page
    page = page_of(client, undated)
    assert "On order: we will e-mail you when it can be sent" in page
    assert "we will e-mail you when we know the date" in page
    assert "In stock" not in page


@pytest.mark.django_db
def test_a_sold_out_product_shows_no_delivery_promise_and_no_button(client):
    make_shipping()
    page = page_of(client, make_variant(on_hand=0))
    assert "Tell me when it's back" in page
    assert "arrives" not in page
    assert "Add to cart" not in page


@pytest.mark.django_db
def test_only_gift_cards_are_announced_by_e_mail(client):
    card = make_variant(is_gift_card=True, needs_shipping=False, is_tracked=False)
    course = make_variant(needs_shipping=False, is_tracked=False)
    page = page_of(client, course)
    assert "comes by e-mail, as soon as" not in page
    assert "Nothing is sent by post. We confirm your order by e-mail." in page
    make_tax()
    assert contents_of(make_cart(card)).chosen.dates == "By e-mail, as soon as it is paid or on the day you choose"
    assert contents_of(make_cart(course)).chosen.dates == "Nothing is sent by post"


@pytest.mark.django_db
def test_the_confirmation_names_backorders_and_how_long_each_product_can_be_returned():
    Store.objects.create(pk=1, return_days=20)
    make_tax()
    make_shipping()
    fern = backordered(date(2040, 5, 1), title="Fern")
    Product.objects.filter(pk=fern.product_id).update(is_returnable=False)
    order = place(make_cart(fern, make_variant(title="Mug"), quantity=2))
    words = "You can return your order within 20 days of delivery, without giving a reason, except Fern (cannot be returned)."
    assert order.return_terms == words
    send_confirmation(order)
    message = message_from_bytes(Mail.objects.get().body.encode(), policy=policy.default)
    for text in forms_of(message):
        assert words in text
        assert "On order: sent from 1 May 2040" in text
        assert "30 days" not in text


def test_one_sentence_explains_how_long_products_can_be_returned():
    assert return_terms([]) == ""
    assert return_terms([("A", 0)]) == "Your order cannot be returned unless something is faulty."
    assert return_terms([("A", 30), ("B", 60), ("C", 30)]) == (
        "You can return your order within 30 days of delivery, without giving a reason, except B (60 days)."
    )


@pytest.mark.django_db
def test_texts_name_the_facts_of_the_shop_and_nothing_else(client):
    store = Store.objects.create(
        pk=1, name="A <b>", return_days=20, dispatch_days=[0, 2], announcement="{{ return_days }} days"
    )
    make_shipping(490, days_min=1, days_max=2)
    body = "<p>{{ return_days }}, {{dispatch_days}}, {{ shop_name }}, {{ settings }}, {{ store.name }}</p>{{ delivery_table }}"
    Page.objects.create(section="help", slug="delivery", title="Delivery", body=body)
    page = client.get("/help/delivery/")
    paragraphs = [paragraph.text for paragraph in find_all(page, "p")]
    assert "20, Mondays and Wednesdays, A <b>, {{ settings }}, {{ store.name }}" in paragraphs
    assert "20 days" in paragraphs
    assert [cells[-2:] for cells in rows_of(page)[1:]] == [["1–2 working days", "€4.90, free from €60.00"]]
    assert placeholder_values(store)["cut_off"] == "12:00"


@pytest.mark.django_db
def test_the_feed_has_the_date_from_which_a_backordered_product_is_sent(client):
    backordered(date(2040, 5, 1), on_hand=0)
    backordered(None, on_hand=0)
    backordered(date(2040, 5, 1))
    feed = b"".join(client.get("/feeds/google.xml").streaming_content).decode()
    assert re.findall(r"<g:availability>(\w+)<|<g:availability_date>([\d-]+)<", feed) == [
        ("backorder", ""),
        ("", "2040-05-01"),
        ("out_of_stock", ""),
        ("in_stock", ""),
    ]


@pytest.mark.django_db
def test_a_card_with_a_sale_badge_opens_on_the_cheapest_reduced_variant(client):
    product = make_variant(1000, option1="Sand").product
    make_options(product, "Glaze")
    for position, (glaze, sale) in enumerate([("Moss", 1500), ("Ink", 1400), ("Clay", 1300)], start=2):
        variant = Variant.objects.create(product=product, position=position, option1=glaze)
        set_price(variant.pk, default_market(), regular_minor=2000, sale_minor=sale)
        if glaze != "Clay":  # the cheapest one is sold out
            receive(variant.pk, make_location(), 3)
    shown = [
        product_page(product_for_page(product.slug), default_market(), wanted).variant.option1
        for wanted in ({}, {"glaze": "sand"}, {"option1": "Moss"})
    ]
    assert shown == ["Ink", "Sand", "Moss"]


@pytest.mark.django_db
def test_a_combination_that_does_not_exist_is_not_called_sold_out(client):
    product = make_variant(1000, option1="Sand", option2="S").product
    make_options(product, "Glaze", "Size")
    moss = Variant.objects.create(product=product, position=2, option1="Moss", option2="L")
    set_price(moss.pk, default_market(), regular_minor=1000)
    shown = product_page(product_for_page(product.slug), default_market(), {"glaze": "sand", "size": "l"})
    assert (shown.variant.option1, shown.is_missing) == ("Sand", True)
    words = [choice.unavailable_note for group in shown.groups for choice in group.choices if not choice.is_available]
    assert words == ["not available in this combination"] * 2
    page = page_of(client, moss)
    assert "This combination isn't available" not in page
