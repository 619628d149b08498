"""Opening an account: only behind a link that was sent to its mailbox, and with a password chosen there.

Nothing is stored before that, so nobody can take a mailbox's account in advance, and what is shown is the same for
mailboxes that have an account and for those that have none.
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
from accounts.links import SignUp, has_account, shop_link, sign_up_key
from accounts.models import User
from accounts.throttle import Limit, client_ip

REGISTERING = Limit("register", 5, 3600)
CHOSEN = "chosen_password"  # of the session: the password that was chosen in this browser before the mail went out


@dataclass(frozen=True)
class ChosenPassword:
    """A password that waits for its mailbox's link, hashed; only the browser that it was typed in can use it."""

    email: str
    password: str
    name: str = ""


def ask_for_account(request: HttpRequest, email: str, reference: str = "") -> None:
    """Send the mailbox a link that opens an account, or, where it has one, a mail that says so."""
    REGISTERING.take(client_ip(request))
    if not may_mail("sign-up", email):
        return
    if has_account(email):
        get_adapter().send_account_already_exists_mail(email)
    else:
        path = reverse("account_finish_signup", args=[sign_up_key(email, reference)])
        get_adapter().send_mail("account/email/sign_up", email, {"sign_up_url": shop_link(path)})


def ask_with_password(request: HttpRequest, *, email: str, password: str, name: str, reference: str) -> list[str]:
    """Keep the password in this browser's session and ask for the account; return what is wrong with it instead."""
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        return list(error.messages)
    ask_for_account(request, email, reference)
    request.session[CHOSEN] = {"email": email, "password": make_password(password), "name": name}
    return []


def chosen_password(request: HttpRequest, sign_up: SignUp) -> ChosenPassword | None:
    """Return the password that this browser chose for this mailbox, if it did."""
    kept = request.session.get(CHOSEN)
    return ChosenPassword(**kept) if kept and kept.get("email") == sign_up.email else None


@transaction.atomic
def open_account(email: str, password_hash: str, name: str) -> User | None:
    """Create the account of a mailbox whose link was followed; None where it has one already."""
    if has_account(email):
        return None
    try:
        with transaction.atomic():
            user = User.objects.create(email=email, password=password_hash, name=name)
    except IntegrityError:
        return None
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user
