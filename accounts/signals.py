"""Receivers of signals from allauth and Django."""

from typing import Any

# allauth has no public functions for these.
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from accounts.devices import remember_device
from accounts.mailboxes import normalize_mailbox
from accounts.models import User
from accounts.notices import tell_owner


def normalize_address(instance: Any, **_: Any) -> None:
    """Normalize the address before allauth's EmailAddress is saved."""
    instance.email = normalize_mailbox(instance.email)


def tell_of_added_address(user: User, email_address: Any, **_: Any) -> None:
    """Notify the owner that an e-mail address was added to the account."""
    tell_owner("account/email/address_added", user, {"new_email": email_address.email})


def tell_of_new_device(request: HttpRequest, user: User, **_: Any) -> None:
    """Notify the owner of a login from a new device."""
    if remember_device(request, user):
        tell_owner("account/email/new_device", user)


def count_password_for_second_factor(request: HttpRequest, user: User, **_: Any) -> None:
    """Let staff who have just entered their password set up their first second factor without entering it again."""
    if not user.is_staff or Authenticator.objects.filter(user_id=user.pk).exists():
        return
    if any(record["method"] == "password" for record in get_authentication_records(request, user)):
        record_authentication(request, user, method="password", email=user.email, reauthenticated=True)
