"""Create accounts through a link that is sent to the e-mail address.

Nothing is stored before the link is opened, so nobody can register somebody else's address. The pages are the same for
addresses with and without an account.
"""

from dataclasses import dataclass

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse

from accounts.adapters import may_mail
from accounts.limits.throttle import Limit, client_ip
from accounts.links import SignUp, has_account, shop_link, sign_up_key
from accounts.models import User

SIGN_UP_LIMIT = Limit("register", 5, 3600)
CHOSEN = "chosen_password"  # session key of a password that was chosen before the e-mail was sent


@dataclass(frozen=True)
class ChosenPassword:
    """A hashed password, chosen before the e-mail address was confirmed. Only the same browser session can use it."""

    email: str
    password: str
    name: str = ""


def ask_for_account(request: HttpRequest, email: str, reference: str = "") -> None:
    """Send a link for creating an account, or, if the address already has one, an e-mail that says so.

    Raises TooManyAttempts if the network has sent too many requests.
    """
    SIGN_UP_LIMIT.take(client_ip(request))
    if not may_mail("sign-up", email):
        return
    if has_account(email):
        get_adapter().send_account_already_exists_mail(email)
    else:
        path = reverse("account_finish_signup", args=[sign_up_key(email, reference)])
        get_adapter().send_mail("account/email/sign_up", email, {"sign_up_url": shop_link(path)})


def ask_with_password(request: HttpRequest, *, email: str, password: str, name: str, reference: str) -> list[str]:
    """Send the link and store the hashed password in the session; return the errors of an invalid password instead."""
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        return list(error.messages)
    ask_for_account(request, email, reference)
    request.session[CHOSEN] = {"email": email, "password": make_password(password), "name": name}
    return []


def chosen_password(request: HttpRequest, sign_up: SignUp) -> ChosenPassword | None:
    """The password that was chosen for this address in this session, or None."""
    stored = request.session.get(CHOSEN)
    return ChosenPassword(**stored) if stored and stored.get("email") == sign_up.email else None


@transaction.atomic
def open_account(email: str, password_hash: str, name: str) -> User | None:
    """Create an account with a confirmed address. Returns None if the address already has an account."""
    if has_account(email):
        return None
    try:
        with transaction.atomic():
            user = User.objects.create(email=email, password=password_hash, name=name)
    except IntegrityError:
        return None
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user
