"""Saved cards: an account sees and uses its own, removes them, and takes them with it when it is erased."""

import pytest
from django.test import Client

from accounts.models import User
from orders.models import Order
from payments.customers import delete_left_customers, ensure_customer, remove_method, saved_methods
from payments.errors import GatewayDown, NotPayable
from payments.models import StripeCustomer
from payments.reconciliation import reconcile_open
from payments.sessions import PaymentChoice, start_payment
from tests.factories import make_order, make_user
from tests.reading import links_of, text_of

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough passphrase"
CARDS = "/account/cards/"


@pytest.fixture
def ann():
    user = make_user("ann@example.com")
    user.set_password(PASSWORD)
    user.save()
    return user


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def pay_page(client: Client, order: Order) -> str:
    return client.get(f"/orders/{order.public_id}/pay/").headers["Location"]


@pytest.fixture
def saved(stripe_desk, ann) -> str:
    """The id of a card that Ann saved while paying."""
    order = make_order(user=ann)
    stripe_desk.pay(pay_page(logged_in(ann), order), save="1")
    (method,) = saved_methods(ann.pk)
    return method.method_id


def again(client: Client) -> None:
    client.post("/account/reauthenticate/", {"password": PASSWORD})


def test_the_customer_is_made_when_the_account_first_pays_and_used_again(stripe_desk, ann):
    first, second = make_order(user=ann), make_order(user=ann)
    client = logged_in(ann)
    for order in (first, second):
        pay_page(client, order)
    customer = StripeCustomer.objects.get(user=ann)
    sessions = stripe_desk.call("checkout/sessions")["data"]
    assert [session["customer"] for session in sessions] == [customer.stripe_id] * 2
    assert sessions[0]["saved_payment_method_options"]["payment_method_save"] == "enabled"
    (at_stripe,) = stripe_desk.call("customers")["data"]
    assert (at_stripe["id"], at_stripe["email"]) == (customer.stripe_id, "ann@example.com")


def test_guests_have_no_customer(stripe_desk):
    order = make_order()
    pay_page(Client(), order)
    session = stripe_desk.call("checkout/sessions")["data"][0]
    assert (session["customer"], session["customer_email"]) == (None, order.email)
    assert StripeCustomer.objects.count() == 0


def test_a_saved_card_pays_the_next_order(stripe_desk, ann, saved):
    order = make_order(user=ann)
    client = logged_in(ann)
    assert stripe_desk.pay_with_saved(pay_page(client, order), saved).startswith("303 ")
    shown = client.get(f"/orders/{order.public_id}/return/", follow=True)
    assert "Visa ending in 4242: €28.90" in text_of(shown)


def test_the_account_lists_its_cards_and_removes_one_after_confirming_who_it_is(stripe_desk, ann, saved):
    client = logged_in(ann)
    page = client.get(CARDS)
    assert "Visa ending in 4242 Valid until 12/34" in text_of(page)
    remove = f"{CARDS}{saved}/remove/"
    assert links_of(page)[remove] == "Remove Visa ending in 4242"
    assert client.get(remove).headers["Location"].startswith("/account/reauthenticate/")
    assert client.post(remove).headers["Location"].startswith("/account/reauthenticate/")
    assert len(saved_methods(ann.pk)) == 1
    again(client)
    assert "Remove Visa ending in 4242?" in text_of(client.get(remove))
    assert "Visa ending in 4242 was removed." in text_of(client.post(remove, follow=True))
    assert "You have no saved cards" in text_of(client.get(CARDS))
    assert client.get(remove).status_code == 404
    assert "no longer saved" in text_of(client.post(remove, follow=True))


def test_nobody_sees_or_removes_the_card_of_another_account(stripe_desk, ann, saved):
    eve = make_user("eve@example.com")
    eve.set_password(PASSWORD)
    eve.save()
    client = logged_in(eve)
    again(client)
    assert "You have no saved cards" in text_of(client.get(CARDS))
    assert client.get(f"{CARDS}{saved}/remove/").status_code == 404
    client.post(f"{CARDS}{saved}/remove/")
    ensure_customer(eve)
    assert client.get(f"{CARDS}{saved}/remove/").status_code == 404
    assert remove_method(eve.pk, saved) is None
    assert len(saved_methods(ann.pk)) == 1
    assert client.get(f"{CARDS}..%2F..%2Fcharges/remove/").status_code == 404


def test_who_only_has_the_link_of_an_order_does_not_see_the_cards_of_its_account(stripe_desk, ann, saved):
    order = make_order(user=ann)
    with_cards = pay_page(logged_in(ann), order)
    without = pay_page(Client(), order)
    assert without != with_cards
    sessions = {session["url"]: session["customer"] for session in stripe_desk.call("checkout/sessions")["data"]}
    assert sessions[without] is None
    assert "has expired" in stripe_desk.pay(with_cards)
    assert pay_page(logged_in(make_user("eve@example.com")), order) == without


def test_an_open_payment_with_cards_is_never_given_to_somebody_else(stripe_desk, ann, saved):
    order = make_order(user=ann)
    pay_page(logged_in(ann), order)
    with pytest.raises(NotPayable, match="Somebody else"):
        start_payment(order.pk, PaymentChoice())


def test_a_lost_answer_makes_one_customer(stripe_desk, ann):
    stripe_desk.switch(lose="3 POST customers")
    with pytest.raises(GatewayDown):
        ensure_customer(ann)
    first = ensure_customer(ann)
    assert [customer["id"] for customer in stripe_desk.call("customers")["data"]] == [first]


def test_trouble_with_customers_does_not_keep_an_order_from_being_paid(stripe_desk, ann):
    stripe_desk.switch(**{"500": "3 POST customers"})
    pay_page(logged_in(ann), make_order(user=ann))
    assert stripe_desk.call("checkout/sessions")["data"][0]["customer"] is None


def test_a_key_that_stripe_answered_with_a_failure_is_replaced(stripe_desk, ann):
    stripe_desk.switch(fail="1 POST customers")
    with pytest.raises(GatewayDown):
        ensure_customer(ann)
    assert ensure_customer(ann).startswith("cus_")


def test_a_customer_that_was_deleted_at_stripe_is_made_again(stripe_desk, ann, saved):
    gone = StripeCustomer.objects.get().stripe_id
    stripe_desk.remove(f"customers/{gone}")
    client = logged_in(ann)
    order = make_order(user=ann)
    assert "/c/pay/" in pay_page(client, order)
    assert "You have no saved cards" in text_of(client.get(CARDS))
    pay_page(client, make_order(user=ann))
    assert StripeCustomer.objects.get().stripe_id not in ("", gone)


def test_an_erased_account_takes_its_cards_with_it(stripe_desk, ann, saved):
    customer = StripeCustomer.objects.get().stripe_id
    ann.delete()
    assert StripeCustomer.objects.get().user_id is None
    reconcile_open()
    assert StripeCustomer.objects.count() == 0
    assert stripe_desk.call(f"customers/{customer}")["deleted"] is True


def test_the_customer_of_an_erased_account_is_deleted_although_its_answer_was_lost(stripe_desk, ann):
    stripe_desk.switch(lose="3 POST customers")
    with pytest.raises(GatewayDown):
        ensure_customer(ann)
    ann.delete()
    stripe_desk.switch(**{"500": "3"})
    assert delete_left_customers() == 0
    assert delete_left_customers() == 1
    assert stripe_desk.call("customers")["data"] == []


def test_a_customer_of_the_other_mode_is_not_used(stripe_desk, ann, saved):
    StripeCustomer.objects.update(livemode=True)
    assert saved_methods(ann.pk) == []
    ensure_customer(ann)
    row = StripeCustomer.objects.get()
    assert (row.livemode, row.stripe_id.startswith("cus_")) == (False, True)


def test_cards_cannot_be_listed_while_stripe_is_silent(stripe_desk, ann, saved):
    stripe_desk.switch(**{"500": "3"})
    page = logged_in(ann).get(CARDS)
    assert (page.status_code, "not responding" in text_of(page)) == (503, True)


def test_the_page_is_for_accounts(client):
    assert client.get(CARDS).headers["Location"] == f"/account/login/?next={CARDS}"
