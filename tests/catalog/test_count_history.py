"""The history of a count: who opened it, what was counted before and after, and how it ended."""

import pytest

from catalog.edits.history import parts_of
from catalog.models import Stocktake
from tests.catalog.test_staff_permissions import role
from tests.factories import make_location, make_variant
from tests.reading import markup_of, text_of
from tests.shop.test_staff_edits import entries_of, rows_of_entry

pytestmark = pytest.mark.django_db


def opened(client, **fields) -> tuple[Stocktake, str]:
    sent = {"location": make_location().pk, "lines": "", "note": "", **fields}
    client.post("/admin/catalog/stocktake/add/", sent)
    stocktake = Stocktake.objects.get()
    return stocktake, f"/admin/catalog/stocktake/{stocktake.pk}/change/"


def history_of(stocktake) -> list[tuple[str, list[list[str]]]]:
    return [(parts_of(entry)[0]["sentence"], rows_of_entry(entry)) for entry in entries_of(stocktake)]


def test_opening_counting_and_canceling_a_count_stand_in_its_history(client, staff):
    variant = make_variant(on_hand=7, title="Mug", barcode="4006381333924")
    stocktake, url = opened(client, note="shelf 4")
    client.post(url, {f"variant-{variant.pk}": "5", f"shown-{variant.pk}": ""})
    client.post(url, {"scan": "4006381333924", "add": "1"})
    client.post(url, {"cancel": "1", "confirmed": client.post(url, {"cancel": "1"}).context["mark"]})
    assert history_of(stocktake) == [
        (
            "Added.",
            [["Location", "–", "main"], ["Lines", "–", "1"], ["Blind count", "–", "no"], ["Note", "–", "shelf 4"]],
        ),
        ("Counted 1 line.", [["Mug", "–", "5"]]),
        ("Counted 1 line.", [["Mug", "5", "6"]]),
        ("Canceled the count. No stock was corrected.", []),
    ]
    assert entries_of(stocktake)[0].user == staff
    assert "Mug 5 6" in text_of(client.get(url.replace("change", "history")))


def test_a_number_that_stays_the_same_leaves_no_entry(client, staff):
    variant = make_variant(on_hand=7)
    stocktake, url = opened(client)
    for _ in range(2):
        client.post(url, {f"variant-{variant.pk}": "5", f"shown-{variant.pk}": ""})
    assert [sentence for sentence, _ in history_of(stocktake)] == ["Added.", "Counted 1 line."]


def test_posting_a_count_stands_in_its_history(client, staff):
    variant = make_variant(on_hand=7)
    stocktake, url = opened(client)
    sent = {f"variant-{variant.pk}": "5", f"shown-{variant.pk}": "", "post": "1"}
    client.post(url, {"post": "1", "confirmed": client.post(url, sent).context["mark"]})
    assert history_of(stocktake)[-1] == ("Posted the differences: 1 line corrected.", [])


def test_the_history_of_a_blind_count_names_no_expected_number(client):
    variant = make_variant(on_hand=7417)
    role(client, "Fulfilment")
    stocktake, url = opened(client, is_blind="on")
    client.post(url, {f"variant-{variant.pk}": "7300", f"shown-{variant.pk}": ""})
    client.post(url, {"finish": "1"})
    history = client.get(url.replace("change", "history"))
    assert [sentence for sentence, _ in history_of(stocktake)] == ["Added.", "Counted 1 line.", "Finished counting."]
    assert ("7300" in markup_of(history), "7417" in markup_of(history)) == (True, False)


def test_a_number_that_no_stock_can_have_is_refused(client, staff):
    variant = make_variant(on_hand=7)
    _, url = opened(client)
    client.post(url, {f"variant-{variant.pk}": "99999999", f"shown-{variant.pk}": ""})
    answer = client.post(url, {f"variant-{variant.pk}": "999999999", f"shown-{variant.pk}": "99999999"})
    assert (answer.status_code, "is not a whole number" in text_of(answer)) == (422, True)
