"""Payment intents: capture or cancel an amount that is held, and list what is held."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from payments.gateway.calls import call, client, field, seconds
from payments.gateway.lists import list_objects

if TYPE_CHECKING:
    from stripe.params import PaymentIntentCaptureParams


@dataclass(frozen=True)
class HeldAmount:
    """An amount in minor units that the bank of a customer holds, and our key of its payment."""

    intent_id: str
    amount_minor: int
    currency: str
    payment_key: str


def capture_intent(intent_id: str, amount_minor: int, key: str) -> str:
    """Capture an amount in minor units of what is held, and release the rest; return the status of the payment intent.

    Calling again with the same key changes nothing and returns the first answer.
    Raise GatewayRefused also if the amount was already captured or released.
    """
    parameters: PaymentIntentCaptureParams = {"amount_to_capture": amount_minor}
    return call(
        "capture payment",
        lambda: client().v1.payment_intents.capture(intent_id, parameters, {"idempotency_key": key}),
        has_key=True,
    ).status


def cancel_intent(intent_id: str, key: str) -> str:
    """Release what is held; return the status of the payment intent.

    Calling again with the same key changes nothing and returns the first answer.
    Raise GatewayRefused also if the amount was already captured or released.
    """
    return call(
        "cancel payment",
        lambda: client().v1.payment_intents.cancel(intent_id, {}, {"idempotency_key": key}),
        has_key=True,
    ).status


def list_held(since: datetime) -> Iterator[HeldAmount]:
    """Yield what is held of the payments created since a moment; newest first."""
    query: dict[str, Any] = {"created": {"gte": seconds(since)}}
    for intent in list_objects("list payments", client().v1.payment_intents.list, query):
        if intent.status == "requires_capture":
            key = str(field(field(intent, "metadata"), "payment") or "")
            yield HeldAmount(intent.id, intent.amount_capturable, intent.currency.upper(), key)
