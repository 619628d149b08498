"""Staff correct the address and the e-mail address of an order, and add notes."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from orders.customers import customer_key
from orders.editing import (
    Edit,
    NewAddress,
    NewInvoiceAddress,
    add_note,
    correct_address,
    correct_email,
    correct_invoice_address,
    version_of,
)
from orders.errors import EditRefused, OrderChanged
from orders.fulfillment import NewFulfillment, ship
from orders.gift_card_emails import send_due_gift_cards
from orders.lifecycle import cancel, confirm, confirm_late, record_event
from orders.models import Order, OrderEvent, PromotionCustomer, TaxRegion
from shop.mail.outbox import claim_next, deliver, parsed
from shop.models import Mail
from tests.factories import (
    make_cart,
    make_order,
    make_promotion,
    make_shipping,
    make_tax,
    make_user,
    make_variant,
    place,
    with_codes,
)

pytestmark = pytest.mark.django_db

BERLIN = NewAddress("Anna Peeters", "Kraanlei 12", "", "10115", "Berlin")


def confirmed(**changes) -> Order:
    order = make_order(make_variant(on_hand=9), quantity=2, **changes)
    confirm(order)
    return order


def address_of(order: Order) -> NewAddress:
    names = NewAddress.__dataclass_fields__
    return NewAddress(**Order.objects.values(*names).get(pk=order.pk))


def test_a_corrected_address_is_stored_with_who_corrected_it_and_what_it_was_before():
    order, user = confirmed(), make_user(is_staff=True)
    new = replace(BERLIN, line1="Kraanlei 21", line2="Hof 2", postcode="10117")
    correct_address(order, new, Edit(user.pk))
    assert address_of(order) == new
    event = order.events.last()
    assert (event.kind, event.text, event.user, event.is_public) == ("edited", "Address corrected", user, False)
    assert event.changes == [
        {"label": "Street and number", "before": "Kraanlei 12", "after": "Kraanlei 21"},
        {"label": "Flat, building or company", "before": "–", "after": "Hof 2"},
        {"label": "Postcode", "before": "10115", "after": "10117"},
    ]


def test_an_unpaid_order_can_get_another_address_and_a_name():
    order = make_order()
    correct_address(order, replace(BERLIN, name="Anna Maes", city="Berlin Mitte"), Edit(None))
    assert address_of(order) == replace(BERLIN, name="Anna Maes", city="Berlin Mitte")


def refused(order: Order, new: NewAddress) -> str:
    before, events = address_of(order), order.events.count()
    with pytest.raises(EditRefused) as caught:
        correct_address(order, new, Edit(None))
    assert (address_of(order), order.events.count()) == (before, events)
    return str(caught.value)


def test_an_order_that_was_shipped_in_part_or_canceled_keeps_its_address():
    shipped, canceled = confirmed(), make_order()
    ship(shipped, NewFulfillment({shipped.lines.get().pk: 1}))
    cancel(canceled, Order.CancelReason.STAFF)
    new = replace(BERLIN, line1="Kraanlei 21")
    assert refused(shipped, new) == f"A parcel of {shipped.number} has been shipped, so its address stays as it is."
    assert refused(canceled, new) == f"{canceled.number} is canceled, so its address stays as it is."


def test_an_address_with_another_tax_is_refused():
    TaxRegion.objects.create(code="HEL", country="DE", name="Heligoland", postcodes="27498", is_outside=True)
    assert refused(confirmed(), replace(BERLIN, postcode="27498")) == (
        "Another tax applies to 27498 than to 10115. Cancel the order and place a new one."
    )


def test_an_address_with_another_price_of_delivery_is_refused():
    order = confirmed()
    method = make_shipping()
    zone = make_shipping(code="island", countries=["DE"], postcodes="25980").rates.get().zone
    method.rates.create(zone=zone, price_minor=1490)
    assert refused(order, replace(BERLIN, postcode="25980")) == (
        "Standard costs €14.90 to 25980 instead of €4.90. Cancel the order and place a new one."
    )


def test_an_address_that_the_method_does_not_deliver_to_is_refused():
    order = confirmed()
    make_shipping(code="island", countries=["DE"], postcodes="25980")
    assert refused(order, replace(BERLIN, postcode="25980")) == "Standard does not deliver to 25980."


def test_where_the_method_was_withdrawn_another_postcode_must_cost_what_the_order_paid():
    order = confirmed()
    method = make_shipping()
    method.rates.all().delete()
    for code, postcode, price_minor in (("island", "25980", 1490), ("coast", "25938", 490)):
        zone = make_shipping(code=code, countries=["DE"], postcodes=postcode).rates.get().zone
        method.rates.create(zone=zone, price_minor=price_minor)
    assert refused(order, replace(BERLIN, postcode="25980")) == (
        "Standard costs €14.90 to 25980 instead of €4.90. Cancel the order and place a new one."
    )
    correct_address(order, replace(BERLIN, postcode="25938"), Edit(None))
    assert address_of(order).postcode == "25938"


def test_free_delivery_by_a_promotion_does_not_make_another_price_the_same():
    make_shipping()
    make_tax()
    make_promotion("delivery_percent", "delivery", percent=100, codes=("FREE",))
    order = place(with_codes(make_cart(make_variant(on_hand=9)), "FREE"))
    assert order.shipping_minor == 0
    method = make_shipping()
    method.rates.all().delete()
    zone = make_shipping(code="island", countries=["DE"], postcodes="25980").rates.get().zone
    method.rates.create(zone=zone, price_minor=0)
    assert "costs €0.00 to 25980 instead of €4.90" in refused(order, replace(BERLIN, postcode="25980"))


def test_the_street_can_be_corrected_after_the_method_was_withdrawn():
    order = confirmed()
    make_shipping().rates.all().delete()
    correct_address(order, replace(BERLIN, line1="Kraanlei 21"), Edit(None))
    assert address_of(order).line1 == "Kraanlei 21"


def test_the_same_address_is_refused_and_not_recorded():
    assert refused(confirmed(), BERLIN) == "Nothing was changed."


def test_the_same_form_sent_twice_corrects_once():
    order, edit = confirmed(), Edit(None, key=uuid.uuid4())
    correct_address(order, replace(BERLIN, line1="Kraanlei 21"), edit)
    correct_address(order, replace(BERLIN, line1="Kraanlei 21"), edit)
    assert order.events.filter(kind="edited").count() == 1


def test_the_second_of_two_staff_is_told_what_the_first_changed():
    order, first = confirmed(), make_user(is_staff=True)
    seen = version_of(order)
    correct_address(order, replace(BERLIN, line1="Kraanlei 21"), Edit(first.pk, seen))
    with pytest.raises(OrderChanged) as caught:
        correct_address(order, replace(BERLIN, line1="Kraanlei 12a"), Edit(None, seen))
    assert [(event.text, event.user) for event in caught.value.events] == [("Address corrected", first)]
    assert address_of(order).line1 == "Kraanlei 21"
    correct_address(order, replace(BERLIN, line1="Kraanlei 12a"), Edit(None, version_of(order)))
    assert address_of(order).line1 == "Kraanlei 12a"


def test_an_invoice_for_another_country_than_the_delivery_does_not_lose_its_country():
    order = confirmed()
    Order.objects.filter(pk=order.pk).update(billing_name="Peeters", billing_country="FR")
    with pytest.raises(EditRefused, match="an invoice keeps its country"):
        correct_invoice_address(order, NewInvoiceAddress("Peeters BV"), Edit(None))
    order.refresh_from_db()
    assert (order.billing_name, order.billing_country, order.company) == ("Peeters", "FR", "")
    correct_invoice_address(order, NewInvoiceAddress(billing_name="Peters"), Edit(None))
    order.refresh_from_db()
    assert (order.billing_name, order.billing_country) == ("Peters", "FR")


def test_an_invoice_address_is_corrected_in_its_country_and_taken_away():
    order = confirmed()
    new = NewInvoiceAddress("Peeters BV", "Peeters BV", "Hoofdstraat 1", "10117", "Berlin")
    correct_invoice_address(order, new, Edit(None))
    order.refresh_from_db()
    assert (order.company, order.billing_lines, order.billing_country) == (
        *("Peeters BV", ["Peeters BV", "Hoofdstraat 1", "10117 Berlin"], "DE"),
    )
    correct_invoice_address(order, NewInvoiceAddress("Peeters BV"), Edit(None))
    order.refresh_from_db()
    assert (order.billing_lines, order.billing_country) == ([], "")
    assert {"label": "Country for the invoice", "before": "DE", "after": "–"} in order.events.last().changes
    ship(order, NewFulfillment({order.lines.get().pk: 1}))
    with pytest.raises(EditRefused, match="has been shipped"):
        correct_invoice_address(order, new, Edit(None))


def test_further_mails_go_to_the_corrected_address():
    order = confirmed(email="anna@exmaple.com")
    Mail.objects.update(status=Mail.Status.SENT)
    correct_email(order, "anna@example.com", Edit(None))
    order.refresh_from_db()
    assert (order.email, order.customer_key) == ("anna@example.com", customer_key("anna@example.com"))
    assert order.events.last().changes == [
        {"label": "E-mail", "before": "anna@exmaple.com", "after": "anna@example.com"}
    ]
    ship(order, NewFulfillment({order.lines.get().pk: 2}))
    assert Mail.objects.get(subject__startswith="On its way").recipients == ["anna@example.com"]
    assert Mail.objects.get(message_id__startswith="<order_confirmed").recipients == ["anna@exmaple.com"]


def test_mails_that_wait_go_to_the_corrected_address_but_those_of_other_orders_stay():
    order, other = (confirmed(email="anna@exmaple.com", name="Änne") for _ in range(2))
    before = {mail.message_id: parsed(mail) for mail in Mail.objects.all()}
    correct_email(order, "anna@example.com", Edit(None))
    mine, theirs = (Mail.objects.get(message_id__contains=row.public_id.hex) for row in (order, other))
    assert (mine.recipients, theirs.recipients) == (["anna@example.com"], ["anna@exmaple.com"])
    after = parsed(mine)
    assert (after["To"], parsed(theirs)["To"]) == ("anna@example.com", "anna@exmaple.com")
    texts = [
        [part.get_content() for part in mail.walk() if not part.is_multipart()]
        for mail in (after, before[mine.message_id])
    ]
    assert texts[0] == texts[1]
    assert "Änne" in texts[0][0]


def test_a_mail_that_is_being_sent_during_the_correction_keeps_the_address_that_it_went_to():
    order = confirmed(email="anna@exmaple.com")
    mail = claim_next()
    correct_email(order, "anna@example.com", Edit(None))
    assert deliver(mail)
    assert Mail.objects.get().recipients == ["anna@exmaple.com"]


def test_gift_cards_that_were_sent_stay_and_later_ones_go_to_the_corrected_address():
    make_shipping()
    make_tax()
    now, later = (make_variant(2500, is_gift_card=True, is_tracked=False, needs_shipping=False) for _ in range(2))
    nowhere = dict.fromkeys(("line1", "postcode", "city"), "")
    order = place(make_cart(now, later), email="anna@exmaple.com", shipping_code="none", **nowhere)
    order.lines.filter(variant=later).update(send_on=timezone.localdate() + timedelta(days=1))
    confirm(order)
    with pytest.raises(EditRefused, match="Ask somebody who may issue gift cards."):
        correct_email(order, "anna@example.com", Edit(None))
    correct_email(order, "anna@example.com", Edit(None), may_move_codes=True)
    order.lines.filter(variant=later).update(send_on=timezone.localdate())
    assert send_due_gift_cards() == 1
    mails = Mail.objects.filter(message_id__startswith="<gift_cards").order_by("pk")
    assert [mail.recipients for mail in mails] == [["anna@exmaple.com"], ["anna@example.com"]]


def test_an_equal_e_mail_address_is_refused():
    with pytest.raises(EditRefused, match="already has this e-mail address"):
        correct_email(confirmed(email="anna@example.com"), "anna@example.com", Edit(None))


def test_a_promotion_that_is_used_again_counts_for_the_corrected_customer():
    make_shipping()
    make_tax()
    make_promotion(percent=10, most_uses_each=1, codes=("HELLO",))
    order = place(with_codes(make_cart(make_variant(on_hand=9)), "HELLO"), email="anna@exmaple.com")
    cancel(order, Order.CancelReason.EXPIRED)
    correct_email(order, "anna@example.com", Edit(None))
    order.refresh_from_db()
    confirm_late(order)
    assert order.promotion_uses.get().customer == customer_key("anna@example.com")
    assert list(PromotionCustomer.objects.filter(uses__gt=0).values_list("customer", flat=True)) == [
        customer_key("anna@example.com")
    ]


def test_a_note_is_kept_for_staff_with_its_author():
    order, user = confirmed(), make_user(is_staff=True)
    edit = Edit(user.pk)
    add_note(order, "Wrap the lamp well.", edit)
    add_note(order, "Wrap the lamp well.", edit)
    event = order.events.get(kind=OrderEvent.Kind.NOTE)
    assert (event.text, event.user, event.is_public) == ("Wrap the lamp well.", user, False)


def test_personal_data_in_events_can_be_removed_and_nothing_else_changed():
    order = confirmed()
    correct_address(order, replace(BERLIN, line1="Kraanlei 21"), Edit(None))
    add_note(order, "Called Anna.", Edit(None))
    record_event(order, OrderEvent.Kind.PAYMENT, "Payment refunded")
    OrderEvent.objects.filter(kind="edited").update(changes=[])
    OrderEvent.objects.filter(kind="note").update(text="")
    assert not OrderEvent.objects.exclude(changes=[]).exists()
    for change in ({"text": "Payment received"}, {"text": ""}, {"kind": "note"}, {"changes": [{"label": "Name"}]}):
        with pytest.raises(IntegrityError), transaction.atomic():
            OrderEvent.objects.filter(text="Payment refunded").update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderEvent.objects.all()._raw_delete("default")
