"""Purging deletes old rows in small batches and keeps rows that are still in use."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ThrottleCounter
from catalog.listings import outdated_marks
from catalog.models import CategoryChange
from orders.cart import add_to_cart
from orders.models import Cart, CartLine
from shop.mail.outbox import drop_bodies, old_bodies
from shop.models import Mail
from shop.operations.purge import in_batches, purge
from tests.factories import make_cart, make_variant

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = timezone.now() - timedelta(days=100)


def make_old_carts(count: int) -> list[Cart]:
    variant = make_variant(on_hand=90)
    carts = [make_cart(variant) for _ in range(count)]
    Cart.objects.update(updated_at=LONG_AGO)
    return carts


def test_old_carts_go_in_batches_each_in_a_transaction_of_its_own():
    make_old_carts(5)
    with CaptureQueriesContext(connection) as captured:
        assert in_batches(Cart.objects.all(), lambda rows: rows.delete()[1]["orders.Cart"], size=2) == 5
    assert [query["sql"] for query in captured].count("COMMIT") == 3
    assert (Cart.objects.count(), CartLine.objects.count()) == (0, 0)


def test_a_run_that_is_interrupted_has_done_what_it_has_done():
    make_old_carts(5)
    batches = []

    def interrupted(rows) -> int:
        batches.append(rows.delete())
        if len(batches) == 2:
            raise KeyboardInterrupt
        return 1

    with pytest.raises(KeyboardInterrupt):
        in_batches(Cart.objects.all(), interrupted, size=2)
    assert Cart.objects.count() == 3  # the second batch was taken back
    assert "3 carts" in purge()


def test_a_cart_that_is_opened_while_it_is_being_purged_stays():
    first, second = sorted(make_old_carts(2), key=lambda cart: cart.pk)
    old = Cart.objects.filter(updated_at__lt=timezone.now() - timedelta(days=30))

    def opened_between(rows) -> int:
        add_to_cart(Cart.objects.get(pk=second.pk), make_variant(), 1)
        return rows.delete()[0]

    in_batches(old, opened_between, size=1)
    assert list(Cart.objects.values_list("pk", flat=True)) == [second.pk]


def test_a_row_that_somebody_holds_is_left_for_the_next_time(at_once):
    held, other = make_old_carts(2)
    with transaction.atomic():
        Cart.objects.select_for_update().get(pk=held.pk)
        assert "1 carts" in at_once(purge)[0]
    assert list(Cart.objects.values_list("pk", flat=True)) == [held.pk]
    assert "1 carts" in purge()
    assert not Cart.objects.filter(pk=other.pk).exists()


def test_mails_counters_and_marks_go_in_batches_too():
    Mail.objects.bulk_create(
        Mail(
            message_id=f"<{n}>",
            sender="a",
            recipients=["b"],
            subject="c",
            body="d",
            status="sent",
            next_try_at=LONG_AGO,
        )
        for n in range(5)
    )
    Mail.objects.update(created_at=LONG_AGO)
    assert in_batches(old_bodies(90), drop_bodies, size=2) == 5
    assert set(Mail.objects.values_list("body", "subject")) == {("", "")}
    ThrottleCounter.objects.bulk_create(ThrottleCounter(key=str(n), window_start=LONG_AGO) for n in range(5))
    assert "5 counters" in purge()
    CategoryChange.objects.all().delete()
    CategoryChange.objects.bulk_create(CategoryChange(category_id=n % 2) for n in range(6))
    last = list(CategoryChange.objects.order_by("-pk").values_list("pk", flat=True)[:2])
    in_batches(outdated_marks(), lambda rows: rows.delete()[0], size=2)
    assert list(CategoryChange.objects.order_by("-pk").values_list("pk", flat=True)) == last
