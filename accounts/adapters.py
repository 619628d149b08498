"""Adapters that customize django-allauth."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.urls import reverse

from accounts.devices import device_name
from accounts.emails import account_mail, shop_name
from accounts.limits.logins import begin_attempt, record_success
from accounts.limits.throttle import Limit, client_ip
from accounts.links import confirmation_key, shop_link
from accounts.mailboxes import normalize_mailbox
from accounts.models import User
from accounts.notices import tell_owner

# A network that requests too many e-mails gets an error. An address over its limit gets no further e-mail but no error,
# because otherwise a stranger could lock out its owner; the links sent before still work.
CONFIRMATION_LIMIT = Limit("confirm", 10, 3600)
MAILS_PER_ADDRESS = Limit("mails-to-address", 5, 3600)
# PasswordChangeWatch sends these e-mails, because it also covers the admin and the command line.
NOTIFIED_ELSEWHERE = {f"account/email/password_{event}" for event in ("changed", "set", "reset")}

METHOD_LABELS = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use a code from your app",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}


def may_mail(purpose: str, email: str) -> bool:
    """Count an e-mail to this address and return whether it may be sent. Each purpose has its own limit."""
    return MAILS_PER_ADDRESS.allows(f"{purpose}|{normalize_mailbox(email)}")


def choose_password_path(user: AbstractBaseUser) -> str:
    """The path of the page for choosing a password, valid once and until the account changes."""
    key = default_token_generator.make_token(user)
    return reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key})


class AccountAdapter(DefaultAccountAdapter):
    """Logins that are delayed after failures, our own e-mails, and links to SHOP_URL."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": "This account is closed.",
        "duplicate_email": "This is already your address.",
        "email_password_mismatch": "This e-mail address and password do not match. Passwords are case-sensitive.",
        "enter_current_password": "This is not your current password. Passwords are case-sensitive.",
        "incorrect_password": "This is not your password. Passwords are case-sensitive.",
        "incorrect_code": "This code is not correct. Enter the one that your app shows now.",
        "too_many_login_attempts": "Too many attempts. Please wait a few minutes.",
        "rate_limited": "Too many attempts. Please wait a few minutes.",
    }

    def render_mail(
        self, template_prefix: str, email: str, context: dict[str, Any], headers: Any = None
    ) -> EmailMessage:
        return account_mail(template_prefix, email, context)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        self.render_mail(template_prefix, email, context).send()

    def send_notification_mail(
        self, template_prefix: str, user: AbstractBaseUser, context: dict[str, Any] | None = None, email: str = ""
    ) -> None:
        if template_prefix not in NOTIFIED_ELSEWHERE:
            assert isinstance(user, User)  # noqa: S101
            tell_owner(template_prefix, user, context, email or "")

    def clean_email(self, email: str) -> str:
        return normalize_mailbox(email)

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt. Replaces allauth's counter, which is not atomic and does not say how long to wait."""
        begin_attempt(str(credentials.get("email", "")), client_ip(request))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        user = super().authenticate(request, **credentials)
        if user:
            record_success(str(credentials.get("email", "")), client_ip(request))
        return user

    def get_reset_password_from_key_url(self, key: str) -> str:
        uid, _, token = key.partition("-")
        return shop_link(reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token}))

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        key = confirmation_key(emailconfirmation.email_address)
        return shop_link(reverse("account_confirm_email", args=[key]))

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        """Send a link to confirm an address, or, if the account has no confirmed address yet, to choose a password.

        A password entered before does not prove ownership of the mailbox, so its owner chooses a new one.
        """
        address = emailconfirmation.email_address
        CONFIRMATION_LIMIT.take(client_ip(request))
        if not may_mail(f"confirm {address.user_id}", address.email):
            return
        if EmailAddress.objects.filter(user_id=address.user_id, verified=True).exists():
            url = self.get_email_confirmation_url(request, emailconfirmation)
            self.send_mail("account/email/email_confirmation", address.email, {"activate_url": url})
        else:
            url = shop_link(choose_password_path(address.user))
            self.send_mail("account/email/choose_password", address.email, {"password_reset_url": url})

    def get_reauthentication_methods(self, user: Any) -> list[dict]:
        """The methods with the same labels as on other pages."""
        return [
            {**method, "description": METHOD_LABELS.get(method["id"], method["description"])}
            for method in super().get_reauthentication_methods(user)
        ]

    def send_account_already_exists_mail(self, email: str) -> None:
        self.send_mail("account/email/account_already_exists", email, {})


class SecondFactorAdapter(DefaultMFAAdapter):
    """Our own messages about second factors."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": AccountAdapter.error_messages["incorrect_code"],
        "cannot_delete_authenticator": "This login method cannot be turned off.",
        "unverified_email": "Please confirm your e-mail address first.",
    }

    def get_totp_issuer(self) -> str:
        """The shop's name, under which authenticator apps list the codes."""
        return shop_name()

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Any) -> str:  # noqa: A002  (allauth's name)
        """Suggest the name of the current device, like "Firefox on Linux"."""
        return device_name(context.request.headers.get("User-Agent", ""))
