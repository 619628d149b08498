"""Links in mails: each is good for one purpose, one mailbox, one hour, and the state in which it was made."""

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.mailboxes import normalize_mailbox
from accounts.models import User

LINK_SECONDS = 3600
SIGN_UP = "accounts.links.sign-up"
CONFIRM = "accounts.links.confirm"


@dataclass(frozen=True)
class SignUp:
    """A mailbox that somebody wants an account for, and what else the account starts with (an order's id)."""

    email: str
    reference: str = ""


def shop_link(path: str) -> str:
    """Return a path of the shop as mails spell it: under SHOP_URL, whatever host the request named."""
    return f"{settings.SHOP_URL}{path}"


def sign_up_key(email: str, reference: str = "") -> str:
    return signing.dumps([normalize_mailbox(email), reference], salt=SIGN_UP)


def read_sign_up(key: str) -> SignUp | None:
    """Return what the link was made for, or None where it is spoiled or older than an hour."""
    try:
        email, reference = signing.loads(key, salt=SIGN_UP, max_age=LINK_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return SignUp(email, reference)


def confirmation_key(address: EmailAddress) -> str:
    return signing.dumps([address.pk, address.email, _state(address.user)], salt=CONFIRM)


def read_confirmation(key: str) -> EmailAddress | None:
    """Return the address that waits to be confirmed, or None where its link is spoiled, used, too old or superseded.

    A changed password, a changed address and logging out everywhere supersede it.
    """
    try:
        pk, email, state = signing.loads(key, salt=CONFIRM, max_age=LINK_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    address = EmailAddress.objects.select_related("user").filter(pk=pk, email=email, verified=False).first()
    if address and constant_time_compare(state, _state(address.user)):
        return address
    return None


def _state(user: AbstractBaseUser) -> str:
    assert isinstance(user, User)  # noqa: S101
    return salted_hmac(CONFIRM, f"{user.pk}|{user.password}|{user.email}|{user.login_generation}").hexdigest()[:32]


def has_account(email: str) -> bool:
    """Whether the mailbox belongs to an account, as its login or as a confirmed further address."""
    return (
        User.objects.filter(email=email).exists()
        or EmailAddress.objects.filter(email=normalize_mailbox(email), verified=True).exists()
    )
