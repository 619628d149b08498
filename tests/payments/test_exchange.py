"""Money that Stripe exchanges into another currency before it pays it out."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db.models import Sum
from django.utils import timezone

from payments.models import BalanceTransaction, Payment, Posting
from payments.reconcile import reconcile
from payments.sessions import start_payment
from payments.settlement import settle
from shop.operations.audit import run_audit
from tests.factories import make_order, make_variant
from tests.payments.reconciling import AT_ONCE, age_by_three_days, delete_journals, differences

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(stripe_desk):
    stripe_desk.start_over()
    yield stripe_desk
    stripe_desk.start_over()


@pytest.fixture
def payment(desk) -> Payment:
    payment = start_payment(make_order().pk)
    desk.pay(payment.session_url, AT_ONCE)
    return settle(payment.pk)


@pytest.fixture
def exchanged(desk) -> Payment:
    """An order of 90.00 euros at an account that settles in dollars, at 1.25 for a euro."""
    desk.switch(settle="usd@1.25")
    payment = start_payment(make_order(make_variant(9000)).pk)
    desk.pay(payment.session_url, AT_ONCE)
    return settle(payment.pk)


def sums_of(name: str) -> dict[str, int]:
    """What the books say on an account in each currency, without the currencies in which it is even."""
    postings = Posting.objects.filter(account=name).order_by().values_list("journal__currency")
    return {currency: minor for currency, minor in postings.annotate(sum=Sum("amount_minor")) if minor}


def test_money_that_stripe_exchanges_is_booked_in_both_currencies_until_it_is_paid_out(exchanged, desk):
    desk.refund(exchanged.payment_intent_id, amount=400)
    desk.dispute(exchanged.payment_intent_id, amount=1000)
    assert differences() == []
    assert BalanceTransaction.objects.get(source=exchanged.charge_id).exchange_rate == Decimal("1.25")
    fee = sums_of("fees")["USD"]
    assert sums_of("stripe") == {"USD": 11250 - 500 - 1250 - fee}
    assert sums_of("disputed") == {"EUR": 1000}
    assert sums_of("exchange") == {"EUR": 9000 - 400 - 1000, "USD": -(11250 - 500 - 1250)}
    desk.pay_out(currency="usd")
    assert differences() == []
    assert sums_of("stripe") == {}
    assert set(sums_of("bank")) == {"USD"}
    age_by_three_days()
    assert [str(finding) for finding in run_audit()] == []


@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_a_side_of_an_exchange_that_was_deleted_is_found_and_booked_again(exchanged, currency):
    assert differences() == []
    delete_journals(f"j.kind = 'exchange' AND j.currency = '{currency}'")
    age_by_three_days()
    assert {finding.invariant[:3] for finding in run_audit()} == {"M22"}
    assert reconcile(timezone.now() - timedelta(days=5)).differences == []
    assert [str(finding) for finding in run_audit()] == []


def test_a_capture_of_an_exchanged_payment_that_was_deleted_is_named_in_its_currency(exchanged):
    assert differences() == []
    delete_journals("j.kind = 'capture'")
    (found,) = differences()
    assert (found.key, found.amount_minor, found.currency) == (exchanged.charge_id, 9000, "EUR")
    call_command("reconcile", "--mend", exchanged.charge_id)
    assert differences() == []


def test_an_exchange_at_another_rate_is_named_and_its_correction_booked_once(exchanged, desk):
    assert differences() == []
    transaction = BalanceTransaction.objects.get()
    fee = transaction.fee_minor
    desk.edit(transaction.stripe_id, amount=11000, net=11000 - fee)
    assert "the amount at Stripe is 11000, and 11250 was stored before" in [found.cause for found in differences()]
    for _ in range(2):
        call_command("reconcile", "--mend", transaction.stripe_id)
    assert differences() == []
    assert (sums_of("stripe"), sums_of("exchange")) == ({"USD": 11000 - fee}, {"EUR": 9000, "USD": -11000})
