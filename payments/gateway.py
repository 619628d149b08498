"""Calls to Stripe's API, and verification of its webhooks. The only module that imports stripe.

Functions import it at its first use, because it takes a tenth of a second and few processes call Stripe.
"""

import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.conf import settings

from payments.errors import BadSignature, ForeignEvent, GatewayDown, GatewayRefused, KeySpent, NotAnEvent

if TYPE_CHECKING:
    import stripe
    from stripe.params import RefundCreateParams
    from stripe.params.checkout import SessionCreateParams, SessionListParams

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

TRIES = 3
FIRST_PAUSE_SECONDS = 0.4  # between the first two tries; doubled for each further one
BUDGET_SECONDS = 9.0  # for one call with all its tries, so that a page answers within ten seconds
TRY_SECONDS = (1.5, 3.0)  # timeouts to connect and to read
SIGNATURE_TOLERANCE = 300  # seconds, into the past and the future
# Not final refusals: a wrong or rotated API key, an idempotency key in use, too many calls. A later call may succeed.
NO_ANSWER = {401, 403, 409, 429}
# A session is created within a minute of its payment, because Stripe requires 30 of its 31 minutes to be left. The other
# four minutes allow for clocks that differ.
SEARCH_WINDOW = timedelta(minutes=5)
PAGE_SIZE = 100  # the most that Stripe lists at once
MAX_SEARCH_PAGES = 50


@dataclass(frozen=True)
class SessionState:
    """The current state of a Checkout Session at Stripe. Amounts are in minor units."""

    session_id: str
    url: str
    status: str
    payment_status: str
    intent_id: str
    intent_status: str
    received_minor: int
    currency: str
    charge_id: str
    card: str
    last_error: str

    @property
    def is_paid(self) -> bool:
        return self.payment_status == "paid" and self.intent_status == "succeeded"


@dataclass(frozen=True)
class RefundState:
    """The current state of a refund at Stripe. Amounts are in minor units."""

    refund_id: str
    status: str
    amount_minor: int
    failure: str


@cache
def _client() -> "stripe.StripeClient":
    import stripe

    base = settings.STRIPE_API_BASE
    return stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        base_addresses={"api": base.rstrip("/")} if base else None,
        http_client=stripe.RequestsClient(timeout=TRY_SECONDS),
        max_network_retries=0,  # our own loop keeps to a budget
    )


def _call(action: str, operation: Callable[[], Answer], *, has_key: bool = False) -> Answer:
    """Call Stripe with a few tries in bounded time, and return the result.

    Raise GatewayRefused if Stripe refuses, and GatewayDown if the outcome is unknown. With `has_key`, raise KeySpent, a
    subclass of GatewayDown, if Stripe will repeat its failure for the idempotency key.
    """
    import stripe

    deadline = time.monotonic() + BUDGET_SECONDS
    for attempt in range(1, TRIES + 1):
        try:
            return operation()
        except stripe.StripeError as error:
            if _is_final(error):
                log.warning("Stripe refused to %s: %s", action, error.user_message or error)
                raise GatewayRefused(
                    str(error.code or type(error).__name__), str(error.user_message or error)
                ) from error
            log.warning("Stripe failed to %s (try %s): %s", action, attempt, error)
            pause = FIRST_PAUSE_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1)  # noqa: S311  (jitter, not a secret)
            is_last = attempt == TRIES or time.monotonic() + pause + sum(TRY_SECONDS) > deadline
            if is_last or _is_replayed(error) or isinstance(error, stripe.IdempotencyError):
                raise (_unknown(action, error) if has_key else GatewayDown(action)) from error
            time.sleep(pause)
        except (ValueError, AttributeError, TypeError) as error:
            # HTML or incomplete JSON with status 200: the outcome is unknown.
            raise GatewayDown(action) from error
    raise GatewayDown(action)


def _is_final(error: "stripe.StripeError") -> bool:
    import stripe

    if isinstance(error, stripe.APIConnectionError | stripe.IdempotencyError) or error.http_status is None:
        return False
    return 400 <= error.http_status < 500 and error.http_status not in NO_ANSWER


def _is_replayed(error: "stripe.StripeError") -> bool:
    """Return whether this is Stripe's stored answer to an earlier request with the same idempotency key."""
    headers = {name.lower(): value for name, value in dict(error.headers or {}).items()}
    return headers.get("idempotent-replayed") == "true"


def _unknown(action: str, error: "stripe.StripeError") -> GatewayDown:
    """Return KeySpent if Stripe answered with a failure, which it stores for the key, and GatewayDown otherwise."""
    import stripe

    is_other_use = isinstance(error, stripe.IdempotencyError)  # the key was used with other parameters
    body = error.json_body
    is_failure = (error.http_status or 0) >= 500 and isinstance(body, dict) and "error" in body
    if is_other_use or is_failure:
        return KeySpent(action, is_replayed=is_other_use or _is_replayed(error))
    return GatewayDown(action)


def session_parameters(
    *,
    name: str,
    email: str,
    amount_minor: int,
    currency: str,
    expires_at: int,
    urls: tuple[str, str],
    metadata: dict[str, str],
) -> dict[str, Any]:
    """Return the parameters of a Checkout Session.

    It has one line item with the whole total, because Stripe does not allow negative line items for discounts.
    """
    success_url, cancel_url = urls
    parameters: SessionCreateParams = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": currency.lower(),
                    "unit_amount": amount_minor,
                    "product_data": {"name": name},
                },
            }
        ],
        "customer_email": email,
        "client_reference_id": metadata["order"],
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "description": name},
        "success_url": success_url,
        "cancel_url": cancel_url,
        "expires_at": expires_at,
    }
    return cast(dict[str, Any], parameters)


def _in_one_order(value: Any) -> Any:
    """Return the value with sorted keys, so that equal parameters are equal bytes; the database does not keep their order."""
    if isinstance(value, dict):
        return {name: _in_one_order(value[name]) for name in sorted(value)}
    return [_in_one_order(entry) for entry in value] if isinstance(value, list) else value


def create_session(parameters: Mapping[str, Any], key: str) -> SessionState:
    """Create a Checkout Session; calling again with the same key returns the same session.

    Raise KeySpent if Stripe will never return a session for this key.
    """
    ordered = cast("SessionCreateParams", _in_one_order(dict(parameters)))
    session = _call(
        "create session",
        lambda: _client().v1.checkout.sessions.create(ordered, {"idempotency_key": key}),
        has_key=True,
    )
    return _session_state(session)


def retrieve_session(session_id: str) -> SessionState:
    """Return the session's current state at Stripe."""
    session = _call(
        "retrieve session",
        lambda: _client().v1.checkout.sessions.retrieve(session_id, {"expand": ["payment_intent.latest_charge"]}),
    )
    return _session_state(session)


def find_sessions(payment_key: str, made_at: datetime) -> list[SessionState]:
    """Return every session with this payment key in its metadata, created around that moment; newest first."""
    bounds = {"gte": _seconds(made_at - SEARCH_WINDOW), "lte": _seconds(made_at + SEARCH_WINDOW)}
    sessions: list[SessionState] = []
    after: SessionListParams = {}
    for _page in range(MAX_SEARCH_PAGES):
        query: SessionListParams = {"created": cast(Any, bounds), "limit": PAGE_SIZE, **after}
        page = _call("list sessions", partial(_client().v1.checkout.sessions.list, query))
        sessions += [
            _session_state(session)
            for session in page.data
            if _field(_field(session, "metadata"), "payment") == payment_key
        ]
        if not page.has_more or not page.data:
            return sessions
        after = {"starting_after": page.data[-1].id}
    raise GatewayDown("list sessions")


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def expire_session(session_id: str) -> SessionState:
    """Expire the session, so that nobody can pay it; return it unchanged if it was already paid or expired."""
    try:
        session = _call("expire session", lambda: _client().v1.checkout.sessions.expire(session_id))
    except GatewayRefused:
        return retrieve_session(session_id)
    return _session_state(session)


def _session_state(session: "stripe.checkout.Session") -> SessionState:
    import stripe

    intent = _field(session, "payment_intent")
    expanded = intent if isinstance(intent, stripe.PaymentIntent) else None
    charge = _field(expanded, "latest_charge")
    last_error = _field(expanded, "last_payment_error")
    return SessionState(
        session_id=session.id,
        url=_field(session, "url") or "",
        status=_field(session, "status") or "",
        payment_status=session.payment_status,
        intent_id=expanded.id if expanded else str(intent or ""),
        intent_status=expanded.status if expanded else "",
        received_minor=_field(expanded, "amount_received") or 0,
        currency=(session.currency or "").upper(),
        charge_id=charge.id if isinstance(charge, stripe.Charge) else "",
        card=_card_label(charge) if isinstance(charge, stripe.Charge) else "",
        last_error=str(_field(last_error, "message") or _field(last_error, "code") or "")[:300],
    )


def _field(stripe_object: Any, name: str) -> Any:
    """Return a field that Stripe may leave out, for which its library raises AttributeError, or None."""
    return getattr(stripe_object, name, None)


CARD_BRANDS = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners Club",
    "eftpos_au": "eftpos",
    "jcb": "JCB",
    "link": "Link",
    "unionpay": "UnionPay",
    "unknown": "Card",
}


def _card_label(charge: "stripe.Charge") -> str:
    card = _field(_field(charge, "payment_method_details"), "card")
    return f"{card_brand(_field(card, 'brand') or '')} ending in {_field(card, 'last4')}" if card else ""


def card_brand(code: str) -> str:
    """Return the name of a brand of cards: `Visa` for Stripe's code `visa`."""
    return CARD_BRANDS.get(code) or code.replace("_", " ").title() or "Card"


def create_refund(intent_id: str, amount_minor: int, key: str, metadata: dict[str, str]) -> RefundState:
    """Refund an amount in minor units of a payment; calling again with the same key returns the same refund."""
    parameters: RefundCreateParams = {"payment_intent": intent_id, "amount": amount_minor, "metadata": metadata}
    refund = _call(
        "create refund",
        lambda: _client().v1.refunds.create(parameters, {"idempotency_key": key}),
        has_key=True,
    )
    return _refund_state(refund)


def find_refund(intent_id: str, key: str) -> RefundState | None:
    """Return the payment's refund with this key in its metadata, or None if Stripe has none."""
    refunds = _call("list refunds", lambda: _client().v1.refunds.list({"payment_intent": intent_id, "limit": 100}))
    for refund in refunds.data:
        if _field(_field(refund, "metadata"), "refund") == key:
            return _refund_state(refund)
    return None


def retrieve_refund(refund_id: str) -> RefundState:
    """Return the refund's current state at Stripe."""
    return _refund_state(_call("retrieve refund", lambda: _client().v1.refunds.retrieve(refund_id)))


def _refund_state(refund: "stripe.Refund") -> RefundState:
    return RefundState(refund.id, refund.status or "", refund.amount, _field(refund, "failure_reason") or "")


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


def is_live() -> bool:
    """Return whether the API key moves real money."""
    return settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))
