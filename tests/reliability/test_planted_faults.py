"""The audit finds a fault in any one row of a busy shop, and names the row.

bin/test --full tests/reliability/test_planted_faults.py --times 100
"""

import random
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from catalog.inventory import receive_transfer, send
from catalog.listings.reviews import Opinion, moderate, write_review
from catalog.models import Review
from catalog.tasks import refresh_listings
from orders.fulfillment import NewFulfillment, ship
from orders.models import Disposition, Order
from orders.reversal import UnitsBack
from payments.cancellation import cancel_order
from payments.inbox import process_waiting, receive
from payments.reconcile import reconcile
from payments.refund_plans import RefundChoice
from payments.refund_requests import ask_refund
from payments.refunds import carry_out_waiting
from payments.reports.closing import close_days
from payments.sessions import start_payment
from payments.settlement import settle
from shop.operations.audit import run_audit
from tests.catalog.purchases import make_purchase, receive_purchase
from tests.factories import make_cart, make_gift_card, make_location, make_promotion, make_variant, place, with_codes
from tests.reliability.flows import World, card_payment
from tests.stripe_desk import signed
from tests.tools.planted_faults import PLANTS, codes, names_after, victims_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.full]
MIN_TIMES = 5


@pytest.fixture
def generated_shop(stripe_desk):
    """Made-up orders, and a few of everything that they lack, made by the shop's own functions."""
    world = World(stripe_desk)
    call_command("seed_orders", orders=200, verbosity=0)
    voucher = make_variant(2500, is_gift_card=True, is_tracked=False, needs_shipping=False)
    make_promotion(codes=("ONCE",), percent=10, most_uses=50, most_uses_of_code=50)
    for _ in range(2):
        order = place(with_codes(make_cart(world.mug, voucher), "ONCE", make_gift_card(1000)[1]))
        stripe_desk.pay(start_payment(order.pk).session_url, "4000000000000077")
        settle(card_payment(order).pk)
    stripe_desk.pay_out()
    for number in range(3):
        _sell_and_disturb(world, number)
    reconcile(timezone.now() - timedelta(hours=1))
    close_days()
    while refresh_listings():
        pass


def _sell_and_disturb(world: World, number: int) -> None:
    """One order refunded, one disputed, one canceled, one shipped, one unpaid, and stock that was moved, bought and reviewed."""
    refunded, disputed, canceled, shipped = (world.paid() for _ in range(4))
    ship(shipped, NewFulfillment({shipped.lines.get().pk: 2}))
    units = (UnitsBack(refunded.lines.get().pk, 1, Disposition.NOT_SENT),)
    ask_refund(refunded, RefundChoice(units=units, goodwill_minor=50 + number), world.owner)
    dispute = world.desk.dispute(card_payment(disputed).payment_intent_id or "", amount=400 + number)
    for event in world.desk.events_about(dispute["payment_intent"], "charge.dispute.created"):
        receive(*signed(event))
    process_waiting()
    cancel_order(Order.objects.get(pk=canceled.pk), user_id=None)
    carry_out_waiting()
    start_payment(world.order().pk)
    shelf = make_location(f"attic-{number}", 50 + number)
    sent = send({world.mug.pk: 2}, source=make_location(), destination=shelf)
    receive_transfer(sent, {sent.lines.get().pk: 1})
    receive_purchase(make_purchase({world.mug.pk: 2}), {world.mug.pk: 1})
    review = write_review(make_variant().product, Opinion(5, "Ann"))
    moderate([review.pk], Review.Status.PUBLISHED)


def test_each_invariant_finds_the_damaged_row_every_time(generated_shop, times):
    assert [str(finding) for finding in run_audit()] == []
    count, draw = max(times, MIN_TIMES), random.Random(1)
    missed, found = [], {}
    for code in PLANTS:
        victims = victims_of(code, count, draw)
        hits = [key in names_after(code, victim) for victim, key in victims]
        found[code] = sum(hits)
        missed += [f"{code} {key}" for hit, (_victim, key) in zip(hits, victims, strict=True) if not hit]
    assert (missed, found) == ([], dict.fromkeys(PLANTS, count))


def test_every_planted_fault_belongs_to_an_invariant():
    assert set(PLANTS) <= set(codes())
