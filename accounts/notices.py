"""The account's owner is told, at the primary address, about everything that changes who can log in."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.core import context
from django.utils import timezone

from accounts.devices import device_name
from accounts.mails import account_mail
from accounts.models import User
from accounts.throttle import client_ip


def tell_owner(name: str, user: User, facts: dict[str, Any] | None = None, email: str = "") -> None:
    """Write to the primary address of an account that has shown to be somebody's; the request says from where."""
    to = email or EmailAddress.objects.filter(user_id=user.pk, primary=True).values_list("email", flat=True).first()
    if not to:
        return
    request = getattr(context, "request", None)
    place = {}
    if request is not None:
        place = {"ip": client_ip(request), "device": device_name(request.headers.get("User-Agent", ""))}
    account_mail(name, to, {"timestamp": timezone.now(), **place, **(facts or {})}).send()


def drop_pending(user: User) -> None:
    """Forget addresses that were added and never confirmed; their links end with the password's state."""
    EmailAddress.objects.filter(user_id=user.pk, verified=False, primary=False).delete()


class PasswordChangeWatch:
    """A password validator that accepts everything; Django calls its `password_changed` after each change.

    Whichever way the password was changed, links that were bound to the old one are worthless then. Pending addresses
    go too, and the owner is told.
    """

    def validate(self, password: str, user: Any = None) -> None:
        return

    def get_help_text(self) -> str:
        return ""

    def password_changed(self, password: str, user: Any = None) -> None:
        if user is not None and user.pk:
            drop_pending(user)
            tell_owner("account/email/password_changed", user)
