"""E-mails about accounts. This table has their texts, and one template their layout.

The keys are the template names that allauth uses, and a few of our own.
"""

from collections.abc import Callable, Mapping
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
class MailText:
    """The text of one e-mail, and the label and target of its button."""

    subject: str
    text: str
    label: str = ""
    url: str = ""  # a key of the context, or the name of a URL pattern
    after: str = ""  # the text below the button
    is_notice: bool = False  # adds time and place, and what to do if it was somebody else


def _notice(subject: str, text: str) -> MailText:
    return MailText(subject, text, is_notice=True)


MAIL_TEXTS = {
    "account/email/sign_up": MailText(
        "Create your account",
        "Choose a password and your account at {shop_name} is ready. Orders that you placed with this address"
        " will be in it.",
        "Choose a password",
        "sign_up_url",
        ONE_HOUR,
    ),
    "account/email/staff_invitation": MailText(
        "You are invited to work at {shop_name}",
        "{inviter} invites you to the team of {shop_name}. Choose a password, set up a second factor, and you are in.",
        "Accept the invitation",
        "invitation_url",
        "The link works once and is valid for three days. If you do not know the shop, you can ignore this e-mail.",
    ),
    "account/email/account_already_exists": MailText(
        "You already have an account",
        "Somebody, perhaps you, asked to create an account at {shop_name} with this address. You have one already:"
        " log in, or choose a new password if you have forgotten yours.",
        "Choose a new password",
        "account_reset_password",
        "If it was not you, you can ignore this e-mail: nothing has changed.",
    ),
    "account/email/unknown_account": MailText(
        "There is no account with this address",
        "Somebody, perhaps you, asked for a new password at {shop_name}, but there is no account with this address."
        " You may have used another one, or ordered without an account.",
        "Create an account",
        "account_signup",
        "If it was not you, you can ignore this e-mail.",
    ),
    "account/email/password_reset_key": MailText(
        "Choose a new password",
        "You asked for a new password for your account at {shop_name}.",
        "Choose a new password",
        "password_reset_url",
        ONE_HOUR,
    ),
    "account/email/choose_password": MailText(
        "Choose your password",
        "Before you can log in at {shop_name}, please choose a password here. This confirms that the e-mail address is yours.",
        "Choose a password",
        "password_reset_url",
        ONE_HOUR,
    ),
    "account/email/email_confirmation": MailText(
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


# The project adds the name in the settings of its store. The first name that is not empty is used.
shop_names: list[Callable[[], str]] = []


def shop_name() -> str:
    """The name of the shop; without one, that of the sender of e-mails, or the host."""
    names = (name() for name in shop_names)
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[0]
    return next(filter(None, names), "") or sender or urlsplit(settings.SHOP_URL).netloc


def account_mail(name: str, email: str, context: Mapping[str, Any]) -> EmailMultiAlternatives:
    """The e-mail with this name, in plain text and HTML, ready to be sent."""
    mail_text = MAIL_TEXTS[name]
    name_of_shop = shop_name()
    values = {**context, "shop_name": name_of_shop}
    subject = mail_text.subject.format_map(values)
    url = mail_text.url and (
        str(values[mail_text.url]) if mail_text.url in values else shop_link(reverse(mail_text.url))
    )
    template_context = {
        "shop_url": settings.SHOP_URL,
        "shop_name": name_of_shop,
        "subject": subject,
        "text": mail_text.text.format_map(values),
        "label": mail_text.label,
        "url": url,
        "after": mail_text.after,
        "notice": mail_text.is_notice,
        "at": values.get("timestamp"),
        "ip": values.get("ip"),
        "device": values.get("device"),
        "reset_url": shop_link(reverse("account_reset_password")),
    }
    mail = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string("emails/account.txt", template_context),
        to=[email],
        # Somebody waits for it, so the outbox sends it before all others (catalog/emails.py explains this header).
        headers={"Auto-Submitted": "auto-generated", "Outbox-Priority": "account"},
    )
    mail.attach_alternative(render_to_string("emails/account.html", template_context), "text/html")
    return mail
