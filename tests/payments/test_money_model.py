"""Random steps of shoppers, staff, Stripe and the clock: after any of them, the books agree with everything.

bin/test --full tests/payments/test_money_model.py --times 4     # 3,840 steps
"""

from collections.abc import Callable

import pytest

from payments import gateway
from tests.factories import make_shipping, make_tax
from tests.payments.money_shop import Shop
from tests.payments.pretend_stripe import CALLS

SEEDS, STEPS = 12, 80


# How often each step is tried; a step of which nothing is there to do is none.
WEIGHTS: dict[Callable[[Shop], None], int] = {
    Shop.place: 8,
    Shop.begin_to_pay: 8,
    Shop.pay: 8,
    Shop.hear: 3,
    Shop.pay_too_late: 3,
    Shop.run_out_of_time: 2,
    Shop.go_back: 2,
    Shop.cancel: 3,
    Shop.refund: 6,
    Shop.decide: 3,
    Shop.fail_refund: 1,
    Shop.pay_again: 2,
    Shop.refund_at_stripe: 1,
    Shop.assign: 1,
    Shop.send_money_back: 2,
    Shop.send_parcel: 3,
    Shop.choose_when_to_charge: 2,
    Shop.capture: 4,
    Shop.release: 1,
    Shop.let_hold_expire: 1,
    Shop.dispute: 2,
    Shop.decide_dispute: 2,
    Shop.pay_out: 1,
    Shop.block: 2,
    Shop.let_cards_expire: 1,
    Shop.change_limits: 2,
}


@pytest.mark.django_db
@pytest.mark.full
@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_audit_finds_nothing_after_any_step_that_money_can_take(monkeypatch, seed, times):
    make_shipping()
    make_tax()
    shop = Shop(seed)
    for name in CALLS:
        monkeypatch.setattr(gateway, name, getattr(shop.desk, name))
    for step in shop.random.choices(list(WEIGHTS), list(WEIGHTS.values()), k=STEPS * times):
        step(shop)
    assert shop.done.total() > STEPS // 3
    assert shop.done["place"] > shop.refused["place"] // 2
