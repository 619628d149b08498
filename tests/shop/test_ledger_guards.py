"""Changes of ledgers that the database itself refuses."""

import pytest
from django.db import IntegrityError, connection, transaction

from catalog.models import StockMovement
from orders.models import OrderEvent
from payments.models import Journal, Posting
from payments.sessions import start_payment
from payments.settlement import settle
from tests.factories import make_order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    return order


@pytest.mark.parametrize("model", [StockMovement, OrderEvent, Journal, Posting])
def test_ledgers_can_only_grow(order, model):
    row = model.objects.first()
    before = model.objects.count()
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {model._meta.db_table} SET id = id + 100 WHERE id = %s", [row.pk])
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE id = %s", [row.pk])
    assert model.objects.count() == before


def test_a_journal_that_does_not_sum_to_zero_is_not_committed(order):
    with pytest.raises(IntegrityError, match="not to zero"), transaction.atomic():
        journal = Journal.objects.create(kind="sale", provider_ref="x", order=order, currency="EUR")
        Posting.objects.create(journal=journal, account="sales", amount_minor=5)
    assert Journal.objects.filter(provider_ref="x").count() == 0
