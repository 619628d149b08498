"""Signed links in e-mails. Each is valid for one purpose and address, for one hour, and until the account changes."""

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
    """A request for an account: the e-mail address, and optionally the id of an order to add to the account."""

    email: str
    reference: str = ""


def shop_link(path: str) -> str:
    """The absolute URL of a path for e-mails, based on SHOP_URL and not on the host of the request."""
    return f"{settings.SHOP_URL}{path}"


def sign_up_key(email: str, reference: str = "") -> str:
    """The signed key of a link that opens an account for this address."""
    return signing.dumps([normalize_mailbox(email), reference], salt=SIGN_UP)


def read_sign_up(key: str) -> SignUp | None:
    """The request that a link was made for, or None if the key is invalid or older than an hour."""
    try:
        email, reference = signing.loads(key, salt=SIGN_UP, max_age=LINK_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return SignUp(email, reference)


def confirmation_key(address: EmailAddress) -> str:
    """The signed key of a link that confirms this address."""
    return signing.dumps([address.pk, address.email, account_state(address.user)], salt=CONFIRM)


def read_confirmation(key: str) -> EmailAddress | None:
    """The unconfirmed address that a link was made for, or None if the key is invalid, used, too old or outdated.

    Changing the password or the address, and logging out everywhere, make earlier links outdated.
    """
    try:
        pk, email, state = signing.loads(key, salt=CONFIRM, max_age=LINK_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    address = EmailAddress.objects.select_related("user").filter(pk=pk, email=email, verified=False).first()
    if address and constant_time_compare(state, account_state(address.user)):
        return address
    return None


def account_state(user: AbstractBaseUser) -> str:
    """Return a digest of what a confirmation link depends on: password, e-mail address and logins of the account."""
    assert isinstance(user, User)  # noqa: S101
    return salted_hmac(CONFIRM, f"{user.pk}|{user.password}|{user.email}|{user.login_generation}").hexdigest()[:32]


def has_account(email: str) -> bool:
    """Whether the address is the login or a confirmed address of an account."""
    return (
        User.objects.filter(email=email).exists()
        or EmailAddress.objects.filter(email=normalize_mailbox(email), verified=True).exists()
    )
