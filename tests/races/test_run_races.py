"""Imports and bulk edits are written while shoppers buy the same products and parcels leave the house."""

import threading
import time
from copy import deepcopy

import pytest
from django.db import connection, transaction

from catalog.importing import apply
from catalog.importing.apply import Author, apply_changes, default_target
from catalog.importing.plan import plan_changes
from catalog.importing.runs import apply_now, keep_plan, start, undo_now, work_waiting
from catalog.inventory import Need, reserve, ship
from catalog.models import Listing, Product, Run, Stock
from catalog.products.document import read_documents
from shop.operations.audit import run_audit
from tests.factories import make_variant, stock_of
from tests.reading import form_of, text_of

pytestmark = pytest.mark.django_db(transaction=True)


def wait_for_somebody_waiting(seconds: float = 5) -> None:
    """Wait until another connection waits for a lock, or return after a while if none does."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_locks AS held"
                " JOIN pg_database ON pg_database.oid = held.database WHERE datname = current_database())"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)


def plan_for(*variants, **fields):
    """A plan that sets these fields of the variant of each product, or removes all variants if there are none."""
    shop = default_target()
    pairs = []
    for variant in variants:
        handle = variant.product.handle
        before = read_documents([handle], shop.market, shop.location)[handle]
        after = deepcopy(before)
        after["product"]["vendor"] = "Alma"
        after["variants"] = {key: {**old, **fields} for key, old in before["variants"].items() if fields}
        pairs.append((before, after))
    return plan_changes(pairs, shop.market)


def held_run(*variants, **fields) -> Run:
    return keep_plan(plan_for(*variants, **fields), Run.Kind.BULK, "race")


def test_units_that_ship_while_a_run_is_applied_are_not_restored(at_once):
    variant = make_variant(on_hand=10)
    run = held_run(variant, on_hand=12)
    reserve("R-1", [Need(1, variant.pk, 1)])
    has_shipped = threading.Event()

    def send_parcel():
        with transaction.atomic():
            ship("R-1", {1: 1})
            has_shipped.set()
            wait_for_somebody_waiting()

    def work():
        has_shipped.wait(10)
        start(run)
        return work_waiting()

    assert at_once(send_parcel, work) == [None, 1]
    run.refresh_from_db()
    assert (run.status, run.error) == ("failed", f"The stock of {variant} was 10 and is now 9. Please check it again.")
    assert stock_of(variant) == (9, 0)
    assert run_audit() == []


def test_taking_a_run_back_does_not_bring_back_what_shipped_while_it_was_written(at_once):
    variant = make_variant(on_hand=10)
    run = held_run(variant, low_stock_at=3)
    reserve("R-1", [Need(1, variant.pk, 1)])
    is_held = threading.Event()

    def send_parcel():
        with transaction.atomic():
            list(Listing.objects.select_for_update())  # the run stops here, after it has read the stock
            is_held.set()
            wait_for_somebody_waiting()
            ship("R-1", {1: 1})

    def work():
        is_held.wait(10)
        return apply_now(run).status

    assert at_once(send_parcel, work) == [None, "applied"]
    assert stock_of(variant) == (9, 0)
    undo_now(run)
    assert stock_of(variant) == (9, 0)


def test_a_variant_that_is_bought_while_it_is_retired_keeps_its_promised_units(at_once):
    variant = make_variant(on_hand=10)
    run = held_run(variant)
    has_bought = threading.Event()

    def buy():
        with transaction.atomic():
            reserve("R-1", [Need(1, variant.pk, 1)])
            has_bought.set()
            wait_for_somebody_waiting()

    def work():
        has_bought.wait(10)
        return apply_now(run).status

    assert at_once(buy, work) == [None, "applied"]
    assert Stock.objects.values_list("on_hand", "reserved", "shortfall").get() == (10, 1, 0)
    ship("R-1", {1: 1})


def test_a_run_of_several_batches_and_a_shopper_never_wait_in_a_circle(at_once, monkeypatch):
    monkeypatch.setattr(apply, "BATCH", 1)
    first, second = make_variant(on_hand=10), make_variant(on_hand=10)
    changes = plan_for(second, first, on_hand=12).changes
    is_half_done = threading.Event()

    def on_progress(done, _total):
        if done == 1:
            is_half_done.set()
            wait_for_somebody_waiting(2)

    def work():
        apply_changes(changes, default_target(), Author("import"), on_progress=on_progress)

    def buy():
        is_half_done.wait(10)
        reserve("R-1", [Need(1, first.pk, 1), Need(2, second.pk, 1)])

    assert at_once(work, buy) == [None, None]
    assert [stock_of(variant) for variant in (first, second)] == [(12, 1), (12, 1)]


def test_two_runs_with_the_same_products_in_another_order_never_wait_in_a_circle(at_once, monkeypatch):
    monkeypatch.setattr(apply, "BATCH", 1)
    first, second = make_variant(), make_variant()
    there, back = plan_for(first, second, grams=5).changes, plan_for(second, first, grams=5).changes
    both = threading.Barrier(2)

    def work(changes):
        def on_progress(_done, _total):
            try:
                both.wait(1)
            except threading.BrokenBarrierError:  # the other one waits for us from the beginning
                return

        return lambda: apply_changes(changes, default_target(), Author("import"), on_progress=on_progress)

    results = at_once(work(there), work(back))
    assert sorted(type(result).__name__ for result in results) == ["CatalogueMoved", "list"]
    assert set(Product.objects.values_list("vendor", flat=True)) == {"Alma"}


def test_units_that_ship_while_the_product_form_is_saved_are_not_restored(at_once, client, staff):
    variant = make_variant(on_hand=10)
    url = f"/admin/catalog/product/{variant.product_id}/change/"
    fields = form_of(client.get(url), id="product_form")
    reserve("R-1", [Need(1, variant.pk, 1)])
    has_shipped = threading.Event()

    def send_parcel():
        with transaction.atomic():
            ship("R-1", {1: 1})
            has_shipped.set()
            wait_for_somebody_waiting()

    def save():
        has_shipped.wait(10)
        return client.post(url, {**fields, "variants-0-on_hand": "12"}, follow=True)

    _, answer = at_once(send_parcel, save)
    assert f"Nothing was saved. The stock of {variant} was 10 and is now 9. Please check it again." in text_of(answer)
    assert stock_of(variant) == (9, 0)
