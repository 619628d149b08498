"""Staff read stock movements in words, filtered and page by page."""

import uuid
from datetime import UTC, datetime

import pytest
import time_machine

from catalog.importing.runs import plan_file
from catalog.inventory import adjust, receive, send
from catalog.inventory.receiving import Delivery, receive_delivery
from catalog.inventory.stocktakes import count, open_stocktake, post
from catalog.models import Run, StockMovement
from catalog.tasks import work_runs
from tests.catalog.purchases import arrivals, make_purchase, receive_purchase
from tests.catalog.test_staff_permissions import role
from tests.factories import make_location, make_order, make_variant
from tests.reading import find_all, links_of, rows_of, text_of

pytestmark = pytest.mark.django_db
LIST = "/admin/catalog/stockmovement/"


def words_of(answer) -> list[str]:
    return [row[0] for row in rows_of(answer)[1:]]


def test_every_cause_is_named_in_words_and_linked(client, staff, main, second):
    variant = make_variant(on_hand=50)
    order = make_order(variant)
    receipt = receive_purchase(make_purchase({variant.pk: 2}), {variant.pk: 2})
    plain = receive_delivery(Delivery(main, "EUR", delivery_note="AG-88"), arrivals({variant.pk: 1}))
    receive(variant.pk, main, 1, reason="found", key=str(uuid.uuid4()))
    transfer = send({variant.pk: 1}, source=main, destination=second)
    stocktake = open_stocktake(main, [variant.pk])
    count(stocktake, {variant.pk: 40})
    post(stocktake)
    answer = client.get(LIST)
    assert words_of(answer) == [
        f"Counted · Count {stocktake.pk}",
        f"Sent away · Transfer {transfer.pk}",
        "Received · By hand",
        f"Received · Delivery {plain.pk}",
        f"Received · Purchase order {receipt.purchase_id}",
        f"Reserved · Order {order.number}",
        "Received · By hand",
    ]
    links = links_of(answer)
    assert links[f"/admin/orders/order/{order.pk}/change/"] == f"Order {order.number}"
    assert links[f"/admin/catalog/receipt/{receipt.pk}/change/"] == f"Purchase order {receipt.purchase_id}"
    assert links[f"/admin/catalog/stocktake/{stocktake.pk}/change/"] == f"Count {stocktake.pk}"
    assert [row[5] for row in rows_of(answer)[3:5]] == ["found", "AG-88"]
    assert "form:" not in text_of(answer)


def test_an_import_is_named_after_its_day(client, staff, main):
    with time_machine.travel(datetime(2026, 11, 26, 12, tzinfo=UTC), tick=False):
        csv = b"Handle,Title,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Price\nmug,Mug,M,shopify,7,5\n"
        run = plan_file(csv, "goods.csv")
        Run.objects.filter(pk=run.pk).update(status=Run.Status.WAITING)
        work_runs()
        answer = client.get(LIST)
    assert words_of(answer) == ["Corrected · Import of 26 Nov"]
    assert links_of(answer)[f"/admin/catalog/run/{run.pk}/change/"] == "Import of 26 Nov"


def test_causes_are_not_linked_for_readers_who_may_not_see_them(client):
    order = make_order(make_variant(on_hand=5))
    role(client, "Catalogue")
    answer = client.get(LIST)
    assert words_of(answer)[0] == f"Reserved · Order {order.number}"
    assert f"/admin/orders/order/{order.pk}/change/" not in links_of(answer)


def test_filters_find_movements_by_sku_location_reason_and_day(client, staff, main, second):
    with time_machine.travel(datetime(2026, 3, 1, 23, 30, tzinfo=UTC), tick=False):
        mug = make_variant(on_hand=4, sku="MUG")  # 2 March in the shop's time zone
    with time_machine.travel(datetime(2026, 3, 3, 12, tzinfo=UTC), tick=False):
        adjust(mug.pk, main, -1, reason="broken")
        receive(make_variant(on_hand=0).pk, second, 2)

    def count_of(**filters) -> int:
        return len(words_of(client.get(LIST, filters)))

    assert (count_of(), count_of(q="mug"), count_of(q="NOPE")) == (3, 2, 0)
    assert (count_of(location=second.pk), count_of(kind="adjusted"), count_of(q="MUG", kind="received")) == (1, 1, 1)
    assert (count_of(until="2026-03-01"), count_of(since="2026-03-02", until="2026-03-02")) == (0, 1)
    assert count_of(since="soon") == 3


def test_pages_go_on_after_the_last_row_and_back(client, staff):
    variant = make_variant(on_hand=0)
    main = make_location()
    receive(variant.pk, main, 200)
    StockMovement.objects.bulk_create(
        StockMovement(kind="adjusted", variant=variant, location=main, reason=f"{n}", reference=f"HS-{n}")
        for n in range(60)
    )
    first = client.get(LIST)
    older = find_all(first, "a", rel="next")[0].attributes["href"]
    second = client.get(LIST + older)
    assert (len(words_of(first)), len(words_of(second))) == (50, 11)
    newer = find_all(second, "a", rel="prev")[0].attributes["href"]
    assert words_of(client.get(LIST + newer)) == words_of(first)


def test_the_list_runs_at_most_twelve_queries(client, staff, main, second, django_assert_max_num_queries):
    for _ in range(4):
        variant = make_variant(on_hand=9)
        make_order(variant)
        receive_purchase(make_purchase({variant.pk: 2}), {variant.pk: 2})
        send({variant.pk: 1}, source=main, destination=second)
    with django_assert_max_num_queries(12):
        client.get(LIST)


def balances_of(answer) -> list[tuple[str, str, str]]:
    """Location, change and units on hand afterwards, of each movement of one variant."""
    return [tuple(row[1:4]) for row in rows_of(answer)[1:]]


def test_the_movements_of_one_variant_have_the_units_on_hand_after_each(client, staff, main, second):
    mug = make_variant(on_hand=4, sku="MUG", title="Mug")
    make_variant(on_hand=90)
    send({mug.pk: 1}, source=main, destination=second)
    receive(mug.pk, second, 10)
    adjust(mug.pk, main, -2, reason="broken")
    make_order(mug)
    everywhere = client.get(LIST, {"q": "mug"})
    assert "Movements of Mug" in text_of(everywhere)
    assert "Now: main 1 on hand · second 10 on hand" in text_of(everywhere)
    assert balances_of(everywhere) == [
        ("main", "", "11"),
        ("main", "−2", "11"),
        ("second", "+10", "13"),
        ("main", "−1", "3"),
        ("main", "+4", "4"),
    ]
    here = client.get(LIST, {"q": "mug", "location": main.pk})
    assert balances_of(here) == [("main", "", "1"), ("main", "−2", "1"), ("main", "−1", "3"), ("main", "+4", "4")]
    corrected = client.get(LIST, {"q": "mug", "kind": "received"})
    assert balances_of(corrected) == [("second", "+10", "13"), ("main", "+4", "4")]


def test_the_balances_of_an_older_page_go_on_from_the_newer_one(client, staff, main):
    mug = make_variant(on_hand=0, sku="MUG")
    for number in range(52):
        receive(mug.pk, main, 1, key=f"{number}")
    older = client.get(LIST + find_all(client.get(LIST, {"q": "MUG"}), "a", rel="next")[0].attributes["href"])
    assert [balance for _, _, balance in balances_of(older)] == ["2", "1"]


def test_the_page_of_a_stock_row_has_balances_and_leads_to_all_movements(client, staff, main):
    variant = make_variant(on_hand=4, sku="", title="Mug")
    adjust(variant.pk, main, 3, reason="found")
    page = client.get(f"/admin/catalog/stock/{variant.stock.get().pk}/change/")
    assert [row[1:3] for row in rows_of(page)[1:]] == [["+3", "7"], ["+4", "4"]]
    url = next(url for url, text in links_of(page).items() if text == "All movements")
    assert balances_of(client.get(url)) == [("main", "+3", "7"), ("main", "+4", "4")]


def test_a_variant_that_was_never_in_stock_has_no_movements(client, staff, main):
    make_variant(on_hand=0, sku="MUG")
    assert "Nothing matches these filters." in text_of(client.get(LIST, {"q": "MUG"}))
