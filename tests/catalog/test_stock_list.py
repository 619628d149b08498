"""The list of stock: what can be sold, what is expected, and corrections in one step."""

from datetime import date

import pytest

from catalog.inventory import Need, adjust_rows, receive, reserve, send, set_on_hand
from catalog.models import Stock, StockMovement
from tests.catalog.purchases import make_purchase, receive_purchase
from tests.catalog.test_staff_permissions import role
from tests.factories import make_variant, stock_of
from tests.reading import find_all, form_of, links_of, rows_of, text_of

pytestmark = pytest.mark.django_db
LIST = "/admin/catalog/stock/"


def levels_of(answer) -> list[list[str]]:
    """Location, available, on hand, reserved, incoming and level of each row."""
    return [row[1:7] for row in rows_of(answer)[1:]]


def test_a_row_shows_what_can_be_sold_what_is_promised_and_what_is_expected(client, staff, main, second):
    variant = make_variant(on_hand=12, low_stock_at=5)
    reserve("A1", [Need(1, variant.pk, 4)])
    purchase = make_purchase({variant.pk: 30}, expected_on=date(2030, 12, 3))
    receive_purchase(purchase, {variant.pk: 10})
    transfer = send({variant.pk: 8}, source=main, destination=second)
    receive(variant.pk, second, 1)
    answer = client.get(LIST)
    assert levels_of(answer) == [
        ["second", "1 available", "1", "0", "8 on their way", "Low"],
        ["main", "10 available", "14", "4", "20 expected on 3 Dec 2030", "Enough"],
    ]
    links = links_of(answer)
    assert links[f"/admin/catalog/purchaseorder/{purchase.pk}/change/"] == "20 expected on 3 Dec 2030"
    assert links[f"/admin/catalog/transfer/{transfer.pk}/change/"] == "8 on their way"


def test_levels_are_told_by_words(client, staff, main):
    plenty, low, none, short = (make_variant(on_hand=n, low_stock_at=5) for n in (9, 5, 1, 3))
    reserve("A1", [Need(1, none.pk, 1)])
    reserve("A2", [Need(2, short.pk, 3)])
    set_on_hand(short.pk, main, 1, reason="broken")
    old = make_variant(on_hand=3, is_active=False)
    levels = {row[5] for row in levels_of(client.get(LIST))}
    assert levels == {"Enough", "Low", "Sold out", "2 missing", "Not for sale"}
    assert {row[0] for row in rows_of(client.get(LIST, {"low": "yes"}))[1:]} == {
        f"{variant.product.title} {variant.sku}" for variant in (low, none, short)
    }
    assert [row[5] for row in levels_of(client.get(LIST, {"low": "short"}))] == ["2 missing"]
    assert plenty != old


def test_stock_is_found_by_sku_barcode_and_title_and_by_location(client, staff, main, second):
    mug = make_variant(on_hand=3, sku="MUG-1", barcode="4006381333924", title="Stoneware mug")
    make_variant(on_hand=3, title="Glass carafe")
    receive(mug.pk, second, 1)

    def found(**filters) -> int:
        return len(levels_of(client.get(LIST, filters)))

    assert (found(), found(q="mug-1"), found(q="4006381333924"), found(q="mug stone"), found(q="nothing")) == (
        *(3, 2, 2),
        *(2, 0),
    )
    assert (found(location=second.pk), found(q="carafe", location=second.pk)) == (1, 0)


def test_several_rows_are_corrected_in_one_step_with_one_reason(client, staff, main):
    first, other = make_variant(on_hand=5), make_variant(on_hand=5)
    rows = {stock.variant_id: stock.pk for stock in Stock.objects.all()}
    sent = form_of(client.get(LIST)) | {f"change-{rows[first.pk]}": "−2", f"change-{rows[other.pk]}": "+1"}
    sent |= {"reason": "Broken"}
    assert client.post(LIST, sent).status_code == 302
    assert (stock_of(first), stock_of(other)) == ((3, 0), (6, 0))
    client.post(LIST, sent)  # the same form again
    assert (stock_of(first), stock_of(other)) == ((3, 0), (6, 0))
    assert set(StockMovement.objects.filter(kind="adjusted").values_list("reason", "user")) == {("Broken", staff.pk)}


@pytest.mark.parametrize(
    ("change", "reason", "sentence"),
    [
        ("-6", "Broken", "Only 5 of Mug are on hand at main."),
        ("2", "", "Enter the reason for the correction."),
        ("many", "Found", "'many' is not a correction. Enter a whole number like +2 or −1."),
        ("999999999", "Found", "'999999999' is not a correction. Enter a whole number like +2 or −1."),
        ("", "Found", "Nothing was corrected. Enter by how much, like +2 or −1."),
    ],
)
def test_a_correction_that_is_refused_says_why_and_keeps_what_was_typed(client, staff, change, reason, sentence):
    variant = make_variant(on_hand=5, title="Mug")
    name = f"change-{Stock.objects.get().pk}"
    answer = client.post(LIST, form_of(client.get(LIST)) | {name: change, "reason": reason})
    assert (answer.status_code, sentence in text_of(answer), stock_of(variant)) == (422, True, (5, 0))
    kept = form_of(answer)
    assert (kept[name], kept["reason"]) == (change, reason)


def test_stock_that_is_not_counted_is_not_corrected(client, staff):
    variant = make_variant(on_hand=5, title="Voucher")
    variant.is_tracked = False
    variant.save()
    sent = {f"change-{Stock.objects.get().pk}": "2", "reason": "Found"}
    assert "The stock of Voucher is not counted, so nothing can be added to it." in text_of(client.post(LIST, sent))
    assert stock_of(variant) == (5, 0)


def test_pages_begin_after_the_last_row(client, staff, main):
    variants = [make_variant(on_hand=0, price_minor=None) for _ in range(53)]
    Stock.objects.bulk_create(Stock(variant=variant, location=main) for variant in variants)
    first = client.get(LIST)
    second = client.get(LIST + find_all(first, "a", rel="next")[0].attributes["href"])
    assert (len(levels_of(first)), len(levels_of(second))) == (50, 3)
    assert rows_of(second)[1][0].endswith(variants[2].sku)
    back = client.get(LIST + find_all(second, "a", rel="prev")[0].attributes["href"])
    assert rows_of(back) == rows_of(first)


def test_the_list_runs_at_most_twelve_queries(client, staff, main, second, django_assert_max_num_queries):
    for _ in range(6):
        variant = make_variant(on_hand=9)
        make_purchase({variant.pk: 2})
        send({variant.pk: 1}, source=main, destination=second)
    with django_assert_max_num_queries(12):
        client.get(LIST, {"q": "thing", "location": main.pk})


def test_staff_who_may_only_view_stock_correct_nothing(client):
    variant = make_variant(on_hand=5)
    role(client, "Read-only")
    answer = client.get(LIST)
    name = f"change-{Stock.objects.get().pk}"
    assert (name in form_of(answer), "Receive goods" in text_of(answer)) == (False, False)
    assert client.post(LIST, {name: "2", "reason": "Found"}).status_code == 403
    assert stock_of(variant) == (5, 0)


def test_a_repeated_correction_changes_nothing(main):
    variant = make_variant(on_hand=5)
    row = Stock.objects.get()
    assert [adjust_rows({row.pk: 2}, reason="Found", key="k") for _ in range(2)] == [1, 0]
    assert stock_of(variant) == (7, 0)
