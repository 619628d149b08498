"""Tell scripts that try stolen cards from people: a field that nobody sees, and the time that filling in the form takes.

The form carries when it was first shown for the cart, signed. A form can stay open as long as it likes, and the stamp
stays the same while the page is shown again with errors. It asks people nothing and needs no scripts.
"""

from collections.abc import Mapping

from django.conf import settings
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner

from orders.errors import SentTooQuickly
from orders.models import Cart

TRAP = "leave_empty"  # people do not see this field; no browser or password manager knows its name
STAMP = "opened"
SIGNER = TimestampSigner(salt="orders.checkout.opened")


def stamp_for(cart: Cart, sent: Mapping[str, str]) -> str:
    """Return the stamp that the form was sent with, or a new one if it is not one of this cart."""
    stamp = sent.get(STAMP, "")
    return stamp if _is_of(cart, stamp) else SIGNER.sign(str(cart.pk))


def check_form(cart: Cart, sent: Mapping[str, str]) -> None:
    """Raise SentTooQuickly if the hidden field was filled in, or if nobody could fill in the form so quickly."""
    if sent.get(TRAP, "").strip():
        raise SentTooQuickly
    if not settings.CHECKOUT_MIN_SECONDS:
        return
    stamp = sent.get(STAMP, "")
    if not _is_of(cart, stamp):
        raise SentTooQuickly
    try:
        SIGNER.unsign(stamp, max_age=settings.CHECKOUT_MIN_SECONDS)
    except SignatureExpired:
        return
    raise SentTooQuickly


def _is_of(cart: Cart, stamp: str) -> bool:
    try:
        return SIGNER.unsign(stamp) == str(cart.pk)
    except BadSignature:
        return False
