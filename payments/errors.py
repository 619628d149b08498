"""Errors of payments."""


class PaymentError(Exception):
    """Base class of all errors of payments."""


class GatewayDown(PaymentError):
    """Stripe did not answer, or not in a usable way. Whether it did what was asked is unknown."""


class KeySpent(GatewayDown):
    """Stripe answered with a failure, and will repeat that answer for this idempotency key.

    Whether it did what was asked is unknown: search for the result first, then ask again with another key.
    """

    def __init__(self, action: str, *, is_replayed: bool = False) -> None:
        super().__init__(action)
        self.is_replayed = is_replayed


class GatewayRefused(PaymentError):
    """Stripe refused the call. `code` is its error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class BadSignature(PaymentError):
    """The webhook is not signed by Stripe, or its signature is too old or in the future."""


class ForeignEvent(PaymentError):
    """The event is signed by Stripe but not meant for this shop: its kind, mode or shape is not handled."""


class NotAnEvent(PaymentError):
    """The body is signed by Stripe but is not an event."""


class NotPayable(PaymentError):
    """The order cannot be paid now. The message is a sentence for the shopper."""


class StillProcessing(PaymentError):
    """A bank is processing a payment, which can be neither captured nor closed now."""


class MoneyRefused(PaymentError):
    """This money cannot be recorded as received or sent. The message is a sentence for staff, about a field if any."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


class RefundRefused(PaymentError):
    """The amount exceeds what can still be refunded. The message is a sentence for staff."""


class CaptureRefused(PaymentError):
    """The authorized payment cannot be captured or released now. The message is a sentence for staff."""


class DisputeRefused(PaymentError):
    """The dispute cannot be answered any more. The message is a sentence for staff."""


class BooksRefused(PaymentError):
    """The format cannot hold these books. The message is a sentence for staff."""


class CancelRefused(PaymentError):
    """The order cannot be canceled. The message is a sentence for the user."""
