"""Which statuses of a payment may follow which, and that one module writes them."""

import re

import pytest

from payments.models import Payment
from payments.statuses import ALLOWED, give_up, move
from shop.embedded.state import ROOT
from tests.factories import make_order

Status = Payment.Status
MOVES = {
    ("open", "processing"),
    ("open", "captured"),
    ("open", "failed"),
    ("open", "canceled"),
    ("processing", "captured"),
    *((status, "authorized") for status in ("open", "processing", "failed", "canceled")),
    ("authorized", "captured"),
    ("authorized", "canceled"),
    ("processing", "failed"),
    ("processing", "canceled"),
    ("agreed", "captured"),
    ("agreed", "canceled"),
    ("failed", "captured"),
    ("canceled", "captured"),
}


def make_payment(status: str) -> Payment:
    order = make_order()
    return Payment.objects.create(order=order, status=status, currency=order.currency, amount_minor=order.total_minor)


@pytest.mark.django_db
@pytest.mark.parametrize("target", ALLOWED)
@pytest.mark.parametrize("status", Status)
def test_a_payment_moves_only_where_the_table_allows_it(status, target):
    payment = make_payment(status)
    is_allowed = (status, target) in MOVES
    assert move(payment, target, last_error="moved") is is_allowed
    payment.refresh_from_db()
    assert (payment.status, payment.last_error) == ((target, "moved") if is_allowed else (status, ""))


@pytest.mark.django_db
def test_a_captured_payment_is_not_given_up():
    payment = make_payment(Status.CAPTURED)
    give_up(payment, "Stripe knows no such session")
    payment.refresh_from_db()
    assert (payment.status, payment.last_error) == (Status.CAPTURED, "")


@pytest.mark.django_db
def test_a_payment_for_which_another_request_made_a_session_meanwhile_is_not_given_up():
    payment = make_payment(Status.OPEN)
    Payment.objects.update(session_id="cs_1")
    give_up(payment, "Stripe did not create a session", session_id=None)
    payment.refresh_from_db()
    assert payment.status == Status.OPEN


def test_no_other_module_writes_the_status_of_a_payment():
    writes = re.compile(r"Payment\.objects[^\n]*\.update\([^)]*\bstatus=|payment\.status = ", re.DOTALL)
    modules = [path for path in ROOT.glob("payments/**/*.py") if path.name != "statuses.py"]
    assert [str(path) for path in modules if writes.search(path.read_text())] == []
