"""One mailbox is one customer, however its address is spelled."""

from importlib import import_module

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.test import Client

from accounts.limits.logins import login_key
from accounts.mailboxes import normalize_mailbox, validate_mailbox
from accounts.models import User
from catalog.models import StockAlert
from orders.customers import customer_key
from orders.lifecycle import claim_orders
from orders.models import Order
from shop.models import Mail
from tests.accounts.throttling import HERE, OURS, log_in, member, register, reset
from tests.factories import make_order, make_user, make_variant
from tests.reading import text_of

PLAIN = "u@example.com"
SPELLINGS = [
    "u@example.com\u200b",
    "u@exam\u00adple.com",
    "\ufeffu@example.com",
    "\u202au@example.com\u202c",
    "u@\uff45xample.com",
    "\uff35\uff20example\u3002com",
    "U@Example.COM.",
    "u\u2060@exa\u200dmple.com",
]
ASCII_DOMAIN = "u@xn--bcher-kva.example"
DOMAIN_SPELLINGS = [
    "u@bu\u0308cher.example",
    "U@B\u00dcCHER.example",
    "u@XN--BCHER-kva.example",
]
EVERY_SPELLING = [(text, PLAIN) for text in SPELLINGS] + [(text, ASCII_DOMAIN) for text in DOMAIN_SPELLINGS]


@pytest.mark.parametrize(("text", "normal"), EVERY_SPELLING)
def test_every_spelling_of_a_mailbox_has_one_normal_form_and_mail_can_be_sent_to_it(text, normal):
    assert normalize_mailbox(text) == normal
    assert normalize_mailbox(normal) == normal
    assert customer_key(text) == customer_key(normal)
    assert login_key(text, HERE) == login_key(normal, HERE)
    validate_mailbox(normal)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("stra\u00dfe@fu\u00dfball.example", "stra\u00dfe@xn--fuball-cta.example"),
        ("u@fussball.example", "u@fussball.example"),
        ("u@\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.com", "u@xn--mgba3gch31f060k.com"),
        ("o'brien+shop@example.com", "o'brien+shop@example.com"),
        ('"a@b"@example.com', '"a@b"@example.com'),
        ("nobody", "nobody"),
        ("", ""),
    ],
)
def test_other_mailboxes_stay_other_mailboxes(text, normal):
    assert normalize_mailbox(text) == normal


@pytest.mark.parametrize(
    "address",
    ["nobody", "a b@example.com", "\u00fc@example.com", "u@exa_mple.com", "a..b@x.com"],
)
def test_an_address_that_no_mail_can_be_sent_to_is_refused(address):
    with pytest.raises(ValidationError, match=r"like name@example\.com"):
        validate_mailbox(address)


@pytest.mark.django_db
@pytest.mark.parametrize(("text", "normal"), [*EVERY_SPELLING[:2], EVERY_SPELLING[4], EVERY_SPELLING[-4]])
def test_an_account_is_found_under_each_spelling_and_there_is_no_second_one(text, normal):
    user = member(text)
    assert (user.email, EmailAddress.objects.get().email) == (normal, normal)
    assert User.objects.get(email=text) == User.objects.get_by_natural_key(text) == user
    assert log_in(text).headers["Location"] == "/account/"
    register(1, email=text)
    assert User.objects.count() == 1
    reset(1, email=text)
    assert [mail.recipients for mail in Mail.objects.order_by("pk")][-1] == [normal]


@pytest.mark.django_db
@pytest.mark.parametrize(("text", "normal"), [EVERY_SPELLING[0], EVERY_SPELLING[-4]])
def test_an_order_is_found_and_claimed_under_each_spelling(text, normal):
    order = make_order(email=text)
    assert Order.objects.get().email == normal
    found = Client().post("/orders/find/", {"number": order.number, "email": text})
    assert found.headers["Location"] == order.get_absolute_url()
    assert claim_orders(make_user(normal).pk, text) == 1


@pytest.mark.django_db
def test_overlong_addresses_are_refused_before_they_are_normalized(monkeypatch):
    monkeypatch.setattr("accounts.fields.normalize_mailbox", lambda text: pytest.fail(f"{len(text)} characters"))
    for path in ("/account/signup/", "/account/password/reset/", "/orders/find/"):
        answer = Client().post(path, {"email": "\ufdfa" * 1000 + "@a.de", "number": "HS-00000000"})
        assert "Enter an e-mail address" in text_of(answer)
    assert Mail.objects.count() == 0


@pytest.mark.django_db
def test_one_mailbox_has_one_stock_alert_in_any_spelling():
    variant = make_variant(on_hand=0)
    for text in SPELLINGS:
        answer = Client().post("/back-in-stock/", {"variant": variant.pk, "email": text}, headers=OURS)
        assert answer.status_code == 200
    assert StockAlert.objects.get().email == PLAIN


@pytest.mark.django_db
def test_staff_and_the_command_line_store_the_normal_form(admin_client):
    form = {"usable_password": "false", "password1": "", "password2": ""}
    admin_client.post("/admin/accounts/user/add/", {"email": DOMAIN_SPELLINGS[0], **form})
    assert User.objects.filter(email=ASCII_DOMAIN).count() == 1
    answer = admin_client.post("/admin/accounts/user/add/", {"email": DOMAIN_SPELLINGS[1], **form})
    assert "already exists" in text_of(answer)
    call_command("createsuperuser", email=SPELLINGS[1], interactive=False, verbosity=0)
    assert User.objects.get(is_superuser=True, email=PLAIN).pk


@pytest.mark.django_db
def test_addresses_from_before_are_normalized_where_no_two_users_become_one():
    alone, first, second = (make_user(f"{name}@example.com") for name in ("alone", "first", "second"))
    for user, email in ((alone, "al\u00adone@example.com"), (second, "first@example.com\u200b")):
        User.objects.filter(pk=user.pk).update(is_staff=False)
        _write_raw(User, user.pk, email)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        _write_raw(EmailAddress, EmailAddress.objects.get(user=user).pk, email)
    migration = import_module("accounts.migrations.0004_mailboxes")
    migration.normalize_users(apps, None)
    migration.normalize_addresses(apps, None)
    emails = dict(User.objects.values_list("pk", "email"))
    assert emails == {
        alone.pk: "alone@example.com",
        first.pk: "first@example.com",
        second.pk: "first@example.com\u200b",
    }
    assert EmailAddress.objects.get(user=alone).email == "alone@example.com"


@pytest.mark.django_db
def test_orders_and_alerts_from_before_are_normalized():
    order, variant = make_order(email=PLAIN), make_variant(on_hand=0)
    _write_raw(Order, order.pk, SPELLINGS[1])
    Order.objects.update(customer_key="old")
    StockAlert.objects.create(variant=variant, email=PLAIN)
    StockAlert.objects.create(variant=variant, email=SPELLINGS[0])
    migration = import_module("orders.migrations.0006_mailboxes")
    migration.normalize_orders(apps, None)
    migration.normalize_alerts(apps, None)
    order.refresh_from_db()
    assert (order.email, order.customer_key) == (PLAIN, customer_key(PLAIN))
    assert StockAlert.objects.get().email == PLAIN


def _write_raw(model, pk, email):
    """Write a value as an older version stored it, without normalizing it."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {model._meta.db_table} SET email = %s WHERE id = %s", [email, pk])
