"""Staff correct an order while others ship it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction

from orders.editing import Edit, NewAddress, correct_address, version_of
from orders.errors import EditRefused, OrderChanged
from orders.fulfillment import NewFulfillment, ship
from orders.lifecycle import confirm
from orders.models import Order
from tests.factories import make_order, make_variant
from tests.races.waiting import closing, wait_for_lock_or_end

pytestmark = pytest.mark.django_db(transaction=True)

NEW = NewAddress("Anna Peeters", "Kraanlei 21", "", "10115", "Berlin")


def correct_while_shipping(order: Order, edit: Edit) -> BaseException | None:
    """Correct the address while a transaction that ships the parcel is open; return the error."""
    is_shipped, may_commit = threading.Event(), threading.Event()
    parcel = NewFulfillment({order.lines.get().pk: 1})

    def ship_it() -> None:
        with transaction.atomic():
            ship(order, parcel)
            is_shipped.set()
            may_commit.wait(30)

    with ThreadPoolExecutor(2) as pool:
        shipping = pool.submit(closing(ship_it))
        assert is_shipped.wait(30)
        correcting = pool.submit(closing(lambda: correct_address(order, NEW, edit)))
        wait_for_lock_or_end(correcting)
        may_commit.set()
        shipping.result(30)
        return correcting.exception(30)


def test_an_address_that_is_corrected_while_the_parcel_is_shipped_stays():
    order = make_order(make_variant(on_hand=9))
    confirm(order)
    error = correct_while_shipping(order, Edit(None))
    assert (type(error), Order.objects.get().line1) == (EditRefused, "Kraanlei 12")


def test_staff_are_told_about_a_parcel_that_was_shipped_while_they_corrected_the_address():
    order = make_order(make_variant(on_hand=9), quantity=2)
    confirm(order)
    error = correct_while_shipping(order, Edit(None, version_of(order)))
    assert isinstance(error, OrderChanged)
    assert [event.text for event in error.events] == ["Handed to the carrier"]
