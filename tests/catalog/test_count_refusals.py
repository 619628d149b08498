"""What staff type wrong while they count stock, and what they are told."""

import pytest

from catalog.errors import StockRefused
from catalog.inventory import Need, reserve, ship
from catalog.inventory.stocktakes import count, open_stocktake, post
from catalog.models import Location, Stocktake
from tests.factories import make_variant, stock_of
from tests.reading import form_of, text_of

pytestmark = pytest.mark.django_db
ADD = "/admin/catalog/stocktake/add/"


def url_of(stocktake: Stocktake) -> str:
    return f"/admin/catalog/stocktake/{stocktake.pk}/change/"


def test_a_count_of_some_skus_names_those_that_are_unknown_and_opens_nothing(client, staff, main):
    make_variant(on_hand=3, sku="MUG")
    answer = client.post(ADD, {"location": main.pk, "lines": "mug\nNOPE\nGONE", "note": "shelf 4"})
    assert (answer.status_code, Stocktake.objects.count()) == (422, 0)
    assert "No single variant has the SKU NOPE, GONE." in text_of(answer)
    assert (form_of(answer)["lines"], form_of(answer)["note"]) == ("mug\nNOPE\nGONE", "shelf 4")


def test_a_count_of_some_skus_takes_them_in_any_case_and_by_barcode_and_each_once(client, staff, main):
    mug, bowl = make_variant(on_hand=3, sku="MUG"), make_variant(on_hand=2, barcode="4006381333924")
    make_variant(on_hand=9)
    client.post(ADD, {"location": main.pk, "lines": "mug\n4006381333924\nMUG", "note": ""})
    assert set(Stocktake.objects.get().lines.values_list("variant_id", flat=True)) == {mug.pk, bowl.pk}


def test_a_count_at_a_location_that_was_closed_meanwhile_is_refused(client, staff, main, second):
    Location.objects.filter(pk=second.pk).update(is_active=False)
    answer = client.post(ADD, {"location": second.pk, "lines": "", "note": ""})
    assert "This location is closed or was deleted. Choose another one." in text_of(answer)


def test_the_output_of_a_scanner_adds_up_and_is_read_with_one_query(client, staff, main, django_assert_max_num_queries):
    mug = make_variant(on_hand=3, sku="MUG")
    stocktake = open_stocktake(main)
    with django_assert_max_num_queries(25):
        client.post(url_of(stocktake), {"others": "\n".join(["mug 1", "MUG 2"] * 20)})
    assert stocktake.lines.get(variant=mug).counted == 60


@pytest.mark.parametrize("text", ["mug", "mug -3", "mug 999999999", "mug 1.5", "NOPE 2"])
def test_a_line_of_a_scanner_that_cannot_be_read_is_named_by_its_number(client, staff, main, text):
    variant = make_variant(on_hand=3, sku="MUG")
    stocktake = open_stocktake(main)
    answer = client.post(url_of(stocktake), {"others": f"mug 2\n{text}", f"variant-{variant.pk}": "7"})
    assert (answer.status_code, stocktake.lines.get().counted, "Line 2: " in text_of(answer)) == (422, None, True)
    assert (form_of(answer)["others"], form_of(answer)[f"variant-{variant.pk}"]) == (f"mug 2\n{text}", "7")


def test_a_product_that_is_typed_into_the_list_and_below_it_is_refused(client, staff, main):
    variant = make_variant(on_hand=3, sku="MUG", title="Mug")
    stocktake = open_stocktake(main)
    answer = client.post(url_of(stocktake), {f"variant-{variant.pk}": "3", "others": "MUG 1"})
    assert "Mug was typed into the list and below it. Enter it once." in text_of(answer)
    assert stocktake.lines.get().counted is None


def test_stock_that_is_not_counted_cannot_be_counted(main):
    voucher = make_variant(is_tracked=False)
    stocktake = open_stocktake(main)
    with pytest.raises(StockRefused, match="is not counted"):
        count(stocktake, {voucher.pk: 3})


def test_a_number_beyond_what_stock_can_be_is_refused(main):
    variant = make_variant(on_hand=3)
    stocktake = open_stocktake(main)
    for number, sentence in ((-1, "cannot be negative"), (10**9 + 1, "can be at most 1,000,000,000 units")):
        with pytest.raises(StockRefused, match=sentence):
            count(stocktake, {variant.pk: number})


def test_orders_that_ship_between_counting_and_posting_make_no_difference(main):
    variant = make_variant(on_hand=10)
    reserve("A1", [Need(1, variant.pk, 4)])
    stocktake = open_stocktake(main)
    count(stocktake, {variant.pk: 9})
    ship("A1", {1: 4})
    reserve("A2", [Need(2, variant.pk, 1)])
    post(stocktake)
    assert stock_of(variant) == (5, 1)


def test_a_count_posted_in_two_tabs_corrects_once(client, staff, main):
    variant = make_variant(on_hand=10)
    stocktake = open_stocktake(main)
    count(stocktake, {variant.pk: 8})
    asked = client.post(url_of(stocktake), {"post": "1"})
    answers = [client.post(url_of(stocktake), {"post": "1", "confirmed": asked.context["mark"]}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 422]
    assert ("is already posted" in text_of(answers[1]), stock_of(variant)) == (True, (8, 0))
