"""Staff who set up a passkey instead of an app, with a virtual authenticator in a real browser."""

import re

import pytest
from django.conf import settings as shop_settings
from django.contrib.auth.models import Group

from accounts.invitations import invite
from accounts.models import User
from shop.mail.outbox import parsed
from shop.models import Mail
from tests.browser.conftest import NEEDS_BROWSER
from tests.factories import make_user

pytestmark = [*NEEDS_BROWSER, pytest.mark.full, pytest.mark.django_db(transaction=True)]
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_an_invited_person_sets_up_a_passkey_and_logs_in_with_it(browser, live_server, settings):
    settings.STAFF_SECOND_FACTOR = True
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    owner = make_user(is_staff=True, is_superuser=True)
    invite("jo@example.com", Group.objects.filter(name="Fulfilment"), by=owner)
    text = parsed(Mail.objects.get()).get_body(("plain",)).get_content()
    link = re.search(rf"{re.escape(shop_settings.SHOP_URL)}(/account/invitation/\S+)", text)[1]

    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

    page.goto(link)
    page.fill("input[name=name]", "Jo Berg")
    page.fill("input[name=password1]", "a long new passphrase")
    page.click("text=Accept the invitation")
    page.wait_for_url("**/account/2fa/totp/activate/")
    page.click("text=Use a passkey instead")
    page.click("#mfa_webauthn_add")
    page.wait_for_function("!location.pathname.endsWith('/add/')")
    page.goto("/admin/")
    assert page.url.endswith("/admin/")

    page.goto("/account/logout/")
    page.click("main button")
    page.goto("/account/login/?next=/admin/")
    page.click("#passkey_login")
    page.wait_for_url("**/admin/")
    assert User.objects.get(email="jo@example.com").authenticator_set.filter(type="webauthn").exists()
