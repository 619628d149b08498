"""How often staff may send the e-mails of one order again."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from orders.editing import Edit, add_note, correct_email
from orders.errors import EditRefused
from orders.fulfillment import NewFulfillment, ship
from orders.lifecycle import confirm
from orders.models import Order
from orders.resending import MAX_RESENT_PER_DAY, mails_of, resend
from shop.models import Mail
from tests.factories import make_order, make_variant

pytestmark = pytest.mark.django_db
PAUSED = "This e-mail was sent again a moment ago. Wait five minutes before sending it once more."


@pytest.fixture
def order() -> Order:
    order = make_order(make_variant(on_hand=9), quantity=2)
    confirm(order)
    ship(order, NewFulfillment({order.lines.get().pk: 2}))
    return order


def refusal(order: Order, name: str) -> str:
    before = Mail.objects.count()
    with pytest.raises(EditRefused) as caught:
        resend(order, name, Edit(None))
    assert Mail.objects.count() == before
    return str(caught.value)


def test_the_same_mail_waits_five_minutes_whatever_else_happens_to_the_order(order):
    parcel = mails_of(order)[-1].name
    resend(order, "confirmation", Edit(None))
    resend(order, parcel, Edit(None))
    add_note(order, "She called.", Edit(None))
    assert (refusal(order, "confirmation"), refusal(order, parcel)) == (PAUSED, PAUSED)
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        resend(order, "confirmation", Edit(None))


def test_a_corrected_address_gets_the_mail_at_once(order):
    resend(order, "confirmation", Edit(None))
    correct_email(order, "anna@example.org", Edit(None))
    resend(order, "confirmation", Edit(None))
    assert Mail.objects.order_by("pk").last().recipients == ["anna@example.org"]


def test_an_order_sends_ten_mails_again_a_day_at_most_whoever_gets_them(order):
    for number in range(MAX_RESENT_PER_DAY):
        resend(order, "confirmation", Edit(None))
        correct_email(order, f"anna{number}@example.com", Edit(None))
    assert refusal(order, "confirmation") == f"10 e-mails of {order.number} were sent again today. Send more tomorrow."
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        resend(order, "confirmation", Edit(None))
