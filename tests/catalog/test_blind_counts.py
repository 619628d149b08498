"""Blind counts: whoever counts does not see the expected numbers, and somebody else reviews them."""

import pytest
from django.contrib.auth.models import Permission

from catalog.errors import StockRefused
from catalog.inventory import Need, receive, reserve, ship
from catalog.inventory.stocktakes import count, count_again, count_more, finish, open_stocktake, post
from catalog.models import Stock, Stocktake
from shop.operations.audit import run_audit
from tests.catalog.test_staff_permissions import role
from tests.factories import make_variant, stock_of
from tests.reading import find_all, form_of, markup_of, rows_of, text_of

pytestmark = pytest.mark.django_db


def url_of(stocktake: Stocktake) -> str:
    return f"/admin/catalog/stocktake/{stocktake.pk}/change/"


def test_a_blind_count_is_posted_only_after_it_was_finished(main):
    variant = make_variant(on_hand=10)
    stocktake = open_stocktake(main, is_blind=True)
    with pytest.raises(StockRefused, match="Nothing has been counted yet"):
        finish(stocktake)
    count(stocktake, {variant.pk: 8})
    with pytest.raises(StockRefused, match="Finish this blind count first"):
        post(stocktake)
    finish(stocktake)
    with pytest.raises(StockRefused, match="is finished and waits for its review"):
        count(stocktake, {variant.pk: 10})
    assert (post(stocktake), stock_of(variant)) == (1, (8, 0))


def test_orders_ship_between_counting_and_review_without_making_a_difference(main):
    variant = make_variant(on_hand=10)
    reserve("A1", [Need(1, variant.pk, 3)])
    stocktake = open_stocktake(main, is_blind=True)
    count(stocktake, {variant.pk: 9})
    finish(stocktake)
    ship("A1", {1: 3})
    post(stocktake)
    assert (stock_of(variant), run_audit()) == ((6, 0), [])


def test_the_differences_are_counted_again_and_the_rest_stays_counted(main):
    right, wrong = make_variant(on_hand=4), make_variant(on_hand=7)
    stocktake = open_stocktake(main, is_blind=True)
    count(stocktake, {right.pk: 4, wrong.pk: 5})
    finish(stocktake)
    assert count_again(stocktake) == 1
    counted = dict(stocktake.lines.values_list("variant_id", "counted"))
    assert counted == {right.pk: 4, wrong.pk: None}
    with pytest.raises(StockRefused, match="This count is not finished yet"):
        count_again(stocktake)


def test_scanned_pieces_are_added_up(main):
    variant = make_variant(on_hand=3)
    stocktake = open_stocktake(main)
    for _ in range(2):
        count_more(stocktake, {variant.pk: 1})
    assert stocktake.lines.get().counted == 2


def test_a_variant_of_a_count_that_waits_for_review_cannot_be_counted_in_another_one(main):
    variant = make_variant(on_hand=3)
    first, second = open_stocktake(main, is_blind=True), open_stocktake(main)
    count(first, {variant.pk: 2})
    finish(first)
    with pytest.raises(StockRefused, match=f"is already being counted in Count {first.pk}"):
        count(second, {variant.pk: 2})


def test_whoever_counts_blind_sees_no_expected_number_at_any_time(client, main):
    variant = make_variant(on_hand=7417, barcode="4006381333924")
    counter = role(client, "Fulfilment")
    client.post("/admin/catalog/stocktake/add/", {"location": main.pk, "lines": "", "note": "", "is_blind": "on"})
    stocktake = Stocktake.objects.get()
    url = url_of(stocktake)
    pages = [client.get(url), client.get(f"{url}?show=different"), client.get(url.replace("change", "sheet"))]
    pages.append(client.post(url, {f"variant-{variant.pk}": "7300", f"shown-{variant.pk}": ""}, follow=True))
    pages.append(client.post(url, {"scan": "4006381333924", "add": "1"}, follow=True))
    pages.append(client.post(url, {"scan": "NOPE", "add": "1"}))
    assert stocktake.lines.get().counted == 7301
    pages.append(client.post(url, {"finish": "1"}, follow=True))
    assert [("7417" in markup_of(page), "−116" in markup_of(page)) for page in pages] == [(False, False)] * 7
    assert "It waits for somebody who may review it." in text_of(pages[-1])
    assert {client.post(url, {button: "1"}).status_code for button in ("post", "again")} == {403}
    counter.user_permissions.add(Permission.objects.get(codename="review_stocktake"))
    asked = client.post(url, {"post": "1"})
    assert f"{variant} −116" in text_of(asked)
    client.post(url, {"post": "1", "confirmed": asked.context["mark"]})
    assert stock_of(variant) == (7301, 0)


def test_the_second_of_two_people_who_count_a_line_is_told_and_overwrites_nothing(client, staff, main):
    variant = make_variant(on_hand=5, title="Mug")
    stocktake = open_stocktake(main)
    older = form_of(client.get(url_of(stocktake)))
    count(stocktake, {variant.pk: 4})
    answer = client.post(url_of(stocktake), older | {f"variant-{variant.pk}": "3"})
    assert "Mug was counted as 4 by somebody else while this page was open." in text_of(answer)
    assert (stocktake.lines.get().counted, form_of(answer)[f"variant-{variant.pk}"]) == (4, "3")
    client.post(url_of(stocktake), form_of(answer))
    assert stocktake.lines.get().counted == 3


def test_a_scanned_code_that_is_unknown_is_told_and_stays_in_its_field(client, staff, main):
    make_variant(on_hand=5)
    stocktake = open_stocktake(main)
    answer = client.post(url_of(stocktake), {"scan": "NOPE", "add": "1"})
    assert "There is no variant with the SKU or barcode NOPE." in text_of(answer)
    assert form_of(answer)["scan"] == "NOPE"


def test_long_counts_have_pages_and_tabs(client, staff, main, django_assert_max_num_queries):
    variants = [make_variant(on_hand=0, price_minor=None) for _ in range(102)]
    stocktake = open_stocktake(main, [])
    count(stocktake, {variant.pk: 0 for variant in variants})
    url = url_of(stocktake)
    with django_assert_max_num_queries(12):
        first = client.get(url)
    second = client.get(url + find_all(first, "a", rel="next")[0].attributes["href"])
    assert (len(rows_of(first)) - 1, len(rows_of(second)) - 1) == (100, 2)
    assert [len(rows_of(client.get(f"{url}?show={tab}"))) - 1 for tab in ("open", "different")] == [0, 0]


def test_a_blind_count_hides_its_lines_on_all_stock_pages_from_whoever_counts(client, main, second):
    variant = make_variant(on_hand=7417, low_stock_at=9000)
    make_variant(on_hand=8222)
    receive(variant.pk, second, 31)
    open_stocktake(main, [variant.pk], is_blind=True)
    stock = Stock.objects.get(variant=variant, location=main)
    counter = role(client, "Fulfilment")
    row = f"/admin/catalog/stock/{stock.pk}/change/"
    movements = f"/admin/catalog/stockmovement/?q={variant.sku}"
    pages = [client.get(url) for url in ("/admin/catalog/stock/", row, movements, f"{movements}&location={main.pk}")]
    correction = {f"change-{stock.pk}": "-9999", "reason": "Broken"}
    pages.append(client.post("/admin/catalog/stock/", correction))
    pages.append(client.post(row, {"what": "adjust", "quantity": "-9999", "reason": "broken"}))
    sent = {"code": variant.sku, "quantity": "9999", "source": main.pk, "destination": second.pk}
    pages += [
        client.post("/admin/catalog/transfer/add/", form_of(client.get("/admin/catalog/transfer/add/")) | sent | button)
        for button in ({"look": "1"}, {"send": "1"})
    ]
    assert [("7417" in markup_of(page), "7,417" in markup_of(page)) for page in pages] == [(False, False)] * 8
    assert "is being counted. Correct it when the count is closed." in text_of(pages[4])
    assert "There are too few at main." in text_of(pages[7])
    shown = text_of(pages[0])
    assert ("Being counted" in shown, "8222" in shown, "31" in shown) == (True, True, True)
    low = client.get("/admin/catalog/stock/", {"low": "yes"})
    assert [row[1] for row in rows_of(low)[1:]] == ["second"]
    counter.user_permissions.add(Permission.objects.get(codename="review_stocktake"))
    assert "7417" in text_of(client.get("/admin/catalog/stock/"))


def test_the_numbers_of_a_blind_count_are_shown_again_when_it_is_closed(client, main):
    variant = make_variant(on_hand=7417)
    stocktake = open_stocktake(main, is_blind=True)
    role(client, "Fulfilment")
    assert "7417" not in text_of(client.get("/admin/catalog/stock/"))
    count(stocktake, {variant.pk: 7417})
    finish(stocktake)
    assert "7417" not in text_of(client.get("/admin/catalog/stock/"))
    post(stocktake)
    assert "7417" in text_of(client.get("/admin/catalog/stock/"))


def test_a_count_that_is_not_blind_hides_nothing(client, main):
    make_variant(on_hand=7417)
    open_stocktake(main)
    role(client, "Fulfilment")
    assert "7417" in text_of(client.get("/admin/catalog/stock/"))
