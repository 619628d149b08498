"""An unpaid order from elsewhere with somebody's e-mail address does not use up that person's promotions."""

import pytest

from orders.checkout import Seen, place_order
from orders.errors import PromotionUsedUp
from orders.lifecycle import cancel, confirm, lock_with_cart
from orders.models import Cart, Order, PromotionCustomer
from payments.cancellation import expire_unpaid
from payments.sessions import start_payment
from payments.settlement import settle
from shop.models import Mail
from shop.operations.audit import run_audit
from tests.factories import (
    contents_of,
    make_cart,
    make_promotion,
    make_shipping,
    make_submission,
    make_tax,
    make_user,
    make_variant,
    with_codes,
)

pytestmark = pytest.mark.django_db
STRANGER, OWNER = "203.0.113.5", "198.51.100.7"


@pytest.fixture(autouse=True)
def delivery():
    make_shipping()
    make_tax()


def once(**limits):
    return make_promotion(percent=10, codes=("ONCE",), **(limits or {"most_uses_each": 1}))


def place_at(ip, user=None, email="ann@example.com"):
    cart = with_codes(make_cart(make_variant(on_hand=20), user=user), "ONCE")
    submission = make_submission(email=email)
    contents = contents_of(cart, submission.buyer(user.pk if user else None, ip))
    seen = Seen(contents.mark, contents.totals.total_minor, contents.due_minor, ip)
    return place_order(cart.pk, submission, seen=seen, user_id=user.pk if user else None)


@pytest.mark.parametrize("limits", [{"most_uses_each": 1}, {"is_first_order_only": True}])
def test_a_strangers_unpaid_order_does_not_use_up_the_owners_coupon(limits):
    once(**limits)
    assert place_at(STRANGER).discount_minor == 240
    assert place_at(OWNER).discount_minor == 240
    assert run_audit() == []


@pytest.mark.parametrize("limits", [{"most_uses_each": 1}, {"is_first_order_only": True}])
def test_a_second_order_from_the_same_place_has_no_second_use(limits):
    once(**limits)
    assert place_at(OWNER).discount_minor == 240
    assert place_at(OWNER).discount_minor == 0


@pytest.mark.parametrize("limits", [{"most_uses_each": 1}, {"is_first_order_only": True}])
def test_a_paid_order_uses_the_coupon_up_wherever_it_came_from(limits):
    once(**limits)
    confirm(lock_with_cart(place_at(STRANGER).pk))
    assert place_at(OWNER).discount_minor == 0


def test_an_account_has_one_use_from_all_its_places():
    once()
    user = make_user()
    assert place_at(OWNER, user).discount_minor == 240
    assert place_at(STRANGER, user).discount_minor == 0


def test_the_first_that_is_paid_keeps_the_use_and_the_other_ends_at_once(stripe_desk):
    once()
    stranger, owner = place_at(STRANGER), place_at(OWNER)
    session = start_payment(stranger.pk)
    payment = start_payment(owner.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    assert expire_unpaid() == 1
    stranger.refresh_from_db()
    owner.refresh_from_db()
    assert (owner.status, stranger.status, stranger.cancel_reason) == ("confirmed", "canceled", "expired")
    assert stripe_desk.call(f"checkout/sessions/{session.session_id}")["status"] == "expired"
    assert PromotionCustomer.objects.get().uses == 1
    assert run_audit() == []


def test_a_payment_for_a_use_that_is_taken_is_refunded_with_an_e_mail_and_the_cart_is_restored(stripe_desk):
    once()
    stranger, owner = place_at(STRANGER), place_at(OWNER)
    payments = [start_payment(order.pk) for order in (stranger, owner)]
    for payment in payments:
        stripe_desk.pay(payment.session_url)
        settle(payment.pk)
    owner.refresh_from_db()
    assert (owner.status, owner.cancel_reason) == ("canceled", "payment")
    assert owner.payments.get().flag == "late"
    assert owner.payments.get().refunds.get().amount_minor == owner.total_minor
    assert Mail.objects.filter(subject=f"Order {owner.number}: your payment will be refunded").count() == 1
    assert Cart.objects.filter(ordered_at=None).count() == 1
    assert run_audit() == []


def test_two_uses_of_three_orders_are_two():
    once(most_uses_each=2)
    orders = [place_at(f"203.0.113.{number}") for number in range(3)]
    for order in orders[:2]:
        confirm(lock_with_cart(order.pk))
    with pytest.raises(PromotionUsedUp):
        confirm(lock_with_cart(orders[2].pk))
    assert [order.discount_minor for order in orders] == [240] * 3
    cancel(lock_with_cart(orders[2].pk), Order.CancelReason.EXPIRED)
    assert PromotionCustomer.objects.get().uses == 2
