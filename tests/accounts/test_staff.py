"""Staff: made on the command line, and behind a second factor."""

from importlib import import_module

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.test import Client

from accounts import roles
from accounts.models import User
from catalog.models import Store
from shop.models import Mail
from tests.accounts.second_factors import add_app, add_recovery_codes
from tests.accounts.throttling import PASSWORD, link_in, log_in, member
from tests.factories import make_user

pytestmark = pytest.mark.django_db
SET_UP = "/account/2fa/totp/activate/"


@pytest.fixture(autouse=True)
def _as_in_production(settings):
    settings.STAFF_SECOND_FACTOR = True


def logged_in(**fields) -> Client:
    client = Client()
    client.force_login(make_user(**fields))
    return client


def test_a_migration_writes_the_roles_once_and_the_owner_has_the_permissions_of_the_last_app(monkeypatch):
    owner = Group.objects.get(name="Owner")
    owner.permissions.clear()
    write, written = roles.write_roles, []
    monkeypatch.setattr(roles, "write_roles", lambda using: written.append(using) or write(using))
    emit_post_migrate_signal(0, interactive=False, db="default")
    assert written == ["default"]
    assert owner.permissions.filter(content_type__app_label="shop", codename="view_mail").exists()
    assert owner.permissions.count() == Permission.objects.count()


def test_an_owner_made_on_the_command_line_logs_in_without_any_mail(monkeypatch, settings):
    settings.STAFF_SECOND_FACTOR = False
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", email="Owner@Example.com", interactive=False, verbosity=0)
    answer = Client().post("/account/login/?next=/admin/", {"login": "owner@example.com", "password": PASSWORD})
    assert answer.headers["Location"] == "/admin/"
    assert list(Mail.objects.values_list("subject", flat=True)) == ["New login to your account"]


def test_superusers_from_before_count_as_confirmed_and_nobody_else():
    owner, staff = make_user(is_superuser=True), make_user(is_staff=True)
    pending = member("pending@example.com", is_verified=False)
    User.objects.filter(pk=pending.pk).update(is_superuser=True)
    import_module("accounts.migrations.0007_command_line_owners").confirm_owners(apps, None)
    assert EmailAddress.objects.get(verified=True).user == owner
    assert not EmailAddress.objects.filter(user=staff).exists()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/admin/",
        "/admin/accounts/user/",
        "/account/",
        "/account/email/",
        "/account/security/",
        "/cart/",
        "/nothing/",
    ],
)
def test_staff_without_a_second_factor_reach_its_set_up_only(path):
    client = logged_in(is_staff=True, is_superuser=True)
    answer = client.get(path)
    assert answer.status_code == 404 if path == "/nothing/" else answer.headers["Location"] == SET_UP
    if path != "/nothing/":
        assert client.post(path).headers["Location"] == SET_UP


def test_staff_set_up_a_second_factor_and_then_reach_the_admin():
    client = logged_in(is_staff=True, is_superuser=True)
    assert client.get(SET_UP).headers["Location"].startswith("/account/reauthenticate/")
    assert client.post("/account/reauthenticate/", {"password": PASSWORD}).status_code == 302
    assert client.get(SET_UP).status_code == 200
    assert client.get("/account/2fa/totp/picture.svg").status_code == 200
    add_app(User.objects.get())
    assert client.get("/admin/").status_code == 200
    Authenticator.objects.all().delete()
    assert client.get("/admin/").headers["Location"] == SET_UP


def test_the_first_login_leads_to_the_qr_code_without_asking_for_the_password_again(monkeypatch):
    Store.objects.create(pk=1, name="Reef & Cove")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", email="owner@example.com", interactive=False, verbosity=0)
    client = Client()
    client.post("/account/login/", {"login": "owner@example.com", "password": PASSWORD})
    page = client.get(SET_UP)
    assert page.status_code == 200
    assert "issuer=Reef%20%26%20Cove" in page.context["totp_url"]


def test_a_login_from_long_ago_asks_for_the_password_before_the_qr_code(monkeypatch, settings):
    owner, client = member(), Client()
    User.objects.update(is_staff=True)
    client.post("/account/login/", {"login": owner.email, "password": PASSWORD})
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 0
    assert client.get(SET_UP).headers["Location"].startswith("/account/reauthenticate/")


def test_staff_without_a_second_factor_can_log_out():
    client = logged_in(is_staff=True)
    assert client.post("/account/logout/").headers["Location"] == "/"
    assert "_auth_user_id" not in client.session


def test_a_password_alone_does_not_open_the_admin_of_staff_who_have_a_second_factor():
    owner = member()
    User.objects.update(is_staff=True, is_superuser=True)
    add_app(owner)
    client = Client()
    answer = client.post("/account/login/", {"login": owner.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/account/2fa/authenticate/"
    assert client.get("/admin/").headers["Location"].startswith("/admin/login/")


def test_recovery_codes_alone_are_no_second_factor():
    owner = member()
    User.objects.update(is_staff=True, is_superuser=True)
    add_recovery_codes(owner)
    client = Client()
    client.post("/account/login/", {"login": owner.email, "password": PASSWORD})
    assert client.get("/admin/").headers["Location"] == SET_UP


def test_removing_a_second_factor_in_the_admin_removes_recovery_codes_and_notifies_its_owner(settings):
    settings.STAFF_SECOND_FACTOR = False
    employee = member()
    add_app(employee)
    add_recovery_codes(employee)
    app = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    owner = logged_in(is_staff=True, is_superuser=True)
    assert owner.post(f"/admin/mfa/authenticator/{app.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Authenticator.objects.exists()
    mail = Mail.objects.get()
    assert (mail.subject, mail.recipients) == ("Your authenticator app is off", ["anna@example.com"])


def test_an_address_that_staff_change_belongs_to_its_new_mailbox_alone(settings):
    settings.STAFF_SECOND_FACTOR = False
    customer, owner = member("old@example.com"), logged_in(is_staff=True, is_superuser=True)
    form = {"email": "new@example.com", "name": "", "is_active": "on"}
    assert owner.post(f"/admin/accounts/user/{customer.pk}/change/", form).status_code == 302
    mail = Mail.objects.get()
    assert (mail.subject, mail.recipients) == ("Your e-mail address was changed", ["old@example.com"])
    Mail.objects.all().delete()
    Client().post("/account/password/reset/", {"email": "old@example.com"})
    assert Mail.objects.get().subject == "There is no account with this address"
    assert log_in("old@example.com").status_code == 200
    assert log_in("new@example.com").headers["Location"] == "/account/confirm-email/"
    link = link_in(Mail.objects.get(recipients=["new@example.com"]))
    visitor = Client()
    form = visitor.get(link).headers["Location"]
    visitor.post(form, {"password1": "a long new passphrase"})
    assert log_in("new@example.com", "a long new passphrase").headers["Location"] == "/account/"


def test_customers_need_no_second_factor_and_the_demos_staff_neither(settings):
    assert logged_in().get("/account/").status_code == 200
    settings.STAFF_SECOND_FACTOR = False
    assert logged_in(is_staff=True, is_superuser=True).get("/admin/").status_code == 200


def test_public_pages_do_not_ask_who_comes(client):
    assert "Cookie" not in client.get("/robots.txt").headers.get("Vary", "")
