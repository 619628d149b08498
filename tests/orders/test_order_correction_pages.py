"""The pages of the admin on which staff correct an order, and what the second of two is told."""

import pytest

from orders.editing import Edit, add_note, correct_email
from orders.errors import EditRefused, ShipmentRefused
from orders.fulfillment import NewFulfillment, Tracking, correct_tracking, ship
from orders.lifecycle import confirm
from orders.models import Order
from shop.models import Mail
from tests.factories import make_order, make_shipping, make_user, make_variant
from tests.orders.staff_pages import staff
from tests.reading import find, form_of, links_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Order:
    order = make_order(make_variant(on_hand=9, title="Reef cup"), quantity=3, email="anna@exmaple.com")
    confirm(order)
    return order


def url_of(order: Order, name: str) -> str:
    return f"/admin/orders/order/{order.pk}/{name}/"


def filled(client, order: Order, name: str, query: str = "", **changes) -> dict:
    """What a browser would send of the page's form after these fields were changed."""
    return {**form_of(client.get(url_of(order, name) + query), method="post", data_guard=True), **changes}


def test_support_corrects_an_address_from_the_order_page(client, order):
    staff(client, "Support")
    page = client.get(url_of(order, "change"))
    assert url_of(order, "address") in links_of(page)
    sent = client.post(url_of(order, "address"), filled(client, order, "address", line1="Kraanlei 21"), follow=True)
    assert f"The address of {order.number} is corrected." in text_of(sent)
    assert "Street and number: Kraanlei 12 → Kraanlei 21" in text_of(sent)
    assert Order.objects.get().line1 == "Kraanlei 21"
    history = text_of(client.get(url_of(order, "history")))
    assert "Address corrected (Street and number: Kraanlei 12 → Kraanlei 21)" in history


def test_support_corrects_an_invoice_address_and_is_told_what_is_missing(client, order):
    staff(client, "Support")
    url, sent = url_of(order, "billing"), filled(client, order, "billing", billing_line1="Hoofdstraat 1")
    refused = client.post(url, sent)
    assert (refused.status_code, "Enter the name for the invoice" in text_of(refused)) == (422, True)
    sent |= {"billing_name": "Peeters BV", "billing_postcode": "10117", "billing_city": "Berlin"}
    assert "Peeters BV" in text_of(client.post(url, sent, follow=True))
    assert Order.objects.get().billing_country == "DE"


def test_a_refused_address_keeps_what_was_typed_beside_the_reason(client, order):
    staff(client, "Support")
    make_shipping(code="island", countries=["DE"], postcodes="25980")
    sent = filled(client, order, "address", line1="Strandweg 1", postcode="25980", city="Sylt")
    answer = client.post(url_of(order, "address"), sent)
    assert answer.status_code == 422
    assert "Standard does not deliver to 25980." in text_of(answer)
    again = form_of(answer, method="post", data_guard=True)
    assert (again["line1"], again["postcode"], again["city"]) == ("Strandweg 1", "25980", "Sylt")
    assert Order.objects.get().line1 == "Kraanlei 12"


def test_the_second_of_two_staff_sees_what_the_first_changed_before_it_is_overwritten(client, order):
    staff(client, "Support")
    mine = filled(client, order, "email", email="anna.peeters@example.com")
    colleague = make_user(name="Ines Ortega", is_staff=True)
    correct_email(order, "anna@example.com", Edit(colleague.pk))
    told = client.post(url_of(order, "email"), mine)
    assert told.status_code == 409
    assert "E-mail address corrected by Ines Ortega" in text_of(told)
    assert "E-mail: anna@exmaple.com → anna@example.com" in text_of(told)
    assert Order.objects.get().email == "anna@example.com"
    again = form_of(told, method="post", data_guard=True)
    assert again["email"] == "anna.peeters@example.com"
    assert client.post(url_of(order, "email"), again).status_code == 302
    assert Order.objects.get().email == "anna.peeters@example.com"


def test_a_parcel_is_not_shipped_twice_by_two_staff(client, order):
    staff(client, "Fulfilment")
    mine = filled(client, order, "ship", carrier="DHL", tracking_number="777")
    line = order.lines.get().pk
    ship(order, NewFulfillment({line: 2}, "DPD"), user_id=make_user(name="Tom Vogel", is_staff=True).pk)
    told = client.post(url_of(order, "ship"), mine)
    assert told.status_code == 409
    assert "Handed to DPD by Tom Vogel" in text_of(told)
    again = form_of(told, method="post", data_guard=True)
    assert (again["carrier"], again["tracking_number"], again[f"line_{line}"]) == ("DHL", "777", "3")
    assert "Ensure this value is less than or equal to 1." in text_of(told)
    assert order.fulfillments.count() == 1
    assert client.post(url_of(order, "ship"), {**again, f"line_{line}": "1"}).status_code == 302
    assert (order.fulfillments.count(), Order.objects.get().status) == (2, "completed")


def test_a_note_of_others_is_shown_before_an_order_is_canceled(client, order):
    staff(client, "Support")
    asked = form_of(client.get(url_of(order, "cancel")), method="post", id="content-main")
    add_note(order, "She called: please keep it.", Edit(make_user(name="Ines Ortega", is_staff=True).pk))
    told = client.post(url_of(order, "cancel"), asked)
    assert told.status_code == 422
    assert "She called: please keep it. by Ines Ortega" in text_of(told)
    assert Order.objects.get().status == "confirmed"
    client.post(url_of(order, "cancel"), form_of(told, method="post", id="content-main"))
    assert Order.objects.get().status == "canceled"


def test_the_tracking_of_the_chosen_parcel_is_corrected(client, order):
    staff(client, "Fulfilment")
    line = order.lines.get().pk
    first, second = (ship(order, NewFulfillment({line: 1}, "DHL", number)) for number in ("111", "222"))
    assert f"{url_of(order, 'tracking')}?parcel={first.pk}" in links_of(client.get(url_of(order, "change")))
    sent = filled(client, order, "tracking", f"?parcel={first.pk}")
    assert sent["tracking_number"] == "111"
    client.post(url_of(order, "tracking"), {**sent, "tracking_number": "112"})
    assert list(order.fulfillments.values_list("tracking_number", flat=True)) == ["112", "222"]


def test_a_mail_is_sent_again_from_the_order_page(client, order):
    staff(client, "Support")
    assert text_of(find(client.get(url_of(order, "mail")), "fieldset")).startswith("Goes to anna@exmaple.com")
    sent = filled(client, order, "mail", mail="confirmation")
    for _time in range(2):
        assert client.post(url_of(order, "mail"), sent).status_code == 302
    assert Mail.objects.filter(message_id__startswith="<order_confirmed").count() == 2
    assert "E-mail sent again: Order confirmation" in text_of(client.get(url_of(order, "change")))


def test_a_note_is_written_on_the_order_page_and_shown_before_shipping(client, order):
    user = staff(client, "Fulfilment")
    form = form_of(client.get(url_of(order, "change")), method="post", action=url_of(order, "note"))
    page = client.post(url_of(order, "note"), {**form, "text": "Wrap it well."}, follow=True)
    assert find(page, "p", class_="said").text == "Wrap it well."
    assert order.events.last().user == user
    assert "Wrap it well." in text_of(client.get(url_of(order, "ship")))
    assert client.post(url_of(order, "note"), {**form, "text": " "}).status_code == 422


def test_an_order_is_shipped_from_its_page_in_two_clicks(client, order):
    staff(client, "Fulfilment")
    ship_url = url_of(order, "ship")
    button = find(client.get(url_of(order, "change")), "a", class_="main")
    assert (button.text, button.attributes["href"]) == ("Ship", ship_url)
    client.post(ship_url, filled(client, order, "ship"))
    order.refresh_from_db()
    assert (order.fulfillment_status, order.lines.get().shipped_quantity) == ("shipped", 3)


def test_staff_who_may_not_see_customers_see_no_personal_data_in_the_timeline(client, order):
    correct_email(order, "anna@example.com", Edit(None))
    staff(client, "Read-only")
    page = text_of(client.get(url_of(order, "change")))
    assert "E-mail address corrected" in page
    assert "E-mail “Order confirmation” waits to be sent" in page
    assert ("anna@" in page, "Anna" in page) == (False, False)


@pytest.mark.parametrize(
    "url", ["ftp://dhl.example/", "https://dhl.example\\@evil.example/", "https://dhl@evil.example/"]
)
def test_a_tracking_url_that_is_none_of_a_web_page_is_refused(client, order, url):
    staff(client, "Fulfilment")
    answer = client.post(url_of(order, "ship"), filled(client, order, "ship", tracking_url=url))
    assert (answer.status_code, order.fulfillments.exists()) == (422, False)
    assert form_of(answer, method="post", data_guard=True)["tracking_url"] == url
    with pytest.raises(ShipmentRefused):
        ship(order, NewFulfillment({order.lines.get().pk: 1}, tracking_url=url))
    parcel = ship(order, NewFulfillment({order.lines.get().pk: 1}))
    with pytest.raises(EditRefused):
        correct_tracking(parcel, Tracking(tracking_url=url), Edit(None))
