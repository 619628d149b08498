"""Stock between two places, stock being counted, stock of the past, and the mails that stock sends."""

from datetime import UTC, date, datetime

import pytest
import time_machine

from catalog.errors import InsufficientStock, Shortage, StockRefused
from catalog.inventory import (
    Need,
    adjust,
    receive,
    receive_transfer,
    release,
    reserve,
    restock,
    send,
    set_backorders,
    set_levels,
    set_on_hand,
    ship,
)
from catalog.inventory.adjusting import Target
from catalog.inventory.availability import Supply, available_by_variant, supply_by_variant
from catalog.inventory.stocktakes import cancel, count, open_stocktake, post
from catalog.models import (
    LowStockNotice,
    Product,
    Reservation,
    Stock,
    StockAlert,
    StockMovement,
    Store,
    Transfer,
    Variant,
)
from catalog.products.stock_alerts import ask_for_alert, send_low_stock_notices, send_stock_alerts
from shop.models import Mail
from tests.catalog.movements import moved_until
from tests.factories import make_location, make_variant, stock_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def main():
    return make_location("main", 10)


@pytest.fixture
def second():
    return make_location("second", 20)


def on_hand(variant, location) -> int:
    return Stock.objects.get(variant=variant, location=location).on_hand


def line_of(transfer, variant):
    return transfer.lines.get(variant=variant)


def movements_of(reference) -> list[tuple[str, str, int]]:
    rows = StockMovement.objects.filter(reference=reference).order_by("pk")
    return list(rows.values_list("kind", "location__code", "on_hand_change"))


def test_what_is_sent_is_in_transit_and_at_neither_place(main, second):
    variant = make_variant(on_hand=10)
    transfer = send({variant.pk: 4}, source=main, destination=second)
    assert stock_of(variant) == (6, 0)
    assert available_by_variant([variant.pk]) == {variant.pk: 6}
    assert line_of(transfer, variant).in_transit == 4
    assert (transfer.status, transfer.received_at) == ("sent", None)


def test_a_part_that_arrives_leaves_the_rest_in_transit(main, second):
    variant = make_variant(on_hand=10)
    transfer = send({variant.pk: 4}, source=main, destination=second)
    answer = receive_transfer(transfer, {line_of(transfer, variant).pk: 3})
    assert (answer.status, answer.received_at) == ("sent", None)
    assert (on_hand(variant, main), on_hand(variant, second)) == (6, 3)
    assert line_of(transfer, variant).in_transit == 1

    answer = receive_transfer(transfer, {line_of(transfer, variant).pk: 1})
    assert answer.status == "received"
    assert on_hand(variant, second) == 4
    assert movements_of(f"transfer:{transfer.pk}") == [
        ("sent", "main", -4),
        ("arrived", "second", 3),
        ("arrived", "second", 1),
    ]


def test_what_has_not_come_when_a_transfer_is_complete_is_lost(main, second):
    whole, broken = make_variant(on_hand=5), make_variant(on_hand=5)
    transfer = send({whole.pk: 2, broken.pk: 3}, source=main, destination=second)
    received = {line_of(transfer, whole).pk: 2, line_of(transfer, broken).pk: 1}
    assert receive_transfer(transfer, received, is_complete=True).status == "received"
    lines = transfer.lines.order_by("pk").values_list("quantity", "received", "lost")
    assert list(lines) == [(2, 2, 0), (3, 1, 2)]
    assert stock_of(whole) == (5, 0)
    assert stock_of(broken) == (3, 0)


@pytest.mark.parametrize("arrived", [5, -1])
def test_more_than_is_in_transit_or_less_than_none_cannot_arrive(main, second, arrived):
    variant, other = make_variant(on_hand=10), make_variant(on_hand=10)
    transfer = send({other.pk: 1, variant.pk: 4}, source=main, destination=second)
    received = {line_of(transfer, other).pk: 1, line_of(transfer, variant).pk: arrived}
    with pytest.raises(StockRefused, match=f"4 of {variant} are in transit, so {arrived} cannot arrive"):
        receive_transfer(transfer, received)
    assert Stock.objects.filter(location=second).count() == 0
    assert [line.in_transit for line in transfer.lines.order_by("pk")] == [1, 4]


def test_units_promised_to_orders_are_not_sent_away(main, second):
    variant, other = make_variant(on_hand=5), make_variant(on_hand=5)
    reserve("A1", [Need(1, variant.pk, 3)])
    with pytest.raises(StockRefused, match=f"Only 2 of {variant} are available at main"):
        send({other.pk: 1, variant.pk: 3}, source=main, destination=second)
    assert (stock_of(variant), stock_of(other)) == ((5, 3), (5, 0))
    assert Transfer.objects.count() == 0
    send({variant.pk: 2}, source=main, destination=second)
    ship("A1", {1: 3})
    assert stock_of(variant) == (0, 0)


def test_a_backorder_limit_makes_no_units_that_could_be_sent_away(main, second):
    variant = make_variant(on_hand=2)
    set_on_hand(variant.pk, main, 2, reason="count", backorder_limit=5)
    reserve("A1", [Need(1, variant.pk, 4)])
    with pytest.raises(StockRefused, match="Only 0 of"):
        send({variant.pk: 1}, source=main, destination=second)


def test_a_transfer_needs_two_places(main):
    variant = make_variant(on_hand=5)
    with pytest.raises(StockRefused, match="two different locations"):
        send({variant.pk: 1}, source=main, destination=main)
    assert stock_of(variant) == (5, 0)


@pytest.mark.parametrize("units", [None, 0, -1])
def test_a_transfer_sends_a_positive_number(main, second, units):
    variant = make_variant(on_hand=5)
    with pytest.raises(StockRefused, match="must be positive"):
        send({} if units is None else {variant.pk: units}, source=main, destination=second)
    assert stock_of(variant) == (5, 0)


def test_a_transfer_that_was_received_is_not_received_again(main, second):
    variant = make_variant(on_hand=5)
    transfer = send({variant.pk: 2}, source=main, destination=second)
    received = {line_of(transfer, variant).pk: 2}
    receive_transfer(transfer, received)
    with pytest.raises(StockRefused, match="already been received"):
        receive_transfer(transfer, received)
    assert on_hand(variant, second) == 2


def test_the_difference_between_counted_and_books_is_corrected_once(main):
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


def test_sales_before_and_after_the_counting_are_no_difference(main):
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


def test_counting_again_replaces_the_number_and_the_moment(main):
    variant = make_variant(on_hand=10)
    stocktake = open_stocktake(main)
    count(stocktake, {variant.pk: 3})
    receive(variant.pk, main, 5)
    count(stocktake, {variant.pk: 14})
    assert post(stocktake) == 1
    assert stock_of(variant) == (14, 0)


def test_a_variant_that_nobody_expected_is_added_by_counting_it(main, second):
    expected = make_variant(on_hand=3)
    stranger = make_variant(on_hand=0)
    receive(stranger.pk, second, 2)
    stocktake = open_stocktake(main, [expected.pk, stranger.pk])
    assert stocktake.lines.get().variant == expected
    count(stocktake, {stranger.pk: 1})
    assert post(stocktake) == 1
    assert (on_hand(stranger, main), on_hand(stranger, second)) == (1, 2)


def test_only_the_asked_for_variants_are_counted(main):
    chosen, _other = make_variant(on_hand=3), make_variant(on_hand=3)
    assert open_stocktake(main, [chosen.pk]).lines.get().variant == chosen


def test_nobody_counts_fewer_than_none(main):
    variant = make_variant(on_hand=3)
    stocktake = open_stocktake(main)
    with pytest.raises(StockRefused, match="cannot be negative"):
        count(stocktake, {variant.pk: -1})
    assert stocktake.lines.get().counted is None


def test_a_correction_below_zero_is_refused_and_the_count_stays_open(main):
    fine, gone = make_variant(on_hand=5), make_variant(on_hand=5)
    stocktake = open_stocktake(main)
    count(stocktake, {fine.pk: 6, gone.pk: 1})
    adjust(gone.pk, main, -3, reason="broken")
    with pytest.raises(StockRefused, match="Only 2 are on hand"):
        post(stocktake)
    assert (stock_of(fine), stock_of(gone)) == ((5, 0), (2, 0))
    stocktake.refresh_from_db()
    assert (stocktake.status, stocktake.posted_at) == ("open", None)


def test_a_count_below_the_promises_stands_as_shortfall(main):
    variant = make_variant(on_hand=5)
    reserve("A1", [Need(1, variant.pk, 4)])
    stocktake = open_stocktake(main)
    count(stocktake, {variant.pk: 3})
    post(stocktake)
    assert Stock.objects.values_list("on_hand", "reserved", "shortfall").get() == (3, 4, 1)


def test_a_canceled_count_corrects_nothing_and_is_over(main):
    variant = make_variant(on_hand=5)
    stocktake = open_stocktake(main)
    count(stocktake, {variant.pk: 1})
    cancel(stocktake)
    assert stock_of(variant) == (5, 0)
    with pytest.raises(StockRefused, match="already canceled"):
        post(stocktake)
    assert StockMovement.objects.filter(kind="adjusted").count() == 0


def test_the_stock_of_any_past_moment_is_what_the_ledger_says(main, second):
    def at(hour: int) -> datetime:
        return datetime(2026, 3, 1, hour, tzinfo=UTC)

    with time_machine.travel(at(8), tick=False) as clock:
        variant, other = make_variant(on_hand=10), make_variant(on_hand=1)
        clock.move_to(at(9))
        reserve("A1", [Need(1, variant.pk, 4)])
        clock.move_to(at(10))
        ship("A1", {1: 3})
        clock.move_to(at(11))
        send({variant.pk: 2}, source=main, destination=second)
    here, away = (variant.pk, main.pk), (variant.pk, second.pk)
    assert moved_until(at(7)) == {}
    assert moved_until(at(8)) == {here: (10, 0), (other.pk, main.pk): (1, 0)}
    assert moved_until(at(9), [variant.pk]) == {here: (10, 4)}
    assert moved_until(at(10), [variant.pk]) == {here: (7, 1)}
    transfer = Transfer.objects.get()
    with time_machine.travel(at(12), tick=False):
        receive_transfer(transfer, {transfer.lines.get().pk: 2})
    assert moved_until(at(11), [variant.pk]) == {here: (5, 1)}
    assert moved_until(at(12), [variant.pk]) == {here: (5, 1), away: (2, 0)}


def test_a_whole_order_goes_from_the_one_place_that_can_send_it(main, second):
    first, other = make_variant(on_hand=5), make_variant(on_hand=1)
    receive(first.pk, second, 5)
    receive(other.pk, second, 2)
    reserve("A1", [Need(1, first.pk, 2), Need(2, other.pk, 2)])
    held = Reservation.objects.order_by("line").values_list("line", "location__code", "quantity")
    assert list(held) == [(1, "second", 2), (2, "second", 2)]


def test_lines_go_from_different_places_where_no_place_has_them_all(main, second):
    first, other = make_variant(on_hand=5), make_variant(on_hand=0)
    receive(other.pk, second, 2)
    reserve("A1", [Need(1, first.pk, 2), Need(2, other.pk, 2)])
    held = Reservation.objects.order_by("line").values_list("line", "location__code", "quantity")
    assert list(held) == [(1, "main", 2), (2, "second", 2)]


def test_two_lines_of_one_variant_count_together(main, second):
    variant = make_variant(on_hand=3)
    receive(variant.pk, second, 4)
    reserve("A1", [Need(1, variant.pk, 2), Need(2, variant.pk, 2)])
    held = Reservation.objects.order_by("line").values_list("line", "location__code", "quantity")
    assert list(held) == [(1, "second", 2), (2, "second", 2)]
    with pytest.raises(InsufficientStock) as caught:
        reserve("A2", [Need(3, variant.pk, 2), Need(4, variant.pk, 2)])
    assert caught.value.short == [Shortage(4, variant.pk, 2, 1)]
    assert stock_of(variant) == (7, 4)


def test_a_lowered_backorder_limit_leaves_its_promises_as_shortfall(main):
    variant = make_variant(on_hand=1)
    stock = Stock.objects.get(variant=variant)
    set_backorders(stock, limit=3, date=date(2040, 5, 1))
    assert supply_by_variant([variant.pk]) == {variant.pk: Supply(1, ((date(2040, 5, 1), 3),))}
    reserve("A1", [Need(1, variant.pk, 4)])
    assert supply_by_variant([variant.pk]) == {variant.pk: Supply(0)}
    with pytest.raises(InsufficientStock) as caught:
        reserve("A2", [Need(2, variant.pk, 1)])
    assert caught.value.short == [Shortage(2, variant.pk, 1, 0)]

    set_backorders(stock, limit=1, date=None)
    stock.refresh_from_db()
    assert (stock.on_hand, stock.reserved, stock.backorder_limit, stock.shortfall) == (1, 4, 1, 2)
    assert supply_by_variant([variant.pk]) == {variant.pk: Supply(0)}
    release("A1")
    stock.refresh_from_db()
    assert (stock.reserved, stock.shortfall) == (0, 0)


def test_backorders_are_shipped_only_when_the_goods_are_there(main):
    variant = make_variant(on_hand=1)
    set_levels({variant.pk: Target(1, 2)}, main, reason="import")
    reserve("A1", [Need(1, variant.pk, 3)])
    with pytest.raises(StockRefused, match="Less stock is on hand"):
        ship("A1", {1: 3})
    receive(variant.pk, main, 2)
    ship("A1", {1: 3})
    assert stock_of(variant) == (0, 0)


def test_levels_below_zero_are_refused_for_all_variants_together(main):
    fine, wrong = make_variant(on_hand=5), make_variant(on_hand=5)
    with pytest.raises(StockRefused, match="Only 5 are on hand"):
        set_levels({fine.pk: Target(9, 1), wrong.pk: Target(-1, 0)}, main, reason="import")
    assert (stock_of(fine), stock_of(wrong)) == ((5, 0), (5, 0))
    assert set_levels({fine.pk: Target(9, 1), wrong.pk: Target(5, 0)}, main, reason="import") == {fine.pk}


def test_what_came_back_to_another_place_counts_as_back(main, second):
    variant = make_variant(on_hand=5)
    reserve("A1", [Need(1, variant.pk, 3)])
    ship("A1", {1: 3})
    restock("A1", Need(1, variant.pk, 2), second)
    with pytest.raises(StockRefused, match="1 units of this line are out"):
        restock("A1", Need(1, variant.pk, 2), main)
    assert (on_hand(variant, main), on_hand(variant, second)) == (2, 2)


@pytest.fixture
def staff_address():
    Store.objects.update_or_create(pk=1, defaults={"contact_email": "stock@example.com"})
    return "stock@example.com"


def mails(kind: str) -> list[Mail]:
    return list(Mail.objects.filter(message_id__startswith=f"<{kind}.").order_by("pk"))


def test_staff_are_told_once_of_what_runs_low_and_again_after_it_was_filled_up(main, staff_address):
    low, plenty = make_variant(on_hand=5, title="Blue cup"), make_variant(on_hand=6)
    assert send_low_stock_notices() == 1
    mail = mails("low_stock")[0]
    assert (mail.recipients, mail.subject) == ([staff_address], "Low stock: 1 variant")
    assert f"Blue cup ({low.sku}): 5 available" in mail.body

    assert send_low_stock_notices() == 0
    reserve("A1", [Need(1, plenty.pk, 2)])
    assert send_low_stock_notices() == 1
    assert f"({plenty.sku}): 4 available" in mails("low_stock")[1].body

    receive(low.pk, main, 10)
    assert send_low_stock_notices() == 0
    assert list(LowStockNotice.objects.values_list("variant_id", flat=True)) == [plenty.pk]
    adjust(low.pk, main, -12, reason="broken")
    assert send_low_stock_notices() == 1
    assert [mail.subject for mail in mails("low_stock")] == ["Low stock: 1 variant"] * 3
    assert f"Blue cup ({low.sku}): 3 available" in mails("low_stock")[2].body


def test_everything_that_runs_low_together_is_one_mail(staff_address):
    for units in (1, 2, 3):
        make_variant(on_hand=units)
    make_variant(on_hand=0)  # was never in stock
    assert send_low_stock_notices() == 3
    assert [mail.subject for mail in mails("low_stock")] == ["Low stock: 3 variants"]


def test_drafts_and_what_is_not_counted_never_run_low(staff_address):
    draft = make_variant(on_hand=1)
    Product.objects.filter(pk=draft.product_id).update(status=Product.Status.DRAFT)
    make_variant(is_tracked=False)
    make_variant(on_hand=1, is_active=False)
    assert send_low_stock_notices() == 0
    assert mails("low_stock") == []


def test_what_ran_low_before_staff_had_an_address_is_told_when_they_have_one():
    Store.objects.update_or_create(pk=1, defaults={"contact_email": ""})
    make_variant(on_hand=1)
    assert send_low_stock_notices() == 0
    Store.objects.update(contact_email="stock@example.com")
    assert send_low_stock_notices() == 1
    assert len(mails("low_stock")) == 1


def test_everybody_who_waits_gets_one_mail_and_their_address_is_gone(main):
    variant, other = make_variant(on_hand=0, title="Blue cup"), make_variant(on_hand=0)
    for address in ("Anna@example.com", "anna@example.com", "bert@example.com"):
        ask_for_alert(variant, address)
    ask_for_alert(other, "anna@example.com")
    assert send_stock_alerts() == 0

    receive(variant.pk, main, 1)
    assert send_stock_alerts() == 2
    assert [(mail.recipients, mail.subject) for mail in mails("back_in_stock")] == [
        (["anna@example.com"], "Back in stock: Blue cup"),
        (["bert@example.com"], "Back in stock: Blue cup"),
    ]
    assert list(StockAlert.objects.values_list("variant_id", "email")) == [(other.pk, "anna@example.com")]
    assert send_stock_alerts() == 0


def test_who_asks_again_after_the_mail_is_written_to_again(main):
    variant = make_variant(on_hand=1)
    for _ in range(2):
        ask_for_alert(variant, "anna@example.com")
        assert send_stock_alerts() == 1
    assert len(mails("back_in_stock")) == 2


def test_units_that_others_hold_are_not_back(main):
    variant = make_variant(on_hand=1)
    reserve("A1", [Need(1, variant.pk, 1)])
    ask_for_alert(variant, "anna@example.com")
    assert send_stock_alerts() == 0
    release("A1")
    assert send_stock_alerts() == 1


def test_nobody_is_sent_to_a_page_that_does_not_open():
    variant = make_variant(on_hand=1)
    ask_for_alert(variant, "anna@example.com")
    Product.objects.filter(pk=variant.product_id).update(status=Product.Status.ARCHIVED)
    assert send_stock_alerts() == 0
    Product.objects.filter(pk=variant.product_id).update(status=Product.Status.ACTIVE)
    assert send_stock_alerts() == 1


def test_who_waits_for_what_is_not_counted_any_more_is_written_to():
    variant = make_variant(on_hand=0)
    ask_for_alert(variant, "anna@example.com")
    variant.is_tracked = False
    variant.save()
    assert send_stock_alerts() == 1


def test_thousands_of_variants_that_stay_out_of_stock_hide_none_that_is_back(main):
    gone = make_variant(on_hand=0)
    kept = [Variant(product=gone.product, option1=f"{n}", sku=f"K-{n}") for n in range(2000)]
    StockAlert.objects.bulk_create(
        StockAlert(variant=variant, email="anna@example.com") for variant in Variant.objects.bulk_create(kept)
    )
    for _ in range(5):
        ask_for_alert(make_variant(on_hand=1), "bert@example.com")
    assert send_stock_alerts() == 5
    assert StockAlert.objects.count() == 2000


def test_one_thing_is_not_counted_in_two_open_stocktakes():
    variant = make_variant(on_hand=10)
    first, second = open_stocktake(make_location()), open_stocktake(make_location())
    count(first, {variant.pk: 8})
    with pytest.raises(StockRefused, match=f"is already being counted in Stocktake {first.pk}"):
        count(second, {variant.pk: 8})
    post(first)
    count(second, {variant.pk: 8})
    assert post(second) == 0
    assert stock_of(variant) == (8, 0)
