"""Receivers of signals from allauth and Django."""

from typing import Any

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
