"""What can go wrong with money, as nouns that carry facts."""


class PaymentError(Exception):
    """Anything that payments refuse."""


class GatewayDown(PaymentError):
    """Stripe did not answer, or not sensibly: whether it did what was asked is unknown."""


class KeySpent(GatewayDown):
    """Stripe answered with a failure and answers the same to this idempotency key from now on.

    Whether it did what was asked is unknown: look for the result first, then ask again with another key.
    """

    def __init__(self, what: str, *, is_replayed: bool = False) -> None:
        super().__init__(what)
        self.is_replayed = is_replayed


class GatewayRefused(PaymentError):
    """Stripe answered no; `code` is its word for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class BadSignature(PaymentError):
    """This webhook is not from Stripe, or is too old."""


class ForeignEvent(PaymentError):
    """Signed by Stripe and not meant for us: of a kind, a mode or a shape that we take no news from."""


class NotAnEvent(PaymentError):
    """Signed, but not an event."""


class NotPayable(PaymentError):
    """This order can take no new payment; the message is one clear sentence for the shopper."""


class StillProcessing(PaymentError):
    """A payment is on its way and can be neither taken nor closed now."""


class RefundRefused(PaymentError):
    """More than is left cannot be refunded; the message is one clear sentence for staff."""


class CancelRefused(PaymentError):
    """This order cannot be canceled; the message is one clear sentence."""
