"""What Stripe thinks of a payment is kept and shown, and the shop may hold orders of the highest risk."""

import pytest

from catalog.models import Store
from orders.errors import ShipmentRefused
from orders.fulfillment import NewFulfillment, hold_of, ship
from orders.models import Order
from payments.models import Payment
from payments.risk import accept_risk
from payments.sessions import start_payment
from payments.settlement import settle
from tests.factories import make_order, make_user
from tests.orders.staff_pages import staff
from tests.reading import form_of, text_of

pytestmark = pytest.mark.django_db
ELEVATED_CARD = "4000000000009235"


def paid(desk, number="4242424242424242") -> Order:
    order = make_order()
    payment = start_payment(order.pk)
    desk.pay(payment.session_url, number)
    settle(payment.pk)
    order.refresh_from_db()
    return order


def risky(level="highest", score=92, **fields) -> Order:
    """A paid order whose payment Stripe judged like this."""
    order = make_order()
    Order.objects.filter(pk=order.pk).update(status="confirmed")
    amounts = {"amount_minor": order.total_minor, "captured_minor": order.total_minor, "currency": order.currency}
    Payment.objects.create(order=order, status="captured", risk_level=level, risk_score=score, **amounts, **fields)
    order.refresh_from_db()
    return order


@pytest.fixture
def is_held(db):
    Store.objects.update_or_create(pk=1, defaults={"holds_highest_risk": True})


@pytest.mark.parametrize(
    ("number", "level", "score", "words"),
    [("4242424242424242", "normal", 12, "Normal, 12 of 100"), (ELEVATED_CARD, "elevated", 66, "Elevated, 66 of 100")],
)
def test_what_stripe_thinks_is_kept_with_the_payment(stripe_desk, number, level, score, words):
    payment = paid(stripe_desk, number).payments.get()
    assert (payment.risk_level, payment.risk_score, payment.shown_risk) == (level, score, words)


def test_a_level_that_is_no_judgement_is_not_kept(stripe_desk):
    payment = start_payment(make_order().pk)
    stripe_desk.pay(payment.session_url)
    charge = stripe_desk.call("charges", limit="1")["data"][0]
    stripe_desk.edit(charge["id"], outcome={**charge["outcome"], "risk_level": "not_assessed", "risk_score": None})
    settled = settle(payment.pk)
    assert (settled.status, settled.risk_level, settled.risk_score, settled.shown_risk) == ("captured", "", None, "")


@pytest.mark.parametrize(("level", "mark"), [("elevated", "Elevated risk"), ("highest", "Highest risk")])
def test_staff_see_a_raised_risk_in_the_list_and_on_the_order(client, level, mark):
    order = risky(level, 80)
    staff(client, is_superuser=True)
    assert mark in text_of(client.get("/admin/orders/order/?tab=all"))
    page = text_of(client.get(f"/admin/orders/order/{order.pk}/change/"))
    assert mark in page
    assert f"Stripe sees a risk of fraud ({level}, 80 of 100)." in page


def test_only_the_highest_risk_is_held_and_only_if_the_shop_says_so(is_held):
    order = risky()
    assert "accept the risk or cancel" in hold_of(order)
    with pytest.raises(ShipmentRefused, match="highest risk"):
        ship(order, NewFulfillment({order.lines.get().pk: 1}))
    assert hold_of(risky("elevated", 66)) == ""
    Store.objects.update(holds_highest_risk=False)
    assert hold_of(order) == ""


def test_an_accepted_risk_is_no_longer_held_or_marked(client, is_held):
    order = risky()
    staff(client, is_superuser=True)
    url = f"/admin/orders/order/{order.pk}/accept-risk/"
    question = client.get(url)
    assert "Online payment: highest, 92 of 100." in text_of(question)
    done = client.post(url, {"confirmed": form_of(question)["confirmed"]}, follow=True)
    assert "was accepted" in text_of(done)
    assert hold_of(order) == ""
    assert "Highest risk" not in text_of(client.get("/admin/orders/order/?tab=all"))
    assert order.events.get(text__contains="risk").user is not None


def test_accepting_twice_is_recorded_once(is_held):
    order, clerk = risky(), make_user()
    assert (accept_risk(order, user_id=clerk.pk), accept_risk(order, user_id=clerk.pk)) == (1, 0)
    assert order.events.filter(text__contains="risk").count() == 1
