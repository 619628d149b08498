"""Placing an order: completely or not at all."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from catalog.errors import InsufficientStock
from catalog.inventory import Need, reserve
from catalog.markets import default_market
from catalog.models import Product, Variant
from catalog.prices import set_price
from orders.checkout import Seen, place_order
from orders.delivery.options import options_for_country
from orders.errors import (
    AlreadyPlaced,
    CartChanged,
    EmptyCart,
    NoDelivery,
    NotSold,
    StatusRefused,
    TotalChanged,
    TotalTooSmall,
)
from orders.lifecycle import complete, confirm
from orders.models import Cart, Order, OrderEvent, OrderLine
from shop.operations.audit import run_audit
from tests.factories import (
    contents_of,
    make_cart,
    make_listed_variants,
    make_order,
    make_shipping,
    make_submission,
    make_tax,
    make_variant,
    seen_of,
    stock_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _delivery():
    make_shipping()
    make_tax()


def test_an_order_copies_everything_that_was_agreed():
    variant = make_variant(2400, title="Alma mug", option1="Sand")
    cart = make_cart(variant, quantity=2)
    order = place_order(cart.pk, make_submission(line2="Bel 2", phone="+32 9 000"), seen=seen_of(cart))
    assert (order.subtotal_minor, order.shipping_minor, order.tax_minor, order.total_minor) == (4800, 490, 845, 5290)
    assert (order.currency, order.language, order.market, order.is_tax_included) == ("EUR", "en", "main", True)
    assert (order.name, order.line2, order.phone, order.shipping_name) == (
        "Anna Peeters",
        "Bel 2",
        "+32 9 000",
        "Standard",
    )
    line = order.lines.get()
    assert (line.title, line.variant_title, line.quantity, line.total_minor, line.is_stocked) == (
        "Alma mug",
        "Sand",
        2,
        4800,
        True,
    )
    assert order.receipt["total_minor"] == 5290
    assert order.number.startswith("HS-")
    assert len(order.number) == 11
    assert (order.payment_due_at - order.placed_at).total_seconds() == 36 * 60
    assert stock_of(variant) == (10, 2)
    assert not Cart.objects.get(pk=cart.pk).is_open
    assert run_audit() == []


def test_the_same_submission_again_is_the_same_order():
    cart = make_cart(make_variant())
    seen = seen_of(cart)
    first = place_order(cart.pk, make_submission(), seen=seen)
    assert place_order(cart.pk, make_submission(), seen=seen) == first
    assert Order.objects.count() == 1


def test_changed_details_for_an_unpaid_order_are_detected():
    cart = make_cart(make_variant())
    seen = seen_of(cart)
    first = place_order(cart.pk, make_submission(), seen=seen)
    with pytest.raises(AlreadyPlaced) as caught:
        place_order(cart.pk, make_submission(city="Ghent"), seen=seen)
    assert caught.value.order == first


def test_other_details_for_a_paid_order_show_the_paid_order():
    cart = make_cart(make_variant())
    seen = seen_of(cart)
    first = place_order(cart.pk, make_submission(), seen=seen)
    confirm(first)
    assert place_order(cart.pk, make_submission(city="Ghent"), seen=seen) == first


@pytest.mark.fault("F016")
def test_a_changed_price_is_asked_about_again():
    variant = make_variant(2400)
    cart = make_cart(variant)
    seen = seen_of(cart)
    set_price(variant.pk, default_market(), regular_minor=2600)
    with pytest.raises(TotalChanged) as caught:
        place_order(cart.pk, make_submission(), seen=seen)
    assert (caught.value.expected, caught.value.actual) == (2890, 3090)
    assert Order.objects.count() == 0


def test_a_cart_that_changed_in_another_tab_is_asked_about_again():
    variant = make_variant()
    cart = make_cart(variant)
    seen = seen_of(cart)
    with pytest.raises(CartChanged):
        place_order(cart.pk, make_submission(), seen=Seen(f"{cart.pk}:99", seen.total_minor, seen.due_minor))


@pytest.mark.fault("F017")
def test_products_that_are_no_longer_sold_are_named():
    variant = make_variant()
    cart = make_cart(variant)
    seen = seen_of(cart)
    Product.objects.update(status="archived")
    with pytest.raises(NotSold) as caught:
        place_order(cart.pk, make_submission(), seen=seen)
    assert caught.value.line_ids == [cart.lines.get().pk]


def test_a_method_that_does_not_go_there_is_refused():
    cart = make_cart(make_variant())
    with pytest.raises(NoDelivery):
        place_order(cart.pk, make_submission(country="CH"), seen=seen_of(cart, "CH"))


def test_an_empty_or_unknown_cart_is_no_order():
    cart = Cart.objects.create(currency="EUR")
    for cart_id in (cart.pk, cart.token):
        with pytest.raises(EmptyCart):
            place_order(cart_id, make_submission(), seen=Seen("x", 0, 0))


def test_an_order_below_the_minimum_charge_of_stripe_is_not_placed():
    make_shipping().rates.update(price_minor=0)
    cart = make_cart(make_variant(10))
    with pytest.raises(TotalTooSmall) as caught:
        place_order(cart.pk, make_submission(), seen=seen_of(cart))
    assert caught.value.smallest == 50


def test_without_stock_nothing_is_written():
    variant = make_variant(on_hand=1)
    cart = make_cart(variant)
    seen = seen_of(cart)
    reserve("other", [Need(1, variant.pk, 1)])
    with pytest.raises(InsufficientStock):
        place_order(cart.pk, make_submission(), seen=seen)
    assert (Order.objects.count(), OrderLine.objects.count(), OrderEvent.objects.count()) == (0, 0, 0)
    assert Cart.objects.get().is_open


@pytest.mark.fault("F037")
def test_untracked_variants_need_no_stock():
    variant = make_variant(on_hand=0, is_tracked=False)
    order = make_order(variant)
    assert order.lines.get().is_stocked is False
    assert run_audit() == []


def test_a_cart_of_digital_goods_needs_no_delivery():
    cart = make_cart(make_variant(is_tracked=False, needs_shipping=False))
    contents = contents_of(cart)
    assert [(option.code, option.price_minor) for option in contents.options] == [("none", 0)]


def test_placing_costs_the_same_for_one_line_and_for_twenty_four():
    def cost(count):
        cart = make_cart(*make_listed_variants(count))
        seen = seen_of(cart)
        with CaptureQueriesContext(connection) as captured:
            place_order(cart.pk, make_submission(), seen=seen)
        return len([query for query in captured if "SAVEPOINT" not in query["sql"]])

    few = cost(1)
    assert cost(24) == few
    assert few <= 22


def test_the_database_refuses_totals_that_do_not_add_up():
    order = make_order()
    with pytest.raises(IntegrityError, match="order_parts_make_total"), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(total_minor=1)


def test_a_status_moves_only_where_it_may():
    order = make_order()
    with pytest.raises(StatusRefused):
        complete(order)
    confirm(order)
    with pytest.raises(StatusRefused):
        confirm(order)


def test_a_status_that_moved_meanwhile_is_not_moved_again():
    order = make_order()
    stale = Order.objects.get(pk=order.pk)
    confirm(order)
    with pytest.raises(StatusRefused, match="in the meantime"):
        confirm(stale)


@pytest.mark.parametrize(
    ("moment", "dates"),
    [
        (datetime(2026, 6, 2, 8, tzinfo=UTC), (date(2026, 6, 4), date(2026, 6, 8))),  # Tuesday morning
        (datetime(2026, 6, 2, 14, tzinfo=UTC), (date(2026, 6, 5), date(2026, 6, 9))),  # Tuesday afternoon
        (datetime(2026, 6, 6, 8, tzinfo=UTC), (date(2026, 6, 10), date(2026, 6, 12))),  # Saturday
    ],
)
def test_parcels_arrive_on_working_days(moment, dates):
    with time_machine.travel(moment, tick=False):
        option = options_for_country("DE", default_market(), 0)[0]
    assert (option.earliest, option.latest) == dates


def test_delivery_is_free_from_its_amount():
    assert [options_for_country("DE", default_market(), goods)[0].price_minor for goods in (5999, 6000)] == [490, 0]
    assert options_for_country("CH", default_market(), 0) == []
    assert Variant.objects.count() == 0
