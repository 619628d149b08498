"""Money that staff receive is recorded once, and an order is paid one way, whoever acts at the same time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.errors import OrderChanged
from orders.models import Order
from payments.cancellation import expire_unpaid
from payments.errors import NotPayable
from payments.models import Payment, ReceivedMoney
from payments.offline import pay_online_instead
from shop.operations.audit import run_audit
from tests.payments.offline_steps import make_transfer_order, payment_of, receive

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_staff_who_record_the_same_money_record_it_once(at_once):
    order = make_transfer_order()
    seen = order.events.latest("pk").pk
    results = at_once(*[lambda: receive(order, 4000, seen=seen)] * 4)
    assert sum(isinstance(result, ReceivedMoney) for result in results) == 1
    assert {type(result) for result in results} == {ReceivedMoney, OrderChanged}
    assert payment_of(order).captured_minor == 4000
    assert run_audit() == []


def test_money_that_arrives_while_its_order_expires_pays_it(at_once):
    order = make_transfer_order()
    Order.objects.filter(pk=order.pk).update(payment_due_at=timezone.now() - timedelta(minutes=1))
    results = at_once(lambda: receive(order, 10000), expire_unpaid)
    assert [result for result in results if isinstance(result, Exception)] == []
    order.refresh_from_db()
    assert (order.status, payment_of(order).captured_minor) == ("confirmed", 10000)
    assert run_audit() == []


def test_money_that_arrives_while_the_shopper_changes_to_online_payment_pays_once(at_once):
    order = make_transfer_order()
    results = at_once(lambda: receive(order, 10000), lambda: pay_online_instead(order))
    assert {type(result) for result in results} <= {ReceivedMoney, NotPayable, type(None)}
    order.refresh_from_db()
    assert order.status == "confirmed"
    assert Payment.objects.filter(order=order, captured_minor__gt=0).count() == 1
    assert run_audit() == []
