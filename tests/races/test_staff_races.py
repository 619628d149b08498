"""Staff correct, count and move stock while shoppers buy it: the counters stay those of the ledger."""

import threading
import uuid

import pytest
from django.db import connection, transaction

from catalog.errors import InsufficientStock, StockRefused
from catalog.inventory import Need, adjust, receive, receive_transfer, reserve, restock, send, set_on_hand, ship
from catalog.inventory.receiving import Delivery, receive_delivery
from catalog.inventory.stocktakes import count, open_stocktake, post
from catalog.models import Stock, StockMovement, Store, Transfer
from catalog.products.stock_alerts import ask_for_alert, send_low_stock_notices, send_stock_alerts
from shop.models import Mail
from shop.operations.audit import run_audit
from tests.catalog.purchases import arrivals, make_purchase, receive_purchase
from tests.factories import make_location, make_variant, stock_of

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 3


@pytest.fixture
def together(at_once):
    """At once, and only after every thread has its connection: opening one takes longer than a verb."""

    def run(*functions):
        barrier = threading.Barrier(len(functions))

        def connected(function):
            def body():
                connection.ensure_connection()
                barrier.wait(30)
                return function()

            return body

        return at_once(*(connected(function) for function in functions))

    return run


def buyer(number, variant, quantity=1):
    return lambda: reserve(f"R-{number}", [Need(number, variant.pk, quantity)])


def shipping_buyer(number, variant):
    def buy():
        reserve(f"R-{number}", [Need(number, variant.pk, 1)])
        ship(f"R-{number}", {number: 1})

    return buy


def kinds_of(results) -> dict[str, int]:
    """How many threads did it, and how many got which error."""
    names = ["done" if not isinstance(result, Exception) else type(result).__name__ for result in results]
    return {name: names.count(name) for name in names}


def stock_findings() -> list[str]:
    return [str(finding) for finding in run_audit() if finding.invariant.startswith(("S1", "S2", "S3 ", "S4"))]


@pytest.mark.fault("F005")
def test_setting_three_while_five_are_held_stands_as_a_shortfall_of_two(together):
    variant = make_variant(on_hand=5)
    reserve("A1", [Need(1, variant.pk, 5)])
    main = make_location()
    results = together(
        lambda: set_on_hand(variant.pk, main, 3, reason="count"),
        *(buyer(100 + n, variant) for n in range(12)),
    )
    assert results[0] is True
    assert kinds_of(results[1:]) == {"InsufficientStock": 12}
    assert Stock.objects.values_list("on_hand", "reserved", "shortfall").get() == (3, 5, 2)
    assert stock_findings() == []


@pytest.mark.fault("F005")
def test_corrections_and_buyers_at_once_leave_every_promise_and_name_what_is_missing(together):
    variant = make_variant(on_hand=17)
    reserve("A1", [Need(1, variant.pk, 5)])
    main = make_location()
    corrections = [lambda: adjust(variant.pk, main, -7, reason="broken") for _ in range(2)]
    results = together(*corrections, *(buyer(100 + n, variant) for n in range(14)))
    assert kinds_of(results[:2]) == {"done": 2}
    bought = results[2:].count(None)
    assert sum(isinstance(result, InsufficientStock) for result in results[2:]) == 14 - bought
    assert bought <= 12
    held = 5 + bought
    assert Stock.objects.values_list("on_hand", "reserved", "shortfall").get() == (3, held, held - 3)
    assert stock_findings() == []


def test_corrections_that_would_go_below_zero_together_are_refused_one_by_one(together):
    variant = make_variant(on_hand=5)
    main = make_location()
    results = together(*(lambda: adjust(variant.pk, main, -2, reason="broken") for _ in range(8)))
    assert kinds_of(results) == {"done": 2, "StockRefused": 6}
    assert stock_of(variant) == (1, 0)


def test_a_count_while_twenty_buyers_buy_and_orders_ship_corrects_what_is_missing_and_nothing_else(together):
    main = make_location()
    for number in range(ROUNDS):
        variant = make_variant(on_hand=30)
        stocktake = open_stocktake(main, [variant.pk])

        def count_two_too_few(variant=variant, stocktake=stocktake):
            with transaction.atomic():
                # Nobody carries anything away between looking and writing down.
                there = Stock.objects.select_for_update().get(variant=variant).on_hand
                count(stocktake, {variant.pk: there - 2})
            return post(stocktake)

        results = together(count_two_too_few, *(shipping_buyer(1000 * (number + 1) + n, variant) for n in range(20)))
        assert results == [1] + [None] * 20
        assert stock_of(variant) == (8, 0)
        assert stocktake.lines.get().variance == -2
    assert stock_findings() == []


def test_a_count_posted_by_eight_at_once_corrects_once(together):
    main = make_location()
    for _ in range(ROUNDS):
        variant = make_variant(on_hand=100)
        stocktake = open_stocktake(main, [variant.pk])
        count(stocktake, {variant.pk: 98})
        results = together(*(lambda stocktake=stocktake: post(stocktake) for _ in range(8)))
        assert kinds_of(results) == {"done": 1, "StockRefused": 7}
        assert stock_of(variant) == (98, 0)


def test_a_transfer_received_by_eight_at_once_arrives_once(together):
    main, second = make_location(), make_location("second", 20)
    for _ in range(ROUNDS):
        variant = make_variant(on_hand=10)
        transfer = send({variant.pk: 4}, source=main, destination=second)
        received = {transfer.lines.get().pk: 4}
        results = together(
            *(lambda transfer=transfer, received=received: receive_transfer(transfer, received) for _ in range(8))
        )
        assert kinds_of(results) == {"done": 1, "StockRefused": 7}
        assert Stock.objects.get(variant=variant, location=second).on_hand == 4
        assert StockMovement.objects.filter(variant=variant, kind="arrived").count() == 1


def test_a_part_of_a_transfer_confirmed_by_eight_at_once_arrives_once(together):
    main, second = make_location(), make_location("second", 20)
    for _ in range(ROUNDS):
        variant = make_variant(on_hand=10)
        transfer = send({variant.pk: 9}, source=main, destination=second)
        line = transfer.lines.get().pk
        results = together(*(lambda t=transfer, n=line: receive_transfer(t, {n: 1}, seen={n: 9}) for _ in range(8)))
        assert kinds_of(results) == {"done": 1, "StockRefused": 7}
        assert Stock.objects.get(variant=variant, location=second).on_hand == 1


def test_a_delivery_submitted_by_eight_at_once_is_received_once(together):
    main = make_location()
    for _ in range(ROUNDS):
        variant = make_variant(on_hand=0)
        delivery = Delivery(main, "EUR", key=uuid.uuid4())
        arrived = arrivals({variant.pk: 4})
        results = together(*(lambda d=delivery, a=arrived: receive_delivery(d, a).pk for _ in range(8)))
        assert len(set(results)) == 1
        assert stock_of(variant) == (4, 0)


def test_eight_deliveries_of_one_purchase_order_at_once_receive_it_once(together):
    for _ in range(ROUNDS):
        variant = make_variant(on_hand=0)
        purchase = make_purchase({variant.pk: 4})
        results = together(*(lambda p=purchase, v=variant: receive_purchase(p, {v.pk: 4}) for _ in range(8)))
        assert kinds_of(results) == {"done": 1, "StockRefused": 7}
        assert (stock_of(variant), purchase.lines.get().received) == ((4, 0), 4)


def test_parts_of_a_transfer_that_arrive_at_once_are_all_counted(together):
    main, second = make_location(), make_location("second", 20)
    variant = make_variant(on_hand=20)
    transfer = send({variant.pk: 10}, source=main, destination=second)
    line = transfer.lines.get()
    results = together(*(lambda: receive_transfer(transfer, {line.pk: 3}) for _ in range(6)))
    assert kinds_of(results) == {"done": 3, "StockRefused": 3}
    line.refresh_from_db()
    assert (line.received, line.in_transit) == (9, 1)
    assert Stock.objects.get(variant=variant, location=second).on_hand == 9


@pytest.mark.fault("F002")
def test_transfers_both_ways_and_buyers_never_wait_in_a_circle(together):
    main, second = make_location(), make_location("second", 20)
    variants = [make_variant(on_hand=1000) for _ in range(8)]
    for variant in variants:
        receive(variant.pk, second, 1000)

    def move(number):
        order = variants[number % 8 :] + variants[: number % 8]
        order = order[::-1] if number % 2 else order
        source, destination = (main, second) if number % 4 < 2 else (second, main)

        def there_and_back():
            for _ in range(2):
                sent = send({variant.pk: 1 for variant in order}, source=source, destination=destination)
                receive_transfer(sent, {line.pk: 1 for line in sent.lines.all()})

        return there_and_back

    def buy(number):
        order = variants[::-1] if number % 2 else variants
        return lambda: reserve(
            f"R-{number}", [Need(100 * number + i, variant.pk, 1) for i, variant in enumerate(order)]
        )

    results = together(*(move(n) for n in range(12)), *(buy(n) for n in range(6)))
    assert results == [None] * 18
    assert [stock_of(variant) for variant in variants] == [(2000, 6)] * 8
    rows = Stock.objects.filter(location=second).values_list("on_hand", flat=True)
    assert list(rows) == [1000] * 8  # as many went as came
    assert Transfer.objects.filter(status="received").count() == 24
    assert stock_findings() == []


def test_the_last_free_units_are_sold_or_sent_away_and_never_both(together):
    main, second = make_location(), make_location("closed", 20)
    second.is_active = False
    second.save()
    variant = make_variant(on_hand=10)
    senders = [lambda: send({variant.pk: 2}, source=main, destination=second) for _ in range(6)]
    results = together(*senders, *(buyer(n, variant, 2) for n in range(6)))
    sent = sum(isinstance(result, Transfer) for result in results[:6])
    bought = results[6:].count(None)
    assert sent + bought == 5
    refused = {type(result) for result in results if isinstance(result, Exception)}
    assert refused <= {StockRefused, InsufficientStock}
    assert Stock.objects.values_list("on_hand", "reserved", "shortfall").get() == (10 - 2 * sent, 2 * bought, 0)


@pytest.mark.fault("F012")
def test_shipped_units_are_returned_once_even_to_different_locations(together):
    places = [make_location(), *(make_location(f"place-{n}", 20 + n) for n in range(7))]
    for number in range(ROUNDS):
        variant = make_variant(on_hand=5)
        for place in places[1:]:
            receive(variant.pk, place, 1)
        reserve(f"R-{number}", [Need(number, variant.pk, 2)])
        ship(f"R-{number}", {number: 2})
        back = Need(number, variant.pk, 2)
        results = together(*(lambda place=place, back=back: restock(f"R-{back.line}", back, place) for place in places))
        assert kinds_of(results) == {"done": 1, "StockRefused": 7}
        assert stock_of(variant) == (12, 0)


def test_one_low_stock_mail_is_written_however_many_workers_look(together):
    Store.objects.update_or_create(pk=1, defaults={"contact_email": "stock@example.com"})
    for _ in range(2):
        make_variant(on_hand=1)
    results = together(*[send_low_stock_notices] * 6)
    assert kinds_of(results) == {"done": 6}
    assert list(Mail.objects.values_list("subject", flat=True)) == ["Low stock: 2 variants"]


def test_everybody_who_waits_is_written_to_once_however_many_workers_look(together):
    variant = make_variant(on_hand=1)
    for number in range(20):
        ask_for_alert(variant, f"shopper{number}@example.com")
    results = together(*[send_stock_alerts] * 6)
    assert sum(results) == 20
    assert Mail.objects.count() == 20
