"""Links in e-mails work for one person, one purpose and one state of the account only."""

from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import signing
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.adapters import choose_password_path
from accounts.links import confirmation_key, read_confirmation, read_sign_up, sign_up_key
from accounts.models import User
from shop.models import Mail
from tests.accounts.second_factors import current_code
from tests.accounts.throttling import PASSWORD, link_in, log_in, member, register, reset
from tests.factories import make_user
from tests.reading import markup_of, text_of

pytestmark = pytest.mark.django_db
NEW = "a long new passphrase"
EVIL = "eve@example.net"


def client_of(user, **defaults) -> Client:
    client = Client(**defaults)
    client.post("/account/login/", {"login": user.email, "password": PASSWORD})
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    return client


def add_address(client, email=EVIL):
    return client.post("/account/email/", {"action_add": "", "email": email})


def mails_to(email) -> list[str]:
    return list(Mail.objects.filter(recipients=[email]).order_by("pk").values_list("subject", flat=True))


def last_link(email) -> str:
    return link_in(Mail.objects.filter(recipients=[email]).order_by("-pk")[0])


def change_password(client, new=NEW):
    return client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new})


def test_an_added_address_cannot_be_confirmed_after_the_password_is_changed():
    owner = member()
    thief = client_of(owner, REMOTE_ADDR="203.0.113.66")
    add_address(thief)
    link = last_link(EVIL)
    assert change_password(client_of(owner)).status_code == 302
    assert list(EmailAddress.objects.values_list("email", flat=True)) == ["anna@example.com"]
    owners = Client()
    owners.force_login(User.objects.get())
    for visitor in (thief, owners, Client()):
        assert visitor.get(link).status_code == 410
        assert visitor.post(link).status_code == 410
    reset(1, email=EVIL)
    assert mails_to(EVIL) == ["Confirm your new e-mail address", "There is no account with this address"]
    assert thief.get("/account/").status_code == 302


def test_an_address_that_is_not_confirmed_gets_no_reset_link():
    owner = member()
    add_address(client_of(owner))
    reset(1, email=EVIL)
    assert mails_to(EVIL) == ["Confirm your new e-mail address", "There is no account with this address"]
    assert log_in(EVIL).headers["Location"] != "/account/"


@pytest.mark.parametrize("way", ["page", "reset", "admin", "command", "shell"])
def test_every_way_to_change_the_password_drops_pending_addresses_and_links_and_notifies_the_owner(
    way, monkeypatch, admin_client
):
    owner = member()
    add_address(client_of(owner))
    link = last_link(EVIL)
    if way == "page":
        change_password(client_of(owner))
    elif way == "reset":
        reset(1, email=owner.email)
        client = Client()
        page = client.get(last_link(owner.email)).headers["Location"]
        assert client.post(page, {"password1": NEW}).headers["Location"] == "/account/password/reset/key/done/"
    elif way == "admin":
        form = {"usable_password": "true", "password1": NEW, "password2": NEW}
        admin_client.post(f"/admin/accounts/user/{owner.pk}/password/", form)
    elif way == "command":
        monkeypatch.setattr("getpass.getpass", lambda **_: NEW)
        call_command("changepassword", owner.email, verbosity=0)
    else:
        owner.set_password(NEW)
        owner.save()
    assert User.objects.get(pk=owner.pk).check_password(NEW)
    assert not EmailAddress.objects.filter(email=EVIL).exists()
    assert Client().get(link).status_code == 410
    assert mails_to(owner.email)[-1] == "Your password was changed"
    assert mails_to(owner.email).count("Your password was changed") == 1


def test_a_confirmation_link_lives_an_hour_and_works_once():
    owner = member()
    client = client_of(owner)
    add_address(client, "anna@example.org")
    link = last_link("anna@example.org")
    with time_machine.travel(timezone.now() + timedelta(minutes=59)):
        assert client.get(link).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert client.get(link).status_code == 410
    assert User.objects.get().email == "anna@example.com"
    assert client.post(link).headers["Location"] == "/account/email/"
    assert User.objects.get().email == "anna@example.org"
    assert list(EmailAddress.objects.values_list("email", "verified", "primary")) == [("anna@example.org", True, True)]
    assert client.get(link).status_code == 410
    assert mails_to("anna@example.com")[-2:] == ["A new e-mail address was added", "Your e-mail address was changed"]


def test_a_link_of_somebody_else_is_refused_and_logs_nobody_out():
    owner, other = member(), member("berta@example.com")
    add_address(client_of(owner), "anna@example.org")
    links = [last_link("anna@example.org"), choose_password_path(owner), f"/account/signup/{sign_up_key('x@x.com')}/"]
    visitor = client_of(other)
    for link in links:
        for answer in (visitor.get(link), visitor.post(link)):
            assert answer.status_code == 403
            assert "belongs to another account" in text_of(answer)
            assert owner.email not in markup_of(answer)
    assert visitor.get("/account/").status_code == 200
    assert Client().get(links[0]).headers["Location"].startswith("/account/login/?next=/account/confirm-email/")


def test_an_address_of_another_account_is_refused_with_the_reason_and_changes_nothing():
    anna = member()
    make_user("clerk@example.com")  # made by staff: nobody has confirmed it yet
    added = EmailAddress.objects.create(user=anna, email="clerk@example.com")
    client = Client()
    client.force_login(anna)
    page = client.post(f"/account/confirm-email/{confirmation_key(added)}/", follow=True)
    assert "Another account has this address" in text_of(page)
    assert list(EmailAddress.objects.filter(verified=True).values_list("email", "primary")) == [
        ("anna@example.com", True)
    ]


def test_a_link_serves_no_other_purpose_and_cannot_be_changed():
    owner = member()
    address = EmailAddress.objects.create(user=owner, email="anna@example.org")
    key = confirmation_key(address)
    assert read_confirmation(key) == address
    assert read_sign_up(key) is None
    assert read_confirmation(sign_up_key("anna@example.org")) is None
    assert read_confirmation(signing.dumps(address.pk, salt="account")) is None
    assert read_confirmation(key[:-1] + ("A" if key[-1] != "A" else "B")) is None
    EmailAddress.objects.filter(pk=address.pk).update(email=EVIL)
    assert read_confirmation(key) is None


def test_the_owner_is_notified_of_every_change(django_capture_on_commit_callbacks):
    owner = member()
    client = client_of(owner, REMOTE_ADDR="192.0.2.1")
    assert mails_to(owner.email) == ["New login to your account"]
    client_of(owner, REMOTE_ADDR="192.0.2.200")
    assert mails_to(owner.email) == ["New login to your account"]
    client_of(owner, REMOTE_ADDR="203.0.113.7")
    client_of(owner, REMOTE_ADDR="192.0.2.1", HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
    client_of(owner, REMOTE_ADDR="192.0.2.1", HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64) Firefox/141.0")
    assert mails_to(owner.email) == ["New login to your account"] * 3
    text = Mail.objects.order_by("pk")[2].body
    assert "Firefox on Linux, 192.0.2.1" in text
    secret = client.get("/account/2fa/totp/activate/").context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/2fa/totp/activate/", {"code": current_code(secret)})
    assert Authenticator.objects.filter(user=owner, type="totp").exists()
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/2fa/recovery-codes/generate/")
    client.post("/account/2fa/totp/deactivate/")
    assert mails_to(owner.email)[3:] == [
        "Your authenticator app is on",
        "New recovery codes",
        "Your authenticator app is off",
    ]


def test_logging_out_everywhere_ends_the_other_sessions_and_keeps_this_one():
    owner = member()
    here, there, other = client_of(owner), client_of(owner), client_of(member("berta@example.com"))
    assert here.get("/account/security/log-out-everywhere/").status_code == 405
    assert here.post("/account/security/log-out-everywhere/").headers["Location"] == "/account/security/"
    assert there.get("/account/").status_code == 302
    assert here.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 200
    assert mails_to(owner.email)[-1] == "You are logged out everywhere else"


def test_changing_the_password_keeps_this_session_and_ends_the_others():
    owner = member()
    here, there = client_of(owner), client_of(owner)
    change_password(here)
    assert (here.get("/account/").status_code, there.get("/account/").status_code) == (200, 302)


# --- opening an account -------------------------------------------------------------------------------------------


def test_an_account_is_opened_behind_the_link_with_a_password_that_is_chosen_there(client):
    assert register(1, email="new@example.com").headers["Location"] == "/account/confirm-email/"
    assert User.objects.count() == EmailAddress.objects.count() == 0
    link = last_link("new@example.com")
    assert client.post(link, {"password1": "short"}).status_code == 422
    assert client.post(link, {"name": "Anna", "password1": NEW}).headers["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    user = User.objects.get()
    assert (user.email, user.name, user.check_password(NEW)) == ("new@example.com", "Anna", True)
    assert EmailAddress.objects.values_list("verified", "primary").get() == (True, True)
    assert mails_to("new@example.com") == ["Create your account"]
    again = Client().get(link)
    assert "You already have an account" in text_of(again)
    assert Client().post(link, {"password1": "another long passphrase"}).status_code == 200
    assert User.objects.get().check_password(NEW)


def test_a_sign_up_link_lives_an_hour(client):
    register(1, email="new@example.com")
    link = last_link("new@example.com")
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert client.post(link, {"password1": NEW}).status_code == 410
    assert User.objects.count() == 0


def test_signing_up_with_a_known_address_looks_the_same_and_touches_nothing():
    owner = member()
    known, new = register(1, email=owner.email), register(2, email="new@example.com")
    assert (known.status_code, known.headers["Location"]) == (new.status_code, new.headers["Location"])
    assert mails_to(owner.email) == ["You already have an account"]
    assert User.objects.get().check_password(PASSWORD)


def test_a_stranger_who_typed_a_password_for_a_mailbox_does_not_get_in_when_its_owner_follows_the_link():
    """An account from an older version with an unconfirmed address: its password proves nothing."""
    member(is_verified=False)
    stranger = Client()
    assert stranger.post("/account/login/", {"login": "anna@example.com", "password": PASSWORD}).status_code == 302
    owner = Client()
    page = owner.get(last_link("anna@example.com")).headers["Location"]
    owner.post(page, {"password1": NEW})
    assert EmailAddress.objects.get().verified
    assert log_in(password=PASSWORD).status_code == 200
    assert stranger.get("/account/").status_code == 302
    assert log_in(password=NEW, ip="192.0.2.9").headers["Location"] == "/account/"


def test_links_lead_to_the_shops_own_address_whatever_host_was_asked(settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.SHOP_URL = "https://shop.example"
    member()
    for path, email in (
        ("signup", "new@example.com"),
        ("signup", "anna@example.com"),
        ("password/reset", "anna@example.com"),
        ("password/reset", "nobody@example.com"),
    ):
        Client().post(f"/account/{path}/", {"email": email}, headers={"host": "evil.example"})
    client = Client(headers={"host": "evil.example"})
    client.force_login(User.objects.get())
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    add_address(client, "anna@example.org")
    bodies = [mail.body for mail in Mail.objects.all()]
    assert len(bodies) == 6
    assert not [body for body in bodies if "evil" in body]
    assert all("https://shop.example/account/" in body for body in bodies)


def test_a_password_reset_does_not_reveal_whether_an_account_exists():
    make_user("anna@example.com")
    assert reset(1, email="anna@example.com").content == reset(2, email="nobody@example.com").content
