"""Two people, or a person and a worker, who refund at the same moment."""

import pytest

from orders.errors import OrderError
from orders.fulfillment import NewFulfillment, ship
from orders.models import Disposition, Order
from orders.reversal import UnitsBack
from payments.cancellation import cancel_order
from payments.errors import PaymentError
from payments.gateway import RefundState
from payments.models import Refund, RefundRequest
from payments.refund_plans import RefundChoice
from payments.refund_requests import approve, ask_refund, decline, pay_again
from payments.refunds import carry_out_waiting, take_over_refund
from payments.sessions import start_payment
from payments.settlement import settle
from shop.operations.audit import run_audit
from tests.factories import make_cart, make_shipping, make_user, make_variant, place

pytestmark = pytest.mark.django_db(transaction=True)

REFUSALS = (OrderError, PaymentError)


@pytest.fixture
def order(stripe_desk) -> Order:
    """A paid order of three mugs of 10.00 and 4.90 for delivery."""
    make_shipping(free_from_minor=None)
    order = place(make_cart(make_variant(1000, title="Mug"), quantity=3))
    stripe_desk.pay(start_payment(order.pk).session_url)
    settle(order.payments.get().pk)
    order.refresh_from_db()
    return order


def owner():
    return make_user(is_superuser=True, is_staff=True)


def mugs(order: Order, quantity: int) -> tuple[UnitsBack, ...]:
    return (UnitsBack(order.lines.get().pk, quantity, Disposition.NOT_SENT),)


def refusals_in(results: list) -> int:
    """How many were refused. Nobody may see another error."""
    errors = [result for result in results if isinstance(result, Exception)]
    assert [error for error in errors if not isinstance(error, REFUSALS)] == []
    return len(errors)


@pytest.mark.fault("F068")
def test_two_staff_who_refund_the_same_units_refund_them_once(at_once, stripe_desk):
    """The payment holds enough for both, so that only the count of units stops the second."""
    make_shipping(free_from_minor=None)
    cart = make_cart(make_variant(1000, title="Mug"), quantity=3)
    cart.lines.create(variant_id=make_variant(9000, title="Lamp").pk, quantity=1)
    order = place(cart)
    stripe_desk.pay(start_payment(order.pk).session_url)
    settle(order.payments.get().pk)
    order.refresh_from_db()
    mug = order.lines.get(title="Mug")
    ship(order, NewFulfillment({mug.pk: 3}))
    order.refresh_from_db()
    units, staff = (UnitsBack(mug.pk, 2, Disposition.KEPT),), [owner(), owner()]
    asks = [lambda user=user: ask_refund(order, RefundChoice(units=units), user) for user in staff]
    assert refusals_in(at_once(*asks)) == 1
    assert order.lines.get(pk=mug.pk).refunded_quantity == 2
    assert RefundRequest.objects.count() == Refund.objects.count() == 1
    assert run_audit() == []


@pytest.mark.fault("F068")
def test_one_form_sent_twenty_times_refunds_once(at_once, order):
    choice, user = RefundChoice(goodwill_minor=500), owner()
    results = at_once(*(lambda: ask_refund(order, choice, user).pk for _ in range(20)))
    assert len(set(results)) == 1
    assert Refund.objects.get().amount_minor == 500


@pytest.mark.fault("F068")
def test_two_staff_who_refund_more_than_was_paid_give_back_what_was_paid(at_once, order):
    staff = [owner(), owner()]
    asks = [lambda user=user: ask_refund(order, RefundChoice(goodwill_minor=2000), user) for user in staff]
    assert refusals_in(at_once(*asks)) == 1
    carry_out_waiting()
    assert order.payments.get().refunded_minor == 2000
    assert run_audit() == []


@pytest.mark.fault("F072")
def test_units_are_sent_or_refunded_unsent_and_never_both(at_once, order):
    line, user = order.lines.get(), owner()
    results = at_once(
        lambda: ask_refund(order, RefundChoice(units=mugs(order, 2)), user),
        lambda: ship(order, NewFulfillment({line.pk: 3})),
    )
    assert refusals_in(results) == 1
    line.refresh_from_db()
    assert (line.shipped_quantity, line.canceled_quantity) in ((3, 0), (0, 2))
    assert run_audit() == []


@pytest.mark.fault("F072")
def test_a_refund_and_a_cancellation_give_back_all_money_once(at_once, order):
    user = owner()
    results = at_once(
        lambda: ask_refund(order, RefundChoice(units=mugs(order, 2)), user),
        lambda: cancel_order(order, user_id=user.pk),
    )
    assert refusals_in(results) <= 1
    carry_out_waiting()
    assert order.payments.get().refunded_minor == 3490
    assert run_audit() == []


def test_a_refund_is_approved_or_declined_once(at_once, order):
    request = ask_refund(order, RefundChoice(units=mugs(order, 1)), make_user(is_staff=True))
    users = [owner() for _person in range(4)]
    results = at_once(
        *(lambda user=user: approve(request, user).status for user in users[:2]),
        *(lambda user=user: decline(request, user).status for user in users[2:]),
    )
    refusals_in(results)
    request.refresh_from_db()
    assert Refund.objects.count() == (1 if request.status == "approved" else 0)
    assert run_audit() == []


def test_a_failed_refund_is_paid_out_again_once(at_once, order):
    ask_refund(order, RefundChoice(goodwill_minor=500), owner())
    carry_out_waiting()
    failed = Refund.objects.get()
    take_over_refund(failed, RefundState(failed.provider_ref or "", "failed", 500, "lost_or_stolen_card"))
    users = [owner(), owner()]
    results = at_once(*(lambda user=user: pay_again(failed, "gift_card", user) for user in users))
    assert refusals_in(results) == 1
    assert Refund.objects.filter(status="succeeded").count() == 1
    assert run_audit() == []
