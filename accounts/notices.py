"""Notify the owner of an account of everything that affects who can log in."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.core import context
from django.utils import timezone

from accounts.devices import device_name
from accounts.emails import account_mail
from accounts.limits.throttle import client_ip
from accounts.models import User


def tell_owner(name: str, user: User, values: dict[str, Any] | None = None, email: str = "") -> None:
    """Send an e-mail to the account's primary address, or to `email`, with the place of the current request.

    Sends nothing to an account without a primary address.
    """
    to = email or EmailAddress.objects.filter(user_id=user.pk, primary=True).values_list("email", flat=True).first()
    if not to:
        return
    request = getattr(context, "request", None)
    place = {}
    if request is not None:
        place = {"ip": client_ip(request), "device": device_name(request.headers.get("User-Agent", ""))}
    account_mail(name, to, {"timestamp": timezone.now(), **place, **(values or {})}).send()


def drop_pending(user: User) -> None:
    """Delete addresses of the account that were added but not confirmed."""
    EmailAddress.objects.filter(user_id=user.pk, verified=False, primary=False).delete()


class PasswordChangeWatch:
    """Deletes unconfirmed addresses and notifies the owner whenever a password changes.

    It is a password validator that accepts everything, because Django calls `password_changed` of all validators after
    each change, wherever it was made. Links sent before the change become invalid by themselves.
    """

    def validate(self, password: str, user: Any = None) -> None:
        return

    def get_help_text(self) -> str:
        return ""

    def password_changed(self, password: str, user: Any = None) -> None:
        if user is not None and user.pk:
            drop_pending(user)
            tell_owner("account/email/password_changed", user)
