"""Test and live mode: a key of one mode does not know the payments of the other one."""

from payments import gateway
from payments.models import Payment


def is_of_our_mode(payment: Payment) -> bool:
    """Return whether our key of Stripe can ask about the payment."""
    return payment.livemode is gateway.is_live()
