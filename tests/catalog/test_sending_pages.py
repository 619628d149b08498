"""Staff send stock to another location with many lines on one page, and confirm what arrived."""

import pytest

from catalog.errors import StockRefused
from catalog.inventory import Need, receive_transfer, reserve, send
from catalog.models import Location, Transfer
from shop.operations.audit import run_audit
from tests.catalog.stock_rows import on_hand
from tests.factories import make_variant, stock_of
from tests.reading import errors_of, find_all, form_of, messages_of, rows_of, text_of
from tests.shop.test_staff_edits import entries_of

pytestmark = pytest.mark.django_db
ADD = "/admin/catalog/transfer/add/"


def typed(client, *rows: tuple[str, str], **fields):
    """Fill in the page's form with these rows of code and quantity, and press a button."""
    sent = form_of(client.get(ADD)) | {"code": [row[0] for row in rows], "quantity": [row[1] for row in rows]}
    return client.post(ADD, sent | fields)


def confirmed(client, url: str, **fields):
    asked = client.post(url, fields)
    return client.post(url, fields | {"confirmed": asked.context["mark"]})


def test_typed_lines_are_sent_and_the_same_sku_twice_is_added_up(client, staff, main, second):
    mug, bowl = make_variant(on_hand=9, sku="MUG-Sand"), make_variant(on_hand=3, barcode="4006381333924")
    rows = [("mug-sand", "2"), ("4006381333924", "1"), ("MUG-Sand", "3"), ("", "")]
    answer = typed(client, *rows, destination=second.pk, note="van", send="1")
    transfer = Transfer.objects.get()
    assert answer.headers["Location"] == f"/admin/catalog/transfer/{transfer.pk}/change/"
    assert (stock_of(mug), stock_of(bowl), transfer.note) == ((4, 0), (2, 0), "van")
    assert [entry.change_message for entry in entries_of(transfer)] == ["Sent 6 units from main to second."]
    assert run_audit() == []


def test_names_and_available_units_are_shown_before_anything_is_sent(client, staff, main, second):
    make_variant(on_hand=9, sku="MUG", title="Mug")
    reserve("A1", [Need(1, make_variant(on_hand=5, sku="BOWL").pk, 2)])
    answer = typed(client, ("MUG", "2"), ("BOWL", ""), look="1")
    assert [row[:2] for row in rows_of(answer)[:2]] == [["Item", "Available at main"], ["Mug MUG", "9"]]
    assert rows_of(answer)[2][1] == "3"
    elsewhere = typed(client, ("MUG", "2"), source=second.pk, look="1")
    assert rows_of(elsewhere)[1][1] == "0"
    assert Transfer.objects.count() == 0


@pytest.mark.parametrize(
    ("code", "quantity", "sentence"),
    [
        ("NOPE", "3", "There is no variant with the SKU or barcode NOPE."),
        ("", "3", "Enter the SKU or barcode."),
        ("MUG", "-3", "Enter how many of Mug, as a whole number above 0."),
        ("MUG", "9" * 40, "At most 1,000,000 units of a variant can be entered at once."),
        ("MUG", "8", "Only 7 are available at main."),
        ("VOUCHER", "1", "The stock of Voucher is not counted, so nothing can be added to it."),
    ],
)
def test_a_row_that_cannot_be_sent_says_why_and_nothing_typed_is_lost(
    client, staff, main, second, code, quantity, sentence
):
    good = make_variant(on_hand=5, sku="GOOD")
    make_variant(on_hand=7, sku="MUG", title="Mug")
    make_variant(is_tracked=False, sku="VOUCHER", title="Voucher")
    answer = typed(client, ("GOOD", "2"), (code, quantity), destination=second.pk, note="van", send="1")
    assert (answer.status_code, errors_of(answer), stock_of(good)) == (422, [sentence], (5, 0))
    assert f"Nothing was sent yet. Row 2: {sentence}" in text_of(answer)
    assert typed_inputs(answer)[:2] == [("GOOD", "2"), (code, quantity)]
    kept = form_of(answer)
    assert (kept["note"], kept["destination"]) == ("van", str(second.pk))


def typed_inputs(answer) -> list[tuple[str, ...]]:
    columns = [
        [field.attributes.get("value", "") for field in find_all(answer, "input", name=name)]
        for name in ("code", "quantity")
    ]
    return list(zip(*columns, strict=True))


def test_a_transfer_sent_twice_leaves_once_and_says_so(client, staff, main, second):
    variant = make_variant(on_hand=9)
    sent = form_of(client.get(ADD)) | {"code": [variant.sku], "quantity": ["3"], "destination": second.pk, "send": "1"}
    first, again = client.post(ADD, sent), client.post(ADD, sent, follow=True)
    assert (stock_of(variant), again.redirect_chain[0][0]) == ((6, 0), first.headers["Location"])
    assert messages_of(again)[-1] == "This transfer had been sent before, so nothing was sent again."


def test_a_location_that_was_closed_meanwhile_is_refused(client, staff, main, second):
    variant = make_variant(on_hand=9)
    Location.objects.filter(pk=second.pk).update(is_active=False)
    answer = typed(client, (variant.sku, "3"), destination=second.pk, send="1")
    assert "This location is closed or was deleted. Choose another one." in text_of(answer)
    with pytest.raises(StockRefused, match="second is closed, so nothing can be sent"):
        send({variant.pk: 1}, source=main, destination=second)
    assert (Transfer.objects.count(), stock_of(variant)) == (0, (9, 0))


def test_a_transfer_needs_two_locations_and_a_line(client, staff, main, second):
    variant = make_variant(on_hand=9)
    same = typed(client, (variant.sku, "3"), destination=main.pk, send="1")
    assert "Choose two different locations." in errors_of(same)
    none = typed(client, ("", ""), destination=second.pk, send="1")
    assert "Nothing was sent. Enter how many units of each product are sent." in text_of(none)


def test_differences_at_arrival_are_stated_before_anything_is_received(client, staff, main, second):
    variant = make_variant(on_hand=10, title="Mug")
    transfer = send({variant.pk: 6}, source=main, destination=second)
    url, name = f"/admin/catalog/transfer/{transfer.pk}/change/", f"line-{transfer.lines.get().pk}"
    asked = client.post(url, {name: "4", "receive": "1"})
    assert "4 units arrived and will be added to the stock at second." in text_of(asked)
    assert "2 units did not arrive and stay on the way: 2 × Mug." in text_of(asked)
    assert transfer.lines.get().received == 0
    again = {name: "4", "receive": "1", "confirmed": asked.context["mark"]}
    client.post(url, again)
    assert on_hand(variant, second) == 4
    assert entries_of(transfer)[-1].change_message == "Received 4 units at second."
    refused = client.post(url, again)
    assert (refused.status_code, on_hand(variant, second)) == (422, 4)
    assert "2 of Mug are in transit, so 4 cannot arrive." in text_of(refused)


def test_a_part_confirmed_twice_arrives_once(client, staff, main, second):
    variant = make_variant(on_hand=10)
    transfer = send({variant.pk: 6}, source=main, destination=second)
    line = transfer.lines.get()
    receive_transfer(transfer, {line.pk: 2}, seen={line.pk: 6})
    with pytest.raises(StockRefused, match="Something of this transfer was received while the page was open"):
        receive_transfer(transfer, {line.pk: 2}, seen={line.pk: 6})
    assert on_hand(variant, second) == 2


def test_a_transfer_to_a_location_that_was_closed_can_arrive_or_go_back(client, staff, main, second):
    variant = make_variant(on_hand=10)
    transfer = send({variant.pk: 6}, source=main, destination=second)
    Location.objects.filter(pk=second.pk).update(is_active=False)
    url = f"/admin/catalog/transfer/{transfer.pk}/change/"
    assert "second is closed: shoppers cannot buy what arrives there." in text_of(client.get(url))
    assert "second is closed" in text_of(client.post(url, {"all": "1"}))
    confirmed(client, url, back="1")
    assert (stock_of(variant), run_audit()) == ((10, 0), [])
    assert entries_of(transfer)[-1].change_message == "Put 6 units back into the stock at main."


def test_a_number_that_is_none_is_named_with_its_product(client, staff, main, second):
    variant = make_variant(on_hand=10, title="Mug")
    transfer = send({variant.pk: 6}, source=main, destination=second)
    name = f"line-{transfer.lines.get().pk}"
    answer = client.post(f"/admin/catalog/transfer/{transfer.pk}/change/", {name: "four"})
    assert "Mug: 'four' is not a whole number." in text_of(answer)
    assert form_of(answer)[name] == "four"
