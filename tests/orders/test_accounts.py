"""Which orders belong to which account, and what strangers cannot find out."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import Address, User
from orders.lifecycle import cancel, confirm
from shop.models import Mail
from tests.accounts.throttling import PASSWORD, link_in, member, register
from tests.factories import make_order, make_user
from tests.reading import find, find_all, markup_of, text_of

pytestmark = pytest.mark.django_db
CHOSEN = "a long new passphrase"


def orders_in_account(user) -> set[str]:
    client = Client()
    client.force_login(user)
    return {order.number for order in client.get("/account/").context["orders"]}


def paid_order(**fields):
    order = make_order(**fields)
    confirm(order)
    return order


def choose(order, client, password=CHOSEN):
    return client.post(f"{order.get_absolute_url()}account/", {"password1": password})


def link_to(email) -> str:
    return link_in(Mail.objects.filter(recipients=[email]).order_by("-pk")[0])


def test_orders_of_a_confirmed_mailbox_are_in_its_account_also_when_nobody_was_logged_in():
    user, other = member("anna@example.com"), member("berta@example.com")
    own, guest = make_order(user=user), make_order(email="Anna@Example.com")
    make_order(email="carla@example.com")
    assert orders_in_account(user) == {own.number, guest.number}
    later = make_order(email="anna@example.com\u200b")
    assert orders_in_account(user) == {own.number, guest.number, later.number}
    assert orders_in_account(other) == set()


def test_orders_of_a_mailbox_that_is_not_confirmed_are_in_no_account():
    user = make_user("anna@example.com")
    EmailAddress.objects.create(user=user, email="anna@example.com", primary=True)
    EmailAddress.objects.create(user=user, email="berta@example.com")
    make_order(email="anna@example.com")
    make_order(email="berta@example.com")
    assert orders_in_account(user) == set()


def test_an_order_that_somebody_else_placed_while_logged_in_stays_theirs():
    user, other = member("anna@example.com"), member("berta@example.com")
    theirs = make_order(user=other, email="anna@example.com")
    assert (orders_in_account(user), orders_in_account(other)) == (set(), {theirs.number})


def test_after_an_order_a_chosen_password_opens_an_account_with_that_order_and_its_address():
    order = paid_order(email="new@example.com", name="Nora Neu", line1="Gasse 1")
    earlier = make_order(email="new@example.com")
    client = Client()
    assert choose(order, client).status_code == 200
    assert User.objects.count() == 0
    link = link_to("new@example.com")
    page = client.get(link)
    assert "and the password that you have just chosen" in text_of(page)
    assert client.post(link).headers["Location"] == "/account/"
    user = User.objects.get()
    assert (user.name, user.check_password(CHOSEN)) == ("Nora Neu", True)
    assert orders_in_account(user) == {order.number, earlier.number}
    assert list(Address.objects.values_list("name", "line1", "is_default")) == [("Nora Neu", "Gasse 1", True)]


@pytest.mark.parametrize("is_given_up", [False, True])
def test_an_order_that_nobody_paid_opens_no_account_and_sends_no_mail(is_given_up):
    order = make_order(email="new@example.com", line1="A stranger's street 1")
    if is_given_up:
        cancel(order, order.CancelReason.SHOPPER)
    assert find_all(Client().get(order.get_absolute_url()), name="password1") == []
    assert choose(order, Client()).headers["Location"] == order.get_absolute_url()
    assert Mail.objects.count() == 0


def test_a_password_that_a_stranger_chose_is_worth_nothing_where_the_owner_follows_the_link():
    order = paid_order(email="new@example.com")
    assert choose(order, Client(), "the password of a stranger").status_code == 200
    owner = Client()
    link = link_to("new@example.com")
    assert "just chosen" not in markup_of(owner.get(link))
    assert owner.post(link).status_code == 422
    assert owner.post(link, {"password1": CHOSEN}).headers["Location"] == "/account/"
    assert User.objects.get().check_password(CHOSEN)


def test_an_existing_account_is_neither_shown_nor_touched_by_a_password_after_an_order():
    user = member("anna@example.com")
    known, new = paid_order(email="anna@example.com"), paid_order(email="new@example.com")
    pages = []
    for order in (known, new):
        client = Client()
        before = markup_of(client.get(order.get_absolute_url()))
        answer = choose(order, client)
        again = markup_of(client.get(order.get_absolute_url()))
        texts = [text.replace(order.number, "").replace(order.email, "") for text in (before, again)]
        pages.append((answer.status_code, "Please check your e-mail" in text_of(answer), *map(len, texts)))
    assert pages[0] == pages[1]
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
    assert (
        Mail.objects.filter(recipients=["anna@example.com"]).order_by("-pk")[0].subject == "You already have an account"
    )
    assert Address.objects.count() == 0


def test_an_order_that_is_in_an_account_shows_strangers_the_same_page_as_one_that_is_not():
    claimed = paid_order(user=member("anna@example.com"), email="anna@example.com")
    assert find(Client().get(claimed.get_absolute_url()), name="password1")


def test_an_account_that_begins_without_an_order_has_no_address():
    make_order(email="new@example.com")
    register(1, email="new@example.com")
    Client().post(link_to("new@example.com"), {"password1": CHOSEN})
    assert Address.objects.count() == 0
    assert len(orders_in_account(User.objects.get())) == 1
