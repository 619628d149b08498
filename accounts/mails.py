"""The mails about an account: their words in one table, their look in one template.

The keys are the names that allauth asks for, and a few of ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.links import shop_link

ONE_HOUR = "The link works once and is valid for one hour. If you did not ask for it, you can ignore this e-mail."


@dataclass(frozen=True)
class Letter:
    """One mail: what it says, and where its button leads."""

    subject: str
    text: str
    label: str = ""
    url: str = ""  # a key of the context, or the name of a page
    after: str = ""
    is_notice: bool = False  # says when and from where, and what to do if it was somebody else


def _notice(subject: str, text: str) -> Letter:
    return Letter(subject, text, is_notice=True)


LETTERS = {
    "account/email/sign_up": Letter(
        "Create your account",
        "Choose a password and your account at {shop_name} is ready. Orders that you placed with this address"
        " will be in it.",
        "Choose a password",
        "sign_up_url",
        ONE_HOUR,
    ),
    "account/email/account_already_exists": Letter(
        "You already have an account",
        "Somebody, perhaps you, asked to create an account at {shop_name} with this address. You have one already:"
        " log in, or choose a new password if you have forgotten yours.",
        "Choose a new password",
        "account_reset_password",
        "If it was not you, you can ignore this e-mail: nothing has changed.",
    ),
    "account/email/unknown_account": Letter(
        "There is no account with this address",
        "Somebody, perhaps you, asked for a new password at {shop_name}, but there is no account with this address."
        " You may have used another one, or ordered without an account.",
        "Create an account",
        "account_signup",
        "If it was not you, you can ignore this e-mail.",
    ),
    "account/email/password_reset_key": Letter(
        "Choose a new password",
        "You asked for a new password for your account at {shop_name}.",
        "Choose a new password",
        "password_reset_url",
        ONE_HOUR,
    ),
    "account/email/choose_password": Letter(
        "Choose your password",
        "Before you can log in at {shop_name}, please choose a password here. This confirms that the e-mail address is yours.",
        "Choose a password",
        "password_reset_url",
        ONE_HOUR,
    ),
    "account/email/email_confirmation": Letter(
        "Confirm your new e-mail address",
        "You asked to use this address for your account at {shop_name}. Your old address stays until you confirm.",
        "Confirm this address",
        "activate_url",
        ONE_HOUR,
    ),
    "account/email/address_added": _notice(
        "A new e-mail address was added",
        "{new_email} was entered as the new address of your account at {shop_name}. It is used only after it has been confirmed.",
    ),
    "account/email/email_changed": _notice(
        "Your e-mail address was changed",
        "The address of your account at {shop_name} is now {to_email}. You no longer log in with {from_email}.",
    ),
    "account/email/email_deleted": _notice(
        "An e-mail address was removed", "{deleted_email} no longer belongs to your account at {shop_name}."
    ),
    "account/email/password_changed": _notice(
        "Your password was changed", "The password of your account at {shop_name} was changed."
    ),
    "account/email/new_device": _notice(
        "New login to your account",
        "Somebody logged in to your account at {shop_name} from a new device or place.",
    ),
    "account/email/logged_out_everywhere": _notice(
        "You are logged out everywhere else", "All other devices were logged out of your account at {shop_name}."
    ),
    "mfa/email/totp_activated": _notice(
        "Your authenticator app is on",
        "Logging in to your account at {shop_name} now also needs a code from an authenticator app.",
    ),
    "mfa/email/totp_deactivated": _notice(
        "Your authenticator app is off",
        "Logging in to your account at {shop_name} no longer needs a code from an authenticator app.",
    ),
    "mfa/email/recovery_codes_generated": _notice(
        "New recovery codes", "Your account at {shop_name} has new recovery codes. The old ones no longer work."
    ),
    "mfa/email/webauthn_added": _notice(
        "A passkey was added", "Your account at {shop_name} has a new passkey that can be used to log in."
    ),
    "mfa/email/webauthn_removed": _notice(
        "A passkey was removed", "A passkey of your account at {shop_name} was removed."
    ),
}


def account_mail(name: str, email: str, context: Mapping[str, Any]) -> EmailMultiAlternatives:
    """Return the mail of this name, in text and HTML; its links lead to SHOP_URL."""
    letter = LETTERS[name]
    shop_name = parseaddr(settings.DEFAULT_FROM_EMAIL)[0] or urlsplit(settings.SHOP_URL).netloc
    facts = {**context, "shop_name": shop_name}
    url = letter.url and (str(facts[letter.url]) if letter.url in facts else shop_link(reverse(letter.url)))
    parts = {
        "shop_url": settings.SHOP_URL,
        "shop_name": shop_name,
        "subject": letter.subject,
        "text": letter.text.format_map(facts),
        "label": letter.label,
        "url": url,
        "after": letter.after,
        "notice": letter.is_notice,
        "at": facts.get("timestamp"),
        "ip": facts.get("ip"),
        "device": facts.get("device"),
        "reset_url": shop_link(reverse("account_reset_password")),
    }
    mail = EmailMultiAlternatives(
        subject=letter.subject,
        body=render_to_string("emails/account.txt", parts),
        to=[email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(render_to_string("emails/account.html", parts), "text/html")
    return mail
