"""Sign-up, login, reset; slow for guessers, open for the owner."""

import json

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import get_hasher, make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.limits.logins import FREE_FAILURES, clear_failures, count_login_attempt, login_key
from accounts.limits.throttle import Limit, TooManyAttempts, client_ip, old_counters
from accounts.models import LoginFailures, ThrottleCounter, User
from accounts.passwords import MaximumLengthValidator, ShopArgon2PasswordHasher
from orders.models import Cart
from shop.models import Mail
from tests.factories import make_cart, make_order, make_user, make_variant
from tests.reading import find, find_all, images_of, markup_of

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


def member(email="anna@example.com", **fields):
    user = make_user(email, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def log_in(client, email="anna@example.com", password=PASSWORD, **extra):
    return client.post("/account/login/", {"login": email, "password": password}, **extra)


def test_an_address_has_one_account_in_any_case():
    make_user("Anna@Example.com")
    assert User.objects.get().email == "anna@example.com"
    with pytest.raises(IntegrityError, match="accounts_user_email_key"), transaction.atomic():
        User.objects.create(email="ANNA@example.com")
    assert User.objects.get_by_natural_key("ANNA@EXAMPLE.COM").email == "anna@example.com"


def test_logging_in_joins_the_cart(client):
    member()
    cart = make_cart(make_variant())
    client.cookies["cart"] = str(cart.token)
    assert log_in(client).headers["Location"] == "/account/"
    assert Cart.objects.get().user.email == "anna@example.com"


@pytest.mark.fault("F115")
def test_guessing_gets_slower_from_there_and_not_for_the_owner_elsewhere(client):
    member()
    for _ in range(FREE_FAILURES):
        assert log_in(client, password="wrong wrong wrong").status_code == 200
    slow = log_in(client, password="wrong wrong wrong")
    assert (slow.status_code, slow.headers["Retry-After"]) == (429, "1")
    assert log_in(Client(), REMOTE_ADDR="192.0.2.7").status_code == 302


def test_a_forged_forwarded_header_does_not_count_as_a_new_place(client):
    member()
    for n in range(FREE_FAILURES):
        log_in(client, password="wrong wrong wrong", headers={"x-forwarded-for": f"198.51.100.{n}"})
    answer = log_in(client, password="wrong wrong wrong", headers={"x-forwarded-for": "203.0.113.9"})
    assert answer.status_code == 429


def test_the_right_password_forgives():
    key = login_key("a@example.com", "192.0.2.1")
    for _ in range(3):
        count_login_attempt(key)
    assert LoginFailures.objects.get().failures == 3
    clear_failures(key)
    assert LoginFailures.objects.count() == 0


def test_a_reset_mail_goes_to_the_stored_address_only(client, settings):
    member()
    known = client.post("/account/password/reset/", {"email": "anna@example.com"})
    unknown = Client().post("/account/password/reset/", {"email": "nobody@example.com"})
    assert known.status_code == unknown.status_code == 302
    mail = Mail.objects.filter(recipients=["anna@example.com"]).get()
    assert f"{settings.SHOP_URL}/account/password/reset/key/" in mail.body.replace("=\n", "")
    assert mail.priority == Mail.Priority.ACCOUNT


@pytest.mark.fault("F118")
def test_a_foreign_host_gets_no_mail(client):
    member()
    answer = client.post("/account/password/reset/", {"email": "anna@example.com"}, headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert Mail.objects.count() == 0


@pytest.mark.fault("F121")
@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "javascript:alert(1)", "/\\evil.example"])
def test_login_leads_nowhere_else(client, path):
    member()
    answer = client.post(
        f"/account/login/?next={path}", {"login": "anna@example.com", "password": PASSWORD, "next": path}
    )
    assert answer.headers["Location"] == "/account/"


def test_the_admin_asks_to_log_in_where_everybody_does(client):
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/account/login/?next=%2Fadmin%2F")


@pytest.mark.fault("F117")
def test_login_starts_a_new_session_and_logout_ends_it(client):
    member()
    client.get("/account/login/")
    log_in(client)
    first = client.cookies["session"].value
    client.post("/account/logout/")
    client.cookies["session"] = first
    assert client.get("/account/").status_code == 302


def test_the_second_factor_can_be_set_up_without_inline_pictures(client):
    member()
    log_in(client)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = client.get("/account/2fa/totp/activate/")
    assert page.status_code == 200
    assert "/account/2fa/totp/picture.svg" in images_of(page)
    assert "data:image" not in markup_of(page)
    picture = client.get("/account/2fa/totp/picture.svg")
    assert (picture.headers["Content-Type"], b"<svg" in picture.content) == ("image/svg+xml", True)


@pytest.mark.parametrize(
    "url",
    [
        "/account/login/",
        "/account/signup/",
        "/account/password/reset/",
        "/account/security/",
        "/account/password/change/",
        "/account/email/",
    ],
)
def test_account_pages_show_in_the_shops_frame(client, url):
    member()
    log_in(client)
    if url in ("/account/login/", "/account/signup/"):
        client = Client()
    page = client.get(url)
    assert find(page, "header", class_="head")
    assert find_all(page, style=True) == []


def test_passwords_have_sane_limits():
    with pytest.raises(ValidationError, match="at most 128"):
        MaximumLengthValidator().validate("x" * 129)
    MaximumLengthValidator().validate("x" * 128)
    hasher = ShopArgon2PasswordHasher()
    assert hasher.verify("x", hasher.encode("x", hasher.salt()))
    assert "m=47104,t=1,p=1" in make_password("x", hasher=hasher)
    assert get_hasher().algorithm == "md5"


def test_a_limit_counts_each_window_and_forgets(rf, settings):
    limit = Limit("test", 2, 60)
    limit.take("k")
    limit.take("k")
    with pytest.raises(TooManyAttempts) as caught:
        limit.take("k")
    assert 0 < caught.value.retry_after <= 60
    limit.take("other")
    ThrottleCounter.objects.update(window_start="2020-01-01T00:00Z")
    assert [rows.count() for rows in old_counters()] == [2, 0, 0, 0]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [(0, "198.51.100.1", "127.0.0.1"), (1, "10.9.9.9, 198.51.100.1", "198.51.100.1"), (2, "198.51.100.1", "127.0.0.1")],
)
def test_the_clients_address_is_believed_as_far_as_our_proxies_wrote_it(rf, settings, proxies, forwarded, expected):
    settings.TRUSTED_PROXIES = proxies
    assert client_ip(rf.get("/", headers={"x-forwarded-for": forwarded})) == expected


@pytest.mark.fault("F036")
def test_an_order_by_guest_is_not_attached_to_an_account():
    user = member()
    order = make_order(email=user.email)
    assert order.user is None


def _passkey(**changes) -> str:
    response = {"clientDataJSON": "e30", "authenticatorData": "A" * 80, "signature": "AA", "userHandle": "AA"}
    credential = {"id": "AA", "rawId": "AA", "type": "public-key", "response": {**response, **changes}}
    return json.dumps(credential)


NONSENSE = [
    "",
    "x",
    "{}",
    "[]",
    "null",
    "1",
    '{"id": 1}',
    '{"response": null}',
    "[" * 5000,
    _passkey(),
    _passkey(userHandle="eno" * 20),
    _passkey(userHandle=1),
    _passkey(clientDataJSON="x"),
    _passkey(signature=[]),
]


@pytest.mark.parametrize("typed", NONSENSE)
def test_whatever_is_sent_instead_of_a_passkey_is_refused(typed):
    client = Client()
    client.get("/account/2fa/webauthn/login/")
    answer = client.post("/account/2fa/webauthn/login/", {"credential": typed})
    assert answer.headers["Location"] == "/account/login/"
    client.force_login(member())
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    client.get("/account/2fa/webauthn/add/")
    answer = client.post("/account/2fa/webauthn/add/", {"credential": typed, "name": "My phone"})
    assert answer.status_code == 200
    assert not Authenticator.objects.exists()
