"""Staff correct the tracking of a parcel, and send the e-mails of an order again."""

from email import message_from_bytes, policy

import pytest

from orders.editing import Edit, correct_email, version_of
from orders.errors import EditRefused, OrderChanged
from orders.fulfillment import NewFulfillment, Tracking, correct_tracking, ship
from orders.lifecycle import confirm
from orders.models import Fulfillment, Order
from orders.resending import mails_of, resend
from payments.cancellation import cancel_order
from payments.sessions import start_payment
from payments.settlement import settle
from shop.models import Mail
from tests.factories import make_order, make_user, make_variant

pytestmark = pytest.mark.django_db


def shipped(*, units: int = 1) -> tuple[Order, Fulfillment]:
    order = make_order(make_variant(on_hand=9), quantity=3, email="anna@exmaple.com")
    confirm(order)
    return order, ship(order, NewFulfillment({order.lines.get().pk: units}, "DHL", "12345"))


def names_of(order: Order) -> list[str]:
    return [mail.name for mail in mails_of(Order.objects.get(pk=order.pk))]


def plain_text_of(mail: Mail) -> str:
    message = message_from_bytes(mail.body.encode(), policy=policy.default)
    return " ".join(message.get_body(("plain",)).get_content().split())


def test_a_corrected_tracking_number_is_recorded_with_who_corrected_it_and_what_it_was_before():
    order, _first = shipped()
    second = ship(order, NewFulfillment({order.lines.get().pk: 1}, "DHL", "777"))
    user = make_user(is_staff=True)
    correct_tracking(second, Tracking("DPD", "778", "https://dpd.example/778"), Edit(user.pk))
    second.refresh_from_db()
    assert (second.carrier, second.tracking_number, second.tracking_url) == ("DPD", "778", "https://dpd.example/778")
    event = order.events.last()
    assert (event.text, event.user, event.is_public) == ("Tracking of parcel 2 corrected", user, False)
    assert event.changes == [
        {"label": "Carrier", "before": "DHL", "after": "DPD"},
        {"label": "Tracking number", "before": "777", "after": "778"},
        {"label": "Tracking URL", "before": "–", "after": "https://dpd.example/778"},
    ]


def test_tracking_is_not_corrected_without_a_difference_or_after_others_changed_the_order():
    order, parcel = shipped()
    seen = version_of(order)
    with pytest.raises(EditRefused, match="Nothing was changed"):
        correct_tracking(parcel, Tracking("DHL", "12345"), Edit(None, seen))
    correct_tracking(parcel, Tracking("DHL", "12346"), Edit(None, seen))
    with pytest.raises(OrderChanged):
        correct_tracking(parcel, Tracking("DHL", "99999"), Edit(None, seen))
    parcel.refresh_from_db()
    assert parcel.tracking_number == "12346"


def test_a_parcel_is_not_shipped_if_others_changed_the_order_since_the_page_was_opened():
    order, _parcel = shipped()
    seen = version_of(order)
    correct_email(order, "anna@example.com", Edit(None))
    with pytest.raises(OrderChanged):
        ship(order, NewFulfillment({order.lines.get().pk: 1}), seen=seen)
    assert (order.fulfillments.count(), order.lines.get().shipped_quantity) == (1, 1)


def test_a_mail_that_is_sent_again_goes_to_the_corrected_address_with_the_corrected_tracking():
    order, parcel = shipped()
    user = make_user(is_staff=True)
    Mail.objects.update(status=Mail.Status.SENT)  # those that wait go to the new address themselves
    correct_email(order, "anna@example.com", Edit(None))
    correct_tracking(parcel, Tracking("DHL", "54321"), Edit(None))
    edit = Edit(user.pk)
    sent = [resend(order, f"parcel-{parcel.pk}", edit) for _time in range(2)]
    assert [mail and mail.label for mail in sent] == ["Parcel 1 is on its way", None]
    first, again = Mail.objects.filter(subject=f"On its way: order {order.number}").order_by("pk")
    assert (first.recipients, again.recipients) == (["anna@exmaple.com"], ["anna@example.com"])
    assert ("54321" in plain_text_of(again), "12345" in plain_text_of(again)) == (True, False)
    event = order.events.last()
    assert (event.kind, event.text, event.user) == ("mail", "E-mail sent again: Parcel 1 is on its way", user)
    assert event.changes == [{"label": "Sent to", "before": "", "after": "anna@example.com"}]


def test_the_mails_of_an_order_depend_on_what_happened_to_it(stripe_desk):
    order = make_order(make_variant(on_hand=9))
    assert names_of(order) == []
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    assert names_of(order) == ["confirmation"]
    cancel_order(Order.objects.get(), user_id=None)
    assert names_of(order) == ["canceled"]
    resend(Order.objects.get(), "canceled", Edit(None))
    first, again = Mail.objects.filter(subject=f"Order {order.number} is canceled")
    assert plain_text_of(first) == plain_text_of(again)


def test_a_mail_that_the_order_does_not_have_is_refused():
    with pytest.raises(EditRefused, match="Choose one from the list"):
        resend(make_order(), "confirmation", Edit(None))
    assert Mail.objects.count() == 0
