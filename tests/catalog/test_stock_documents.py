"""The lists of purchase orders, deliveries, transfers and counts."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from catalog.inventory import receive_transfer, send
from catalog.inventory.purchasing import cancel_purchase
from catalog.inventory.receiving import Delivery, receive_delivery
from catalog.inventory.stocktakes import cancel, count, finish, open_stocktake
from catalog.models import PurchaseOrder, Stocktake, Transfer
from tests.catalog.purchases import arrivals, make_purchase, receive_purchase
from tests.catalog.test_staff_permissions import role
from tests.factories import make_location, make_variant
from tests.reading import find, find_all, links_of, rows_of, text_of

pytestmark = pytest.mark.django_db
PURCHASES, RECEIPTS = "/admin/catalog/purchaseorder/", "/admin/catalog/receipt/"
TRANSFERS, COUNTS = "/admin/catalog/transfer/", "/admin/catalog/stocktake/"


def names_of(answer) -> list[str]:
    return [link.text for link in find_all(answer, "a", class_="name")]


def tabs_of(answer) -> list[str]:
    return [link.text for link in find_all(find(answer, "nav", class_="tabs"), "a")]


def test_purchase_orders_are_listed_by_what_is_to_do(client, staff):
    variant = make_variant(on_hand=0)
    draft = make_purchase({variant.pk: 3}, is_ordered=False)
    late = make_purchase({variant.pk: 12}, expected_on=date(2020, 1, 5), supplier="Glashütte")
    receive_purchase(late, {variant.pk: 4})
    canceled = cancel_purchase(make_purchase({variant.pk: 5}))
    answer = client.get(PURCHASES)
    assert tabs_of(answer) == ["To receive 1", "Late 1", "Drafts 1", "Closed 1", "All 3"]
    assert names_of(answer) == [f"Purchase order {late.pk}"]
    assert rows_of(answer)[1][1:4] == ["5 Jan 2020 Late", "12 8 to come", "main"]
    assert rows_of(answer)[1][-1] == "Partly received"
    found = {show: names_of(client.get(PURCHASES, {"show": show})) for show in ("draft", "closed")}
    assert found == {"draft": [str(draft)], "closed": [str(canceled)]}


@pytest.mark.parametrize(
    "text", ["glashutte", "Glashütte", "{pk}", "#{pk}", "purchase order {pk}", "mug-1", "4006381333924"]
)
def test_a_purchase_order_is_found_by_number_supplier_and_code(client, staff, text):
    make_purchase({make_variant(on_hand=0).pk: 3})
    mug = make_variant(on_hand=0, sku="MUG-1", barcode="4006381333924")
    purchase = cancel_purchase(make_purchase({mug.pk: 3}, supplier="Glashütte Lauscha"))
    answer = client.get(PURCHASES, {"q": text.format(pk=purchase.pk)})
    assert names_of(answer) == [str(purchase)]


def test_a_search_that_finds_nothing_says_so_and_numbers_may_be_huge(client, staff):
    make_purchase({make_variant(on_hand=0).pk: 3})
    for text in ("nobody", "9" * 18, "9" * 60, "'"):
        answer = client.get(PURCHASES, {"q": text, "after": text, "location": text})
        assert (answer.status_code, "No purchase order here" in text_of(answer)) == (200, True)


def test_deliveries_are_found_by_their_note_and_supplier(client, staff, main):
    variant = make_variant(on_hand=0)
    ordered = receive_purchase(make_purchase({variant.pk: 9}), {variant.pk: 4})
    plain = receive_delivery(Delivery(main, "EUR", delivery_note="AG-88217"), arrivals({variant.pk: 3}))
    answer = client.get(RECEIPTS)
    assert tabs_of(answer) == ["All 2", "For purchase orders 1", "Without an order 1"]
    assert [row[1:4] for row in rows_of(answer)[1:]] == [
        ["–", "3 1 line", "main"],
        [f"Purchase order {ordered.purchase_id} Atelier Grès", "4 1 line", "main"],
    ]
    assert names_of(client.get(RECEIPTS, {"q": "ag-88"})) == [str(plain)]
    assert names_of(client.get(RECEIPTS, {"q": "gres"})) == [str(ordered)]
    assert names_of(client.get(RECEIPTS, {"show": "ordered"})) == [str(ordered)]


def test_transfers_on_their_way_come_first_and_a_slow_one_is_marked(client, staff, main, second):
    variant = make_variant(on_hand=20)
    slow, done = (send({variant.pk: 4}, source=main, destination=second) for _ in range(2))
    receive_transfer(done, {done.lines.get().pk: 4})
    receive_transfer(slow, {slow.lines.get().pk: 1})
    Transfer.objects.filter(pk=slow.pk).update(sent_at=timezone.now() - timedelta(days=8))
    answer = client.get(TRANSFERS)
    assert tabs_of(answer) == ["On their way 1", "Partly arrived 1", "Received 1", "All 2"]
    assert rows_of(answer)[1][1:4] == ["main", "second", "4 3 not arrived"]
    assert find(answer, "small", class_="soon").text.startswith("8 days ago")
    assert names_of(client.get(TRANSFERS, {"show": "all", "location": second.pk})) == [str(done), str(slow)]
    assert names_of(client.get(TRANSFERS, {"q": variant.sku})) == [str(done), str(slow)]


def test_counts_are_listed_by_what_is_to_do(client, staff, main):
    variant, other = make_variant(on_hand=3), make_variant(on_hand=2)
    counting = open_stocktake(main, [variant.pk, other.pk], note="shelf 4")
    count(counting, {variant.pk: 3})
    blind = open_stocktake(main, [other.pk], is_blind=True)
    count(blind, {other.pk: 2})
    finish(blind)
    cancel(open_stocktake(main))
    answer = client.get(COUNTS)
    assert tabs_of(answer) == ["Counting 1", "To review 1", "Closed 1", "All 3"]
    assert (names_of(answer), rows_of(answer)[1][2]) == ([str(counting)], "1 of 2")
    assert "Blind count" in rows_of(client.get(COUNTS, {"show": "review"}))[1][0]
    assert names_of(client.get(COUNTS, {"q": variant.sku})) == [f"Count {counting.pk + 2}", str(counting)]


def test_pages_go_on_after_the_last_order_and_back(client, staff, main):
    fields = {"supplier": "Atelier", "location": main, "currency": "EUR"}
    PurchaseOrder.objects.bulk_create(PurchaseOrder(**fields) for _ in range(53))
    first = client.get(PURCHASES, {"show": "draft"})
    second = client.get(PURCHASES + find(first, "a", rel="next").attributes["href"])
    assert (len(names_of(first)), len(names_of(second))) == (50, 3)
    back = client.get(PURCHASES + find(second, "a", rel="prev").attributes["href"])
    assert names_of(back) == names_of(first)


def test_each_list_runs_at_most_twelve_queries(client, staff, main, second, django_assert_max_num_queries):
    for _ in range(4):
        variant = make_variant(on_hand=9)
        receive_purchase(make_purchase({variant.pk: 2}), {variant.pk: 1})
        send({variant.pk: 1}, source=main, destination=second)
        open_stocktake(main, [variant.pk])
    for url in (PURCHASES, RECEIPTS, TRANSFERS, COUNTS):
        with django_assert_max_num_queries(12):
            assert len(names_of(client.get(url))) == 4
        with django_assert_max_num_queries(12):
            client.get(url, {"q": variant.sku, "location": main.pk})


@pytest.mark.parametrize(("name", "buttons"), [("Catalogue", {"New purchase order"}), ("Fulfilment", {"Send stock"})])
def test_each_list_has_one_main_button_for_those_who_may_press_it(client, name, buttons):
    make_location()
    role(client, name)
    shown = [find_all(client.get(url), "a", class_="main") for url in (PURCHASES, TRANSFERS)]
    assert {button.text for each in shown for button in each} == buttons
    assert Stocktake.objects.count() == 0


def test_a_row_leads_to_its_document(client, staff):
    purchase = make_purchase({make_variant(on_hand=0).pk: 3})
    assert links_of(client.get(PURCHASES))[f"{PURCHASES}{purchase.pk}/change/"] == str(purchase)
