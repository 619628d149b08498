"""The audit of offline payments names each fault that is planted in them."""

import pytest
from django.db import connection, transaction

from payments.refund_plans import RefundChoice
from payments.refund_requests import ask_refund
from shop.operations.audit import run_audit
from tests.factories import (
    make_location,
    make_shipping,
    make_tax,
    make_user,
)
from tests.payments.offline_steps import (
    make_invoice_order,
    make_transfer_order,
    receive,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_user(is_superuser=True, is_staff=True)


@pytest.fixture(autouse=True)
def delivery():
    make_location()
    make_shipping()
    make_tax()


FAULTS = {
    "M40 lost row": "ALTER TABLE payments_receivedmoney DISABLE TRIGGER append_only; DELETE FROM payments_receivedmoney",
    "M40 other amount": (
        "ALTER TABLE payments_receivedmoney DISABLE TRIGGER append_only; "
        "UPDATE payments_receivedmoney SET amount_minor = amount_minor + 1"
    ),
    "M40 other account": (
        "ALTER TABLE payments_receivedmoney DISABLE TRIGGER append_only; "
        "UPDATE payments_receivedmoney SET account = 'cash'"
    ),
    "M41 canceled order": (
        "UPDATE orders_order SET status = 'canceled', cancel_reason = 'staff' WHERE payment_method = 'invoice'"
    ),
    "M41 nothing expected": "UPDATE payments_payment SET status = 'captured' WHERE status = 'agreed'",
    "M41 no payment": "UPDATE payments_payment SET status = 'canceled' WHERE status = 'processing'",
    "M42 never sent": "UPDATE payments_refund SET status = 'succeeded' WHERE status = 'pending'",
    "M42 sent without books": (
        "UPDATE payments_refund SET status = 'succeeded', sent_on = current_date WHERE status = 'pending'"
    ),
    "M43 more credited": "UPDATE payments_payment SET credited_minor = credited_minor + 1 WHERE method = 'invoice'",
}


def test_the_audit_names_each_planted_fault(owner):
    paid = make_transfer_order()
    receive(paid, 10000)
    ask_refund(paid, RefundChoice(goodwill_minor=2500), owner)
    receive(make_transfer_order(), 4000)
    invoice = make_invoice_order()
    receive(invoice, 4000)
    ask_refund(invoice, RefundChoice(goodwill_minor=1000), owner)
    assert run_audit() == []
    for fault, sql in FAULTS.items():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(sql)
            found = {finding.invariant.split()[0] for finding in run_audit()}
            transaction.set_rollback(True)
        assert fault.split()[0] in found, fault
