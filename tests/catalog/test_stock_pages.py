"""Staff receive, correct, transfer and count stock."""

import pytest

from catalog.inventory import receive_transfer, send
from catalog.inventory.stocktakes import open_stocktake
from catalog.models import (
    Stock,
    StockMovement,
    Stocktake,
    Transfer,
)
from shop.operations.audit import run_audit
from tests.factories import make_location, make_variant, stock_of
from tests.reading import find, find_all, form_of, rows_of, text_of

pytestmark = pytest.mark.django_db


def test_stock_is_received_and_corrected_and_invalid_changes_are_refused_with_the_reason(client, staff):
    variant = make_variant(on_hand=5)
    url = f"/admin/catalog/stock/{Stock.objects.get().pk}/change/"
    client.post(url, {"what": "receive", "quantity": "3", "reason": ""})
    client.post(url, {"what": "adjust", "quantity": "-2", "reason": "broken"})
    assert stock_of(variant) == (6, 0)
    answer = client.post(url, {"what": "adjust", "quantity": "-20", "reason": "broken"})
    assert (answer.status_code, "Only 6 are on hand." in text_of(answer)) == (422, True)
    answer = client.post(url, {"what": "adjust", "quantity": "1", "reason": ""})
    assert "Enter the reason for the correction." in text_of(answer)
    assert "Enter a number other than 0." in text_of(
        client.post(url, {"what": "adjust", "quantity": "0", "reason": "x"})
    )
    client.post(url, {"limit": "4", "date": "2030-05-01"})
    stock = Stock.objects.get()
    assert (stock.backorder_limit, str(stock.backorder_date)) == (4, "2030-05-01")
    assert StockMovement.objects.filter(user=staff).count() == 2


def test_a_transfer_is_sent_and_received_in_parts(client, staff):
    variant = make_variant(on_hand=10)
    second = make_location("second", 20)
    fields = {"destination": second.pk, "code": variant.sku, "quantity": "6", "send": "1"}
    answer = client.post("/admin/catalog/transfer/add/", form_of(client.get("/admin/catalog/transfer/add/")) | fields)
    transfer = Transfer.objects.get()
    assert (answer.status_code, stock_of(variant)) == (302, (4, 0))
    line = transfer.lines.get()
    url = f"/admin/catalog/transfer/{transfer.pk}/change/"
    asked = client.post(url, {f"line-{line.pk}": "4"})
    client.post(url, {f"line-{line.pk}": "4", "confirmed": asked.context["mark"]})
    assert stock_of(variant) == (8, 0)
    assert client.post(url, {f"line-{line.pk}": "9"}).status_code == 422
    empty = client.post(url, {f"line-{line.pk}": ""})
    assert (empty.status_code, "Nothing was received" in text_of(empty)) == (422, True)
    lost = {f"line-{line.pk}": "1", "complete": "yes"}
    asked = client.post(url, lost)
    text = text_of(asked)
    assert f"1 unit never arrived and will be written off: 1 × {variant}." in text
    assert "At today’s prices the lost units are worth €24.00." in text
    assert (stock_of(variant), transfer.lines.get().lost) == ((8, 0), 0)
    client.post(url, {**lost, "confirmed": asked.context["mark"]})
    transfer.refresh_from_db()
    assert (stock_of(variant), transfer.status, transfer.lines.get().lost) == ((9, 0), "received", 1)
    assert run_audit() == []


def test_what_did_not_arrive_is_shown_until_somebody_decides(client, staff):
    variant = make_variant(on_hand=10, title="Mug")
    transfer = send({variant.pk: 6}, source=make_location(), destination=make_location("second", 20))
    url = f"/admin/catalog/transfer/{transfer.pk}/change/"
    receive_transfer(transfer, {transfer.lines.get().pk: 4})
    assert "2 units have not arrived" in text_of(client.get(url))
    assert rows_of(client.get("/admin/catalog/transfer/"))[1][3::2] == ["6 2 not arrived", "Partly arrived"]
    asked = client.post(url, {"back": "1"})
    assert "2 × Mug will be added to the stock at main again." in text_of(asked)
    client.post(url, {"back": "1", "confirmed": asked.context["mark"]})
    transfer.refresh_from_db()
    assert (transfer.status, stock_of(variant), run_audit()) == ("received", (10, 0), [])


def test_a_stocktake_is_counted_and_posted(client, staff):
    variant, other = make_variant(on_hand=10), make_variant(on_hand=0)
    client.post("/admin/catalog/stocktake/add/", {"location": make_location().pk, "lines": "", "note": ""})
    stocktake = Stocktake.objects.get()
    url = f"/admin/catalog/stocktake/{stocktake.pk}/change/"
    client.post(url, {f"variant-{variant.pk}": "8", f"shown-{variant.pk}": "", "others": f"{other.sku} 2"})
    assert stock_of(variant) == (10, 0)
    assert [tag.text for tag in find_all(client.get(url), class_="badge") if tag.text[0] in "+−"] == ["−2", "+2"]
    asked = client.post(url, {"post": "yes"})
    text = text_of(asked)
    assert f"corrected by 0 in 2 products: {variant} −2, {other} +2." in text
    assert find(asked, "input", type="submit").attributes["class"] == "default"
    assert find(client.post(url, {"cancel": "yes"}), "input", type="submit").attributes["class"] == "danger"
    assert (stock_of(variant), stock_of(other)) == ((10, 0), (0, 0))
    client.post(url, {"post": "yes", "confirmed": asked.context["mark"]})
    assert (stock_of(variant), stock_of(other)) == ((8, 0), (2, 0))
    assert "is already posted" in text_of(client.post(url, {"post": "yes"}))
    second = open_stocktake(make_location())
    again = f"/admin/catalog/stocktake/{second.pk}/change/"
    assert "Nothing was saved. Enter what you counted." in text_of(client.post(again, {}))
    assert "Nothing has been counted yet." in text_of(client.post(again, {"post": "yes"}))
    refused = client.post(again, {f"variant-{variant.pk}": "5", "others": f"{other.sku} 2\nNOPE 3"})
    typed = form_of(refused)
    assert (typed[f"variant-{variant.pk}"], typed["others"]) == ("5", f"{other.sku} 2\nNOPE 3")
    asked = client.post(again, {"cancel": "yes"})
    assert "0 counted numbers will be discarded." in text_of(asked)
    client.post(again, {"cancel": "yes", "confirmed": asked.context["mark"]})
    second.refresh_from_db()
    assert second.status == Stocktake.Status.CANCELED
