"""Every page about an account is in the shop's frame and words; none is allauth's own."""

import re
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.template.loader import get_template
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from accounts.adapters import choose_password_path
from accounts.emails import MAIL_TEXTS, account_mail
from accounts.invitations import invite
from accounts.links import confirmation_key, sign_up_key
from accounts.models import User
from tests.accounts.second_factors import add_app, add_recovery_codes, offer_no_challenge
from tests.accounts.test_invitations import newest_link
from tests.accounts.throttling import PASSWORD, member
from tests.factories import make_user
from tests.reading import find, find_all, markup_of, text_of

pytestmark = pytest.mark.django_db
TEMPLATES = Path(settings.BASE_DIR) / "templates"
THEIR_WORDS = re.compile(
    r"Sign [Ii]n|[Ss]ign-in|Sign Up|[Ss]ign up|finalize|Reauthenticate|Security Key|Two-Factor", re.A
)

ANONYMOUS, MEMBER, CONFIRMED, WITH_APP, PENDING = "anonymous", "member", "confirmed", "with app", "pending"
# name: (who asks, the page's heading)
PAGES = {
    "account_login": (ANONYMOUS, "Log in"),
    "account_signup": (ANONYMOUS, "Create an account"),
    "account_finish_signup": (ANONYMOUS, "Choose a password"),
    "account_email_verification_sent": (ANONYMOUS, "Check your e-mail"),
    "account_reset_password": (ANONYMOUS, "Forgot your password?"),
    "account_reset_password_done": (ANONYMOUS, "Check your e-mail"),
    "account_reset_password_from_key": (ANONYMOUS, "This link no longer works"),
    "account_reset_password_from_key_done": (ANONYMOUS, "Your password was changed"),
    "account_invitation": (ANONYMOUS, "Welcome to the team"),
    "account_inactive": (ANONYMOUS, "This account is closed"),
    "account_logout": (MEMBER, "Log out?"),
    "account_email": (MEMBER, "Change your e-mail address"),
    "account_confirm_email": (MEMBER, "Confirm your new address"),
    "account_change_password": (MEMBER, "Change your password"),
    "account_reauthenticate": (MEMBER, "Confirm that it's you"),
    "account_security": (MEMBER, "Login and security"),
    "account_set_password": (CONFIRMED, "Choose a password"),
    "mfa_activate_totp": (CONFIRMED, "Set up your authenticator app"),
    "mfa_add_webauthn": (CONFIRMED, "Add a passkey"),
    "mfa_list_webauthn": (MEMBER, "Your passkeys"),
    "mfa_authenticate": (PENDING, "Enter your code"),
    "mfa_reauthenticate": (WITH_APP, "Confirm that it's you"),
    "mfa_reauthenticate_webauthn": (WITH_APP, "Confirm that it's you"),
    "mfa_deactivate_totp": (WITH_APP, "Turn off your authenticator app?"),
    "mfa_view_recovery_codes": (WITH_APP, "Your recovery codes"),
    "mfa_generate_recovery_codes": (WITH_APP, "Create new recovery codes?"),
    "mfa_edit_webauthn": (WITH_APP, "Rename this passkey"),
    "mfa_remove_webauthn": (WITH_APP, "Remove this passkey?"),
}
NO_PAGES = {
    "account_log_out_everywhere": "changes something and leads back",
    "mfa_index": "leads to account_security",
    "account_confirm_login_code": "leads to the log-in, since codes by mail are off",
    "mfa_login_webauthn": "answers a script",
    "mfa_download_recovery_codes": "is a text file",
}


def account_names(patterns=None) -> set[str]:
    """The names of all addresses of allauth's apps, and of ours beside them."""
    names: set[str] = set()
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(entry, URLPattern):
            names |= {entry.name} if (entry.name or "").startswith(("account_", "mfa_")) else set()
        elif not entry.namespace:
            names |= account_names(entry.url_patterns)
    return names


def visitor(kind: str) -> tuple[Client, User]:
    user, client = member(), Client()
    if kind in (WITH_APP, PENDING):
        add_app(user)
        add_recovery_codes(user)
        Authenticator.objects.create(user=user, type="webauthn", data={"name": "My phone", "credential": {}})
    if kind == PENDING:
        client.post("/account/login/", {"login": user.email, "password": PASSWORD})
    elif kind != ANONYMOUS:
        client.force_login(user)
    if kind in (CONFIRMED, WITH_APP):
        client.post("/account/reauthenticate/", {"password": PASSWORD})
    return client, user


def address_of(name: str, user: User) -> str:
    if name == "account_finish_signup":
        return reverse(name, args=[sign_up_key("new@example.com")])
    if name == "account_confirm_email":
        pending = EmailAddress.objects.create(user=user, email="anna@example.org")
        return reverse(name, args=[confirmation_key(pending)])
    if name == "account_invitation":
        invite("jo@example.com", [], by=make_user(is_staff=True, is_superuser=True))
        return newest_link()
    if name == "account_reset_password_from_key":
        return reverse(name, kwargs={"uidb36": "1", "key": "spoiled"})
    if name in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        return reverse(name, args=[Authenticator.objects.get(type="webauthn").pk])
    return reverse(name)


def test_every_address_about_accounts_is_listed_here():
    assert account_names() == PAGES.keys() | NO_PAGES.keys()


@pytest.mark.parametrize("name", PAGES)
def test_every_account_page_uses_our_layout_and_texts(name, monkeypatch):
    who, heading = PAGES[name]
    client, user = visitor(who)
    if name == "account_set_password":
        monkeypatch.setattr(User, "has_usable_password", lambda self: False)
    offer_no_challenge(monkeypatch)
    answer = client.get(address_of(name, user))
    assert (answer.status_code, [found.text for found in find_all(answer, "h1")]) == (200, [heading])
    assert answer.templates[0].origin.name.startswith(str(TEMPLATES))
    assert find(answer, "header", class_="head")
    assert any(
        sheet.attributes["href"].endswith("css/account.css") for sheet in find_all(answer, "link", rel="stylesheet")
    )
    assert not THEIR_WORDS.findall(re.sub(r"<script.*?</script>|action=\S+", "", markup_of(answer), flags=re.S))
    assert find_all(answer, style=True) == []
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_the_password_rules_stand_before_the_field():
    client, user = visitor(MEMBER)
    pages = [
        client.get("/account/password/change/"),
        Client().get(f"/account/signup/{sign_up_key('new@example.com')}/"),
    ]
    pages.append(Client().get(choose_password_path(user), follow=True))
    for page in pages:
        rules_and_field = [
            element.attributes.get("name") or element.text
            for element in find_all(page)
            if element.attributes.get("name") == "password1" or element.text.startswith("At least 12 characters")
        ]
        assert rules_and_field[0].startswith("At least 12 characters")
        assert rules_and_field[-1] == "password1"
        assert find_all(page, name="password2") == []


def test_the_login_page_links_to_the_password_reset_and_shows_errors():
    member()
    assert "Forgot your password?" in text_of(Client().get("/account/login/"))
    page = Client().post("/account/login/", {"login": "anna@example.com", "password": "wrong wrong"})
    assert "do not match. Passwords are case-sensitive." in text_of(page)
    assert "wrong wrong" not in markup_of(page)


def test_no_template_of_allauth_can_be_reached():
    theirs = Path(get_template("account/base_entrance.html").origin.name).parent.parent
    assert theirs != TEMPLATES
    used = {"account", "mfa"}
    never = re.compile(
        r"phone|code|socialaccount|signup_by_passkey|signup_form|trust|snippets|base|email/|^mfa/index|^account/email\."
    )
    missing = [
        str(path.relative_to(theirs))
        for folder in used
        for path in sorted((theirs / folder).rglob("*"))
        if path.suffix in (".html", ".txt")
        and not (TEMPLATES / path.relative_to(theirs)).exists()
        and not never.search(str(path.relative_to(theirs)))
    ]
    assert missing == []


@pytest.mark.parametrize("name", MAIL_TEXTS)
def test_every_account_mail_uses_our_layout_and_texts(name, settings):
    settings.SHOP_URL = "https://shop.example"
    addresses = dict.fromkeys(("new_email", "to_email", "from_email", "deleted_email"), "anna@example.com")
    names = ("sign_up_url", "password_reset_url", "activate_url", "invitation_url")
    links = dict.fromkeys(names, "https://shop.example/x/")
    mail = account_mail(name, "anna@example.com", {**addresses, **links, "inviter": "Mara"})
    [(html, _kind)] = mail.alternatives
    for text in (mail.body, html):
        assert mail.subject in text.replace("&#x27;", "'")
        assert not THEIR_WORDS.findall(text)
        assert "https://shop.example/" in text
    assert "max-width:560px" in html
    assert "{" not in mail.body
