"""Stocktakes: stock is counted while the shop keeps selling, and the differences are posted."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.errors import StockRefused
from catalog.inventory import (
    Need,
    adjust,
    receive,
    reserve,
    ship,
)
from catalog.inventory.stocktakes import cancel, count, open_stocktake, post
from catalog.models import (
    Stock,
    StockMovement,
    Stocktake,
)
from tests.catalog.stock_rows import movements_of, on_hand
from tests.factories import make_location, make_user, make_variant, stock_of
from tests.reading import form_of

pytestmark = pytest.mark.django_db


def test_posting_corrects_the_difference_once(main):
    short, right, uncounted = make_variant(on_hand=10), make_variant(on_hand=4), make_variant(on_hand=7)
    stocktake = open_stocktake(main)
    count(stocktake, {short.pk: 8, right.pk: 4})
    variances = dict(stocktake.lines.values_list("variant_id", "counted"))
    assert variances == {short.pk: 8, right.pk: 4, uncounted.pk: None}
    assert {line.variant_id: line.variance for line in stocktake.lines.all()} == {
        short.pk: -2,
        right.pk: 0,
        uncounted.pk: None,
    }
    assert post(stocktake) == 1
    assert [stock_of(variant)[0] for variant in (short, right, uncounted)] == [8, 4, 7]
    assert movements_of(f"stocktake:{stocktake.pk}") == [("adjusted", "main", -2)]

    with pytest.raises(StockRefused, match="already posted"):
        post(stocktake)
    with pytest.raises(StockRefused, match="already posted"):
        count(stocktake, {short.pk: 1})
    with pytest.raises(StockRefused, match="already posted"):
        cancel(stocktake)
    assert stock_of(short) == (8, 0)


def test_sales_before_and_after_counting_make_no_difference(main):
    variant = make_variant(on_hand=10)
    reserve("A1", [Need(1, variant.pk, 2)])
    reserve("A2", [Need(2, variant.pk, 3)])
    stocktake = open_stocktake(main)
    ship("A1", {1: 2})
    count(stocktake, {variant.pk: 7})  # 8 should be there
    ship("A2", {2: 3})
    assert post(stocktake) == 1
    line = stocktake.lines.get()
    assert (line.frozen, line.expected, line.counted, line.variance) == (10, 8, 7, -1)
    assert stock_of(variant) == (4, 0)


def test_counting_again_replaces_the_number_and_its_time(main):
    variant = make_variant(on_hand=10)
    stocktake = open_stocktake(main)
    count(stocktake, {variant.pk: 3})
    receive(variant.pk, main, 5)
    count(stocktake, {variant.pk: 14})
    assert post(stocktake) == 1
    assert stock_of(variant) == (14, 0)


def test_counting_an_unexpected_variant_adds_a_line(main, second):
    expected = make_variant(on_hand=3)
    stranger = make_variant(on_hand=0)
    receive(stranger.pk, second, 2)
    stocktake = open_stocktake(main, [expected.pk, stranger.pk])
    assert stocktake.lines.get().variant == expected
    count(stocktake, {stranger.pk: 1})
    assert post(stocktake) == 1
    assert (on_hand(stranger, main), on_hand(stranger, second)) == (1, 2)


def test_only_the_chosen_variants_are_counted(main):
    chosen, _other = make_variant(on_hand=3), make_variant(on_hand=3)
    assert open_stocktake(main, [chosen.pk]).lines.get().variant == chosen


def test_a_negative_count_is_refused(main):
    variant = make_variant(on_hand=3)
    stocktake = open_stocktake(main)
    with pytest.raises(StockRefused, match="cannot be negative"):
        count(stocktake, {variant.pk: -1})
    assert stocktake.lines.get().counted is None


def test_a_correction_below_zero_is_refused_and_the_stocktake_stays_open(main):
    fine, gone = make_variant(on_hand=5), make_variant(on_hand=5)
    stocktake = open_stocktake(main)
    count(stocktake, {fine.pk: 6, gone.pk: 1})
    adjust(gone.pk, main, -3, reason="broken")
    with pytest.raises(StockRefused, match=f"Only 2 of {gone} are on hand now. Count it again."):
        post(stocktake)
    assert (stock_of(fine), stock_of(gone)) == ((5, 0), (2, 0))
    stocktake.refresh_from_db()
    assert (stocktake.status, stocktake.posted_at) == ("open", None)


def test_a_count_below_the_promised_units_is_recorded_as_shortfall(main):
    variant = make_variant(on_hand=5)
    reserve("A1", [Need(1, variant.pk, 4)])
    stocktake = open_stocktake(main)
    count(stocktake, {variant.pk: 3})
    post(stocktake)
    assert Stock.objects.values_list("on_hand", "reserved", "shortfall").get() == (3, 4, 1)


def test_a_canceled_stocktake_corrects_nothing_and_cannot_be_posted(main):
    variant = make_variant(on_hand=5)
    stocktake = open_stocktake(main)
    count(stocktake, {variant.pk: 1})
    cancel(stocktake)
    assert stock_of(variant) == (5, 0)
    with pytest.raises(StockRefused, match="already canceled"):
        post(stocktake)
    assert StockMovement.objects.filter(kind="adjusted").count() == 0


def test_a_variant_cannot_be_in_two_open_stocktakes():
    variant = make_variant(on_hand=10)
    first, second = open_stocktake(make_location()), open_stocktake(make_location())
    count(first, {variant.pk: 8})
    with pytest.raises(StockRefused, match=f"is already being counted in Count {first.pk}"):
        count(second, {variant.pk: 8})
    post(first)
    count(second, {variant.pk: 8})
    assert post(second) == 0
    assert stock_of(variant) == (8, 0)


def test_a_form_that_is_sent_twice_opens_one_count(client, main):
    staff = make_user(is_staff=True, is_superuser=True)
    client.force_login(staff)
    make_variant(on_hand=3)
    fields = form_of(client.get("/admin/catalog/stocktake/add/"))
    answers = [client.post("/admin/catalog/stocktake/add/", fields) for _ in range(2)]
    stocktake = Stocktake.objects.get()
    assert {answer.url for answer in answers} == {f"/admin/catalog/stocktake/{stocktake.pk}/change/"}
    assert (stocktake.lines.count(), LogEntry.objects.count()) == (1, 1)


def test_posting_takes_as_many_queries_for_many_lines_as_for_few(main):
    numbers = []
    for lines in (1, 12):
        variants = [make_variant(on_hand=5) for _ in range(lines)]
        stocktake = open_stocktake(main, [variant.pk for variant in variants])
        count(stocktake, {variant.pk: 4 for variant in variants})
        with CaptureQueriesContext(connection) as queries:
            assert post(stocktake) == lines
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


def test_posting_refuses_a_level_below_zero_and_corrects_nothing(main):
    short, fine = make_variant(on_hand=5), make_variant(on_hand=5)
    stocktake = open_stocktake(main)
    count(stocktake, {short.pk: 0, fine.pk: 3})
    adjust(short.pk, main, -3, reason="broken")
    with pytest.raises(StockRefused, match="Only 2 of .* are on hand now. Count it again."):
        post(stocktake)
    assert (stock_of(short), stock_of(fine)) == ((2, 0), (5, 0))
