"""Every test finds the database as the migrations left it, whatever ran before it."""

import pytest
from django.core.management import call_command

from catalog.models import Product
from orders.models import RulesMark
from payments.models import RefundLimit
from tests.factories import make_variant


def limits() -> list[tuple[str, str, int]]:
    return list(RefundLimit.objects.order_by("pk").values_list("role__name", "currency", "amount_minor"))


@pytest.mark.django_db(transaction=True)
def test_emptying_the_tables_brings_back_what_the_migrations_wrote():
    before = limits(), RulesMark.objects.count()
    assert before[0]
    assert before[1] == 1
    make_variant()
    RefundLimit.objects.update(amount_minor=1)
    RulesMark.objects.all().delete()
    call_command("flush", interactive=False, verbosity=0)
    assert (limits(), RulesMark.objects.count()) == before
    assert not Product.objects.exists()
