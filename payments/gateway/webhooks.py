"""Verification of webhooks."""

import json
import time
from typing import Any

from django.conf import settings

from payments.errors import BadSignature, ForeignEvent, NotAnEvent
from payments.gateway.calls import is_live

SIGNATURE_TOLERANCE = 300  # seconds, into the past and the future


def verify_event(body: bytes, signature: str) -> dict[str, Any]:
    """Return the event in a webhook that Stripe signed with one of our secrets.

    Raise BadSignature if the signature is missing, wrong or off by more than five minutes, and NotAnEvent if the body is
    not a JSON object. Raise ForeignEvent for valid events that the shop has no use for, which the webhook must accept:
    Stripe would send a refused event again for days.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise BadSignature("not UTF-8") from error
    check_signature(text, signature)
    try:
        event = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAnEvent("not JSON") from error
    if not isinstance(event, dict):
        raise NotAnEvent("not an object")
    if event.get("object") != "event":
        raise ForeignEvent(f"a {event.get('object')!r}")  # thin events are v2.core.event
    if not isinstance(event.get("id"), str) or not event["id"]:
        raise ForeignEvent("an event without an id")
    if bool(event.get("livemode")) != is_live():
        # A live Connect endpoint is sent events of both modes.
        raise ForeignEvent("an event of the other mode than our key")
    return event


def check_signature(text: str, signature: str) -> None:
    """Raise BadSignature unless one of our webhook secrets has signed the text within the last five minutes."""
    import stripe

    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        try:
            stripe.WebhookSignature.verify_header(text, signature, secret, SIGNATURE_TOLERANCE)
        except (stripe.SignatureVerificationError, ValueError):
            continue
        _refuse_future(signature)
        return
    raise BadSignature("no signature of ours")


def _refuse_future(signature: str) -> None:
    """Raise BadSignature if the signature is from the future, which Stripe's library does not check."""
    stamps = [part[2:] for part in signature.split(",") if part.startswith("t=")]
    if stamps and int(stamps[0]) > time.time() + SIGNATURE_TOLERANCE:
        raise BadSignature("signed in the future")
