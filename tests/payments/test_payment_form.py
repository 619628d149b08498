"""Paying in a page of the shop: the same session, expiry and answers as on Stripe's page, and the way back to that page."""

import pytest
from django.utils import timezone

from catalog.models import Store
from orders.models import Order
from payments.cancellation import expire_unpaid
from payments.models import Payment
from payments.settlement import settle
from shop.operations.audit import run_audit
from tests.factories import make_order
from tests.orders.staff_pages import staff
from tests.reading import errors_of, find, find_all, form_of, text_of

pytestmark = pytest.mark.django_db
SCRIPT = "https://js.stripe.com/endive/stripe.js"
DECLINED, DEBIT = "4000000000000002", "AT611904300234573201"


@pytest.fixture
def in_page(db):
    Store.objects.update_or_create(pk=1, defaults={"payment_page": Store.PaymentPage.IN_PAGE})


def form_url(order: Order) -> str:
    return f"/orders/{order.public_id}/pay/form/"


def open_form(client, order: Order):
    """Follow the shopper from the checkout to the form."""
    page = client.get(f"/orders/{order.public_id}/pay/", follow=True)
    assert page.redirect_chain == [(form_url(order), 302)]
    return page


def secret_of(page) -> str:
    return find(page, "div", data_payment=True).attributes["data-secret"]


def test_it_is_off_unless_the_shop_turns_it_on(client, stripe_desk):
    order = make_order()
    assert client.get(f"/orders/{order.public_id}/pay/").headers["Location"].startswith(f"{stripe_desk.address}/c/pay/")
    assert client.get(form_url(order)).headers["Location"] == f"/orders/{order.public_id}/pay/"


@pytest.mark.usefixtures("in_page")
def test_the_form_opens_the_session_of_the_payment(client, stripe_desk):
    order = make_order()
    page = open_form(client, order)
    payment = Payment.objects.get()
    session = stripe_desk.call(f"checkout/sessions/{payment.session_id}")
    assert (session["ui_mode"], session["url"], session["client_secret"]) == ("embedded_page", None, secret_of(page))
    assert session["return_url"] == f"http://testserver/orders/{order.public_id}/return/"
    assert find(page, "div", data_payment=True).attributes["data-payment"] == "pk_test_sandbox"
    assert SCRIPT in [script.attributes.get("src") for script in find_all(page, "script")]


@pytest.mark.usefixtures("in_page")
def test_only_this_page_allows_the_script_and_the_frames_of_stripe(client, stripe_desk):
    order = make_order()
    policies = {
        name: client.get(url).headers["Content-Security-Policy"]
        for name, url in {"form": form_url(order), "order": order.get_absolute_url(), "home": "/"}.items()
    }
    assert "script-src 'self' https://js.stripe.com" in policies["form"]
    assert "frame-src https://js.stripe.com" in policies["form"]
    assert "js.stripe.com" not in policies["order"] + policies["home"]
    page = client.get(form_url(order))
    assert 'payment=(self "https://js.stripe.com"' in page.headers["Permissions-Policy"]
    assert page.headers["Cache-Control"] == "private, no-store"


@pytest.mark.usefixtures("in_page")
def test_a_payment_in_the_page_confirms_the_order(client, stripe_desk):
    order = make_order()
    secret = secret_of(open_form(client, order))
    assert "declined" in stripe_desk.pay_embedded(secret, DECLINED)
    assert stripe_desk.pay_embedded(secret) == f"303 http://testserver/orders/{order.public_id}/return/"
    shown = client.get(f"/orders/{order.public_id}/return/", follow=True)
    assert "Visa ending in 4242: €28.90" in text_of(shown)
    assert client.get(form_url(order)).headers["Location"] == order.get_absolute_url()
    assert run_audit() == []


@pytest.mark.usefixtures("in_page")
def test_a_debit_in_the_page_is_processing_until_the_bank_answers(client, stripe_desk):
    order = make_order()
    stripe_desk.pay_embedded(secret_of(open_form(client, order)), DEBIT)
    assert "waiting for your payment to be confirmed" in text_of(client.get(f"/orders/{order.public_id}/return/"))
    assert "being checked" in text_of(client.get(f"/orders/{order.public_id}/pay/", follow=True))
    stripe_desk.advance("6d")
    settle(Payment.objects.get().pk)
    order.refresh_from_db()
    assert order.status == "confirmed"


@pytest.mark.usefixtures("in_page")
def test_opening_it_again_going_back_and_reloading_keep_one_session(client, stripe_desk):
    order = make_order()
    first = secret_of(open_form(client, order))
    assert "not paid yet" in text_of(client.get(f"/orders/{order.public_id}/back/"))
    assert secret_of(open_form(client, order)) == secret_of(client.get(form_url(order))) == first
    assert len(stripe_desk.call("checkout/sessions")["data"]) == 1


@pytest.mark.usefixtures("in_page")
def test_a_lost_answer_is_asked_for_again_and_opens_the_same_session(client, stripe_desk):
    order = make_order()
    stripe_desk.switch(lose="3")
    assert client.get(form_url(order)).status_code == 503
    page = client.get(form_url(order))
    (session,) = stripe_desk.call("checkout/sessions")["data"]
    assert session["client_secret"] == secret_of(page)


@pytest.mark.usefixtures("in_page")
def test_without_the_form_the_order_is_paid_on_stripes_page(client, stripe_desk):
    order = make_order()
    page = open_form(client, order)
    answer = client.post(f"/orders/{order.public_id}/pay/hosted/")
    assert find(page, "form", action=f"/orders/{order.public_id}/pay/hosted/")
    assert answer.headers["Location"].startswith(f"{stripe_desk.address}/c/pay/")
    assert f"form-action 'self' {'https://checkout.stripe.com'}" in answer.headers["Content-Security-Policy"]
    states = {session["ui_mode"]: session["status"] for session in stripe_desk.call("checkout/sessions")["data"]}
    assert states == {"embedded_page": "expired", "hosted_page": "open"}
    assert "has expired" in stripe_desk.pay_embedded(secret_of(page))
    # Coming back leads to the page that was chosen.
    assert client.get(form_url(order), follow=False).headers["Location"] == f"/orders/{order.public_id}/pay/"
    assert client.get(f"/orders/{order.public_id}/pay/").headers["Location"] == answer.headers["Location"]
    stripe_desk.pay(answer.headers["Location"])
    client.get(f"/orders/{order.public_id}/return/")
    order.refresh_from_db()
    assert (order.status, run_audit()) == ("confirmed", [])


@pytest.mark.usefixtures("in_page")
def test_an_order_that_was_paid_in_the_page_is_not_paid_again_elsewhere(client, stripe_desk):
    order = make_order()
    stripe_desk.pay_embedded(secret_of(open_form(client, order)))
    answer = client.post(f"/orders/{order.public_id}/pay/hosted/")
    order.refresh_from_db()
    assert (answer.status_code, order.status, order.payments.count()) == (302, "confirmed", 1)


@pytest.mark.usefixtures("in_page")
def test_an_order_whose_form_stays_open_expires_and_cannot_be_paid(client, stripe_desk):
    order = make_order()
    secret = secret_of(open_form(client, order))
    Order.objects.update(payment_due_at=timezone.now())
    assert expire_unpaid() == 1
    assert "has expired" in stripe_desk.pay_embedded(secret)
    assert client.get(form_url(order)).headers["Location"] == order.get_absolute_url()


@pytest.mark.usefixtures("in_page")
def test_without_a_key_for_browsers_stripes_page_is_used(client, stripe_desk, settings):
    settings.STRIPE_PUBLISHABLE_KEY = ""
    order = make_order()
    assert "/c/pay/" in client.get(f"/orders/{order.public_id}/pay/").headers["Location"]


def test_staff_cannot_turn_it_on_without_a_key_for_browsers(client, settings):
    settings.STRIPE_PUBLISHABLE_KEY = ""
    staff(client, is_superuser=True)
    fields = {**form_of(client.get("/admin/catalog/store/1/change/"), id="store_form"), "payment_page": "in_page"}
    answer = client.post("/admin/catalog/store/1/change/", {**fields, "dispatch_days": ["0"]})
    assert "Set STRIPE_PUBLISHABLE_KEY first" in " ".join(errors_of(answer))
