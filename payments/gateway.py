"""The only file that speaks to Stripe."""

import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, TypeVar, cast

import stripe
from django.conf import settings
from stripe.params import RefundCreateParams
from stripe.params.checkout import SessionCreateParams, SessionListParams

from payments.errors import BadSignature, ForeignEvent, GatewayDown, GatewayRefused, KeySpent, NotAnEvent

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

TRIES = 3
BUDGET_SECONDS = 9.0  # for one call with all its tries, so that a page stays below ten
TRY_SECONDS = (1.5, 3.0)  # to connect, to answer
SIGNATURE_TOLERANCE = 300  # seconds, both ways
# Not Stripe's considered no: a wrong or rotated key, a busy key, too many calls. The same call may go better later.
NO_ANSWER = {401, 403, 409, 429}
# A session is made within a minute of its payment, since Stripe wants it to live for 30 of its 31; the rest is for clocks.
SEARCH_WINDOW = timedelta(minutes=5)
PAGE_SIZE = 100  # the most that Stripe lists at once
MAX_SEARCH_PAGES = 50


@dataclass(frozen=True)
class SessionState:
    """What Stripe says of a Checkout Session now. Amounts in minor units."""

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
    """What Stripe says of a refund now."""

    refund_id: str
    status: str
    amount_minor: int
    failure: str


@cache
def _client() -> stripe.StripeClient:
    base = settings.STRIPE_API_BASE
    return stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        base_addresses={"api": base.rstrip("/")} if base else None,
        http_client=stripe.RequestsClient(timeout=TRY_SECONDS),
        max_network_retries=0,  # our own loop keeps to a budget
    )


def _call(what: str, operation: Callable[[], Answer], *, has_key: bool = False) -> Answer:
    """Run one call with bounded tries; raises GatewayRefused for a no and GatewayDown when the outcome is unknown.

    Of the latter, a call with an idempotency key raises KeySpent where Stripe will repeat its failure for the key.
    """
    deadline = time.monotonic() + BUDGET_SECONDS
    for attempt in range(1, TRIES + 1):
        try:
            return operation()
        except stripe.StripeError as error:
            if _is_final(error):
                log.warning("Stripe refused %s: %s", what, error.user_message or error)
                raise GatewayRefused(
                    str(error.code or type(error).__name__), str(error.user_message or error)
                ) from error
            log.warning("Stripe did not do %s (try %s): %s", what, attempt, error)
            pause = 0.2 * 2**attempt * random.uniform(0.5, 1)  # noqa: S311  (jitter, not a secret)
            is_last = attempt == TRIES or time.monotonic() + pause + sum(TRY_SECONDS) > deadline
            if is_last or _is_replayed(error) or isinstance(error, stripe.IdempotencyError):
                raise (_unknown(what, error) if has_key else GatewayDown(what)) from error
            time.sleep(pause)
        except (ValueError, AttributeError, TypeError) as error:
            # HTML or half a JSON with status 200: whether it was done is unknown.
            raise GatewayDown(what) from error
    raise GatewayDown(what)


def _is_final(error: stripe.StripeError) -> bool:
    if isinstance(error, stripe.APIConnectionError | stripe.IdempotencyError) or error.http_status is None:
        return False
    return 400 <= error.http_status < 500 and error.http_status not in NO_ANSWER


def _is_replayed(error: stripe.StripeError) -> bool:
    """Stripe repeats the stored answer to an earlier request with the same key."""
    headers = {name.lower(): value for name, value in dict(error.headers or {}).items()}
    return headers.get("idempotent-replayed") == "true"


def _unknown(what: str, error: stripe.StripeError) -> GatewayDown:
    """KeySpent where Stripe itself answered with a failure, which it stores; GatewayDown where nothing is known."""
    is_other_use = isinstance(error, stripe.IdempotencyError)  # the key was used with other parameters
    body = error.json_body
    is_failure = (error.http_status or 0) >= 500 and isinstance(body, dict) and "error" in body
    if is_other_use or is_failure:
        return KeySpent(what, is_replayed=is_other_use or _is_replayed(error))
    return GatewayDown(what)


def session_parameters(
    *,
    name: str,
    email: str,
    amount_minor: int,
    currency: str,
    expires_at: int,
    urls: tuple[str, str],
    marks: dict[str, str],
) -> dict[str, Any]:
    """What is sent to make a Checkout Session: one line item with the whole total, since discounts cannot be negative items."""
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
        "client_reference_id": marks["order"],
        "metadata": marks,
        "payment_intent_data": {"metadata": marks, "description": name},
        "success_url": success_url,
        "cancel_url": cancel_url,
        "expires_at": expires_at,
    }
    return cast(dict[str, Any], parameters)


def _in_one_order(value: Any) -> Any:
    """Sort the keys, so that equal parameters give equal bytes; the database does not keep their order."""
    if isinstance(value, dict):
        return {name: _in_one_order(value[name]) for name in sorted(value)}
    return [_in_one_order(entry) for entry in value] if isinstance(value, list) else value


def create_session(parameters: Mapping[str, Any], key: str) -> SessionState:
    """Make the Checkout Session of these parameters; the same key again returns the same one.

    Raises KeySpent where this key will never be answered with a session.
    """
    ordered = cast(SessionCreateParams, _in_one_order(dict(parameters)))
    session = _call(
        "create session",
        lambda: _client().v1.checkout.sessions.create(ordered, {"idempotency_key": key}),
        has_key=True,
    )
    return _session_state(session)


def retrieve_session(session_id: str) -> SessionState:
    session = _call(
        "retrieve session",
        lambda: _client().v1.checkout.sessions.retrieve(session_id, {"expand": ["payment_intent.latest_charge"]}),
    )
    return _session_state(session)


def find_sessions(payment_key: str, made_at: datetime) -> list[SessionState]:
    """Every session that carries the mark of this payment, which was begun at that moment; newest first."""
    bounds = {"gte": _seconds(made_at - SEARCH_WINDOW), "lte": _seconds(made_at + SEARCH_WINDOW)}
    found: list[SessionState] = []
    after: SessionListParams = {}
    for _page in range(MAX_SEARCH_PAGES):
        query: SessionListParams = {"created": cast(Any, bounds), "limit": PAGE_SIZE, **after}
        page = _call("list sessions", partial(_client().v1.checkout.sessions.list, query))
        found += [
            _session_state(session)
            for session in page.data
            if _field(_field(session, "metadata"), "payment") == payment_key
        ]
        if not page.has_more or not page.data:
            return found
        after = {"starting_after": page.data[-1].id}
    raise GatewayDown("list sessions")


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def expire_session(session_id: str) -> SessionState:
    """Nobody can pay this session any more; one that was paid or had expired already is returned as it is."""
    try:
        session = _call("expire session", lambda: _client().v1.checkout.sessions.expire(session_id))
    except GatewayRefused:
        return retrieve_session(session_id)
    return _session_state(session)


def _session_state(session: stripe.checkout.Session) -> SessionState:
    intent = _field(session, "payment_intent")
    known = intent if isinstance(intent, stripe.PaymentIntent) else None
    charge = _field(known, "latest_charge")
    trouble = _field(known, "last_payment_error")
    return SessionState(
        session_id=session.id,
        url=_field(session, "url") or "",
        status=_field(session, "status") or "",
        payment_status=session.payment_status,
        intent_id=known.id if known else str(intent or ""),
        intent_status=known.status if known else "",
        received_minor=_field(known, "amount_received") or 0,
        currency=(session.currency or "").upper(),
        charge_id=charge.id if isinstance(charge, stripe.Charge) else "",
        card=_card_words(charge) if isinstance(charge, stripe.Charge) else "",
        last_error=str(_field(trouble, "message") or _field(trouble, "code") or "")[:300],
    )


def _field(thing: Any, name: str) -> Any:
    """A field that Stripe may leave out: the library raises for those."""
    return getattr(thing, name, None)


def _card_words(charge: stripe.Charge) -> str:
    card = _field(_field(charge, "payment_method_details"), "card")
    return f"{_field(card, 'brand') or 'card'} ending in {_field(card, 'last4')}" if card else ""


def create_refund(intent_id: str, amount_minor: int, key: str, marks: dict[str, str]) -> RefundState:
    """Give back this much of a payment; the same key again returns the same refund."""
    parameters: RefundCreateParams = {"payment_intent": intent_id, "amount": amount_minor, "metadata": marks}
    refund = _call(
        "create refund",
        lambda: _client().v1.refunds.create(parameters, {"idempotency_key": key}),
        has_key=True,
    )
    return _refund_state(refund)


def find_refund(intent_id: str, key: str) -> RefundState | None:
    """Our refund of this key among those of the payment, if Stripe has it."""
    found = _call("list refunds", lambda: _client().v1.refunds.list({"payment_intent": intent_id, "limit": 100}))
    for refund in found.data:
        if _field(_field(refund, "metadata"), "refund") == key:
            return _refund_state(refund)
    return None


def retrieve_refund(refund_id: str) -> RefundState:
    return _refund_state(_call("retrieve refund", lambda: _client().v1.refunds.retrieve(refund_id)))


def _refund_state(refund: stripe.Refund) -> RefundState:
    return RefundState(refund.id, refund.status or "", refund.amount, _field(refund, "failure_reason") or "")


def verify_event(body: bytes, signature: str) -> dict[str, Any]:
    """Return the event that Stripe signed with one of our secrets, in the mode of our key.

    Raises BadSignature for anything unsigned, older or newer than five minutes, NotAnEvent for signed bytes that are
    no JSON object or that no text can hold, and ForeignEvent for what Stripe means and we have no use for: it would be
    sent again for days if it were refused.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise BadSignature("not UTF-8") from error
    _check_signature(text, signature)
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


def _check_signature(text: str, signature: str) -> None:
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        try:
            stripe.WebhookSignature.verify_header(text, signature, secret, SIGNATURE_TOLERANCE)
        except (stripe.SignatureVerificationError, ValueError):
            continue
        _refuse_future(signature)
        return
    raise BadSignature("no signature of ours")


def _refuse_future(signature: str) -> None:
    """Stripe's library looks only for old ones."""
    stamps = [part[2:] for part in signature.split(",") if part.startswith("t=")]
    if stamps and int(stamps[0]) > time.time() + SIGNATURE_TOLERANCE:
        raise BadSignature("signed in the future")


def is_live() -> bool:
    """Our key moves real money."""
    return settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))
