"""The migration that gives journals the tax by rate of their order."""

from importlib import import_module

import pytest
from django.db import connection

from orders.models import Order
from payments.models import Journal
from tests.factories import make_order

pytestmark = pytest.mark.django_db
FILL_TAXES = import_module("payments.migrations.0013_refund_requests").FILL_TAXES


def test_sales_get_the_taxes_of_their_order_and_what_cancels_them_the_negative_ones():
    taxes = [
        {"percent": "19", "base_minor": 1000, "tax_minor": 190},
        {"percent": "7", "base_minor": 200, "tax_minor": 14},
    ]
    sold, untaxed = make_order(), make_order()
    for order, rates in ((sold, taxes), (untaxed, [])):
        Order.objects.filter(pk=order.pk).update(taxes=rates)
    made = [(sold, "sale"), (sold, "capture"), (sold, "cancel"), (untaxed, "sale"), (untaxed, "cancel"), (None, "sale")]
    Journal.objects.bulk_create(
        Journal(order=order, kind=kind, currency="EUR", provider_ref=f"{number}")
        for number, (order, kind) in enumerate(made)
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(FILL_TAXES)
    negative = [{**tax, "base_minor": -tax["base_minor"], "tax_minor": -tax["tax_minor"]} for tax in taxes]
    filled = [journal.taxes for journal in Journal.objects.order_by("pk")]
    assert filled == [taxes, [], negative, [], [], []]
