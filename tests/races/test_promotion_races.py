"""The limits of promotions hold for simultaneous orders."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction

from catalog.markets import default_market
from catalog.prices import set_price
from orders import lifecycle
from orders.checkout import Seen, place_order
from orders.errors import GiftCardSpent, PromotionUsedUp, TotalChanged
from orders.models import Coupon, GiftCard, Order, Promotion, PromotionCustomer, TaxRate
from orders.promotions import hold_limits
from orders.promotions.coupons import recount
from payments.models import Refund
from payments.sessions import start_payment
from payments.settlement import settle
from shop.operations.audit import run_audit
from tests.factories import (
    contents_of,
    make_cart,
    make_gift_card,
    make_promotion,
    make_shipping,
    make_submission,
    make_tax,
    make_variant,
    place,
    seen_of,
    with_codes,
)
from tests.races.waiting import closing, wait_for_lock_or_end

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def delivery():
    make_shipping()
    make_tax()


def buyer(cart, seen, number, **changes):
    submission = make_submission(email=f"buyer{number}@example.com", **changes)
    return lambda: place_order(cart.pk, submission, seen=seen)


@pytest.mark.fault("F010")
def test_the_last_use_of_a_coupon_goes_to_one_of_fifty_buyers(at_once):
    make_promotion(percent=10, codes=("LAST",), most_uses_of_code=1)
    variant = make_variant(on_hand=200)
    carts = [with_codes(make_cart(variant), "LAST") for _ in range(50)]
    results = at_once(*(buyer(cart, seen_of(cart), number) for number, cart in enumerate(carts)))
    assert sum(isinstance(result, Order) for result in results) == 1
    assert {type(result) for result in results} <= {Order, PromotionUsedUp, TotalChanged}
    assert Coupon.objects.get().uses == 1
    assert Order.objects.filter(discount_minor__gt=0).count() == 1
    assert run_audit() == []


def test_the_last_use_of_a_promotion_goes_to_one_of_twenty_buyers(at_once):
    make_promotion(percent=10, most_uses=1)
    variant = make_variant(on_hand=200)
    carts = [make_cart(variant) for _ in range(20)]
    results = at_once(*(buyer(cart, seen_of(cart), number) for number, cart in enumerate(carts)))
    assert sum(isinstance(result, Order) for result in results) == 1
    assert Promotion.objects.get().uses == 1
    assert run_audit() == []


def limit_to_one_each(promotion):
    with transaction.atomic():
        hold_limits(promotion)
        Promotion.objects.filter(pk=promotion.pk).update(most_uses=100, most_uses_each=1)
        recount(promotion)


def test_a_new_limit_waits_for_an_order_that_is_being_placed_and_counts_it():
    promotion = make_promotion(percent=10, codes=("TEN",))
    cart = with_codes(make_cart(make_variant(on_hand=200)), "TEN")
    place_it = buyer(cart, seen_of(cart), 1)
    is_written, may_commit = threading.Event(), threading.Event()

    def buy():
        with transaction.atomic():
            place_it()
            is_written.set()
            may_commit.wait(30)

    with ThreadPoolExecutor(2) as pool:
        buying = pool.submit(closing(buy))
        assert is_written.wait(30)
        limiting = pool.submit(closing(lambda: limit_to_one_each(promotion)))
        wait_for_lock_or_end(limiting)
        may_commit.set()
        buying.result(30)
        limiting.result(30)
    assert Promotion.objects.get().uses == 1
    assert PromotionCustomer.objects.get().uses == 1
    assert run_audit() == []


@pytest.mark.parametrize("round_number", range(4))
def test_a_limit_that_comes_while_people_order_counts_all_of_them(at_once, round_number):
    promotion = make_promotion(percent=10, codes=("TEN",))
    variant = make_variant(on_hand=200)
    carts = [with_codes(make_cart(variant), "TEN") for _ in range(12)]
    given = [place(with_codes(make_cart(variant), "TEN"), email=f"given{n}@example.com") for n in range(4)]

    def give_up(order):
        with transaction.atomic():
            lifecycle.cancel(lifecycle.lock_with_cart(order.pk), Order.CancelReason.EXPIRED)

    jobs = [buyer(cart, seen_of(cart), number) for number, cart in enumerate(carts)]
    results = at_once(
        *jobs[:6],
        *(lambda order=order: give_up(order) for order in given),
        lambda: limit_to_one_each(promotion),
        *jobs[6:],
    )
    assert {type(result) for result in results} <= {Order, type(None)}
    assert Promotion.objects.get().uses == 12
    assert PromotionCustomer.objects.filter(uses=1).count() == 12
    assert run_audit() == []


def test_one_customer_with_ten_tabs_has_one_first_order(at_once):
    make_promotion(percent=10, is_first_order_only=True)
    variant = make_variant(on_hand=200)
    carts = [make_cart(variant) for _ in range(10)]
    submission = make_submission(email="one@example.com")
    seen = {cart.pk: seen_of(cart) for cart in carts}
    jobs = [(lambda cart=cart: place_order(cart.pk, submission, seen=seen[cart.pk])) for cart in carts]
    results = at_once(*jobs)
    assert Order.objects.filter(discount_minor__gt=0).count() == 1, results
    assert PromotionCustomer.objects.get().uses == 1
    assert run_audit() == []


def test_a_gift_card_that_twenty_tabs_spend_pays_once(at_once):
    card, code = make_gift_card(2890)
    variant = make_variant(2400, on_hand=200)
    carts = [with_codes(make_cart(variant), code) for _ in range(20)]
    results = at_once(*(buyer(cart, seen_of(cart), number) for number, cart in enumerate(carts)))
    assert sum(isinstance(result, Order) for result in results) == 1
    assert {type(result) for result in results} <= {Order, GiftCardSpent, TotalChanged}
    assert GiftCard.objects.get().balance_minor == 0
    assert run_audit() == []


def test_a_gift_card_that_two_orders_share_is_never_overspent(at_once):
    card, code = make_gift_card(5000)
    variant = make_variant(2400, on_hand=200)
    carts = [with_codes(make_cart(variant), code) for _ in range(8)]
    results = at_once(*(buyer(cart, seen_of(cart), number) for number, cart in enumerate(carts)))
    placed = [result for result in results if isinstance(result, Order)]
    assert sum(order.tendered_minor for order in placed) <= 5000
    assert GiftCard.objects.get().balance_minor == 5000 - sum(order.tendered_minor for order in placed)
    assert run_audit() == []


def test_two_cancellations_at_once_give_back_once(at_once):
    make_promotion(percent=10, codes=("TEN",), most_uses_of_code=5, most_uses=5)
    card, code = make_gift_card(1000)
    cart = with_codes(make_cart(make_variant(on_hand=9)), "TEN", code)
    order = place_order(cart.pk, make_submission(), seen=seen_of(cart))

    def cancel():
        locked = lifecycle.lock_with_cart(order.pk)
        return lifecycle.cancel(locked, Order.CancelReason.EXPIRED)

    at_once(*[lambda: transaction.atomic(cancel)()] * 6)
    assert (Coupon.objects.get().uses, Promotion.objects.get().uses) == (0, 0)
    assert GiftCard.objects.get().balance_minor == 1000
    assert run_audit() == []


@pytest.mark.fault("F016")
@pytest.mark.parametrize("what", ["price", "tax", "delivery", "promotion"])
def test_orders_are_charged_the_total_that_was_shown_while_it_changes(at_once, what, settings):
    make_promotion(percent=10)
    variant = make_variant(2400, on_hand=200)
    carts = [make_cart(variant) for _ in range(8)]
    seen = [seen_of(cart) for cart in carts]
    changes = {
        "price": lambda: set_price(variant.pk, default_market(), regular_minor=2500),
        "tax": lambda: TaxRate.objects.update(percent="16"),
        "delivery": lambda: make_shipping().rates.update(price_minor=690),
        "promotion": lambda: Promotion.objects.update(percent=5),
    }
    jobs = [buyer(cart, shown, number) for number, (cart, shown) in enumerate(zip(carts, seen, strict=True))]
    results = at_once(*jobs[:4], changes[what], *jobs[4:])
    placed = [result for result in results if isinstance(result, Order)]
    assert all(order.total_minor == seen[0].total_minor for order in placed)
    assert {type(result) for result in results} <= {Order, TotalChanged, bool, int, type(None), set}
    assert contents_of(make_cart(variant)).totals.total_minor != seen[0].total_minor or what == "tax"
    assert run_audit() == []


def test_only_one_of_two_orders_paid_at_once_from_two_places_keeps_the_use(at_once, stripe_desk):
    make_promotion(percent=10, codes=("ONCE",), most_uses_each=1)
    orders = []
    for ip in ("203.0.113.5", "198.51.100.7"):
        cart = with_codes(make_cart(make_variant()), "ONCE")
        submission = make_submission(email="ann@example.com")
        contents = contents_of(cart, submission.buyer(None, ip))
        seen = Seen(contents.mark, contents.totals.total_minor, contents.due_minor, ip)
        orders.append(place_order(cart.pk, submission, seen=seen))
    payments = [start_payment(order.pk) for order in orders]
    for payment in payments:
        stripe_desk.pay(payment.session_url)
    results = at_once(*(lambda pk=payment.pk: settle(pk).status for payment in payments))
    assert results == ["captured", "captured"]
    assert sorted(Order.objects.values_list("status", flat=True)) == ["canceled", "confirmed"]
    assert Refund.objects.count() == 1
    assert PromotionCustomer.objects.get().uses == 1
    assert run_audit() == []
