"""Made-up orders agree with each other, so that figures measured with them mean something."""

import pytest
from django.core.management import CommandError, call_command

from orders.models import Order
from orders.worklists import to_ship, unpaid
from payments.models import BalanceTransaction, Payment, Payout
from shop.operations.audit import run_audit
from tests.factories import make_location, make_variant

pytestmark = pytest.mark.django_db(transaction=True)


def test_made_up_orders_break_no_invariant():
    make_location()
    make_variant(on_hand=3)
    make_variant(on_hand=0)
    call_command("seed_orders", orders=300, verbosity=0)
    assert [broken for broken in run_audit() if broken] == []
    assert (Order.objects.count(), to_ship().count(), unpaid().count()) == (300, 45, 15)
    assert len(set(Order.objects.values_list("number", flat=True))) == 300
    assert Payment.objects.filter(refunds__status="failed").exists()
    paid = Payment.objects.filter(captured_minor__gt=0)
    assert paid.filter(balance_transactions__type="charge").count() == paid.count()
    assert BalanceTransaction.objects.filter(type="payout").count() == Payout.objects.count() > 100


def test_made_up_orders_need_a_product_with_a_price():
    with pytest.raises(CommandError, match="seed_catalog"):
        call_command("seed_orders", orders=3, verbosity=0)
