"""Migrating back and forth again keeps the data of orders."""

import pytest
from django.core.management import call_command

from orders.models import Order, OrderLine, ShippingRate
from shop.operations.audit import run_audit
from tests.factories import make_order, make_shipping, make_tax, make_variant
from tests.replaced_migrations import migrate_by_replaced

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.full]


ODD_ADDRESSES = ("anna@example.com", "Anna+1@Example.COM", '"a@b"@example.com', '"a+b"@example.com', "+x@example.com")


@pytest.fixture
def back_and_forth():
    """Run the migrations back to the state before promotions and gift cards, and forth again."""

    def run() -> None:
        migrate_by_replaced(("payments", "0003_zero_sum"))
        migrate_by_replaced(("orders", "0002_append_only"))
        call_command("migrate", verbosity=0)

    yield run
    call_command("migrate", verbosity=0)


def order_rows() -> list:
    orders = Order.objects.order_by("pk").values_list("number", "tax_minor", "total_minor", "taxes", "customer_key")
    lines = OrderLine.objects.order_by("pk").values_list("quantity", "tax_percent", "tax_minor", "total_minor")
    return [*orders, *lines, *ShippingRate.objects.order_by("pk").values_list("method__code", "price_minor")]


def test_migrating_back_and_forth_keeps_orders(back_and_forth):
    make_shipping(price_minor=690)
    make_tax()
    make_tax(percent="7", tax_class="reduced")
    make_order(make_variant(2400), quantity=2)
    for email in ODD_ADDRESSES:
        make_order(make_variant(900, tax_class="reduced"), email=email)
    before = order_rows()
    assert before[0][3] == [{"percent": "19", "base_minor": 4613, "tax_minor": 877}]
    assert before[1][3] == [{"percent": "7", "base_minor": 1486, "tax_minor": 104}]
    back_and_forth()
    assert order_rows() == before
    assert before[-1] == ("standard", 690)
    assert run_audit() == []
