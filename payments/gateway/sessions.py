"""Checkout Sessions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from payments.errors import GatewayDown, GatewayRefused
from payments.gateway.calls import PAGE_SIZE, call, client, field, seconds
from payments.gateway.cards import capture_deadline, method_label

if TYPE_CHECKING:
    import stripe
    from stripe.params.checkout import SessionCreateParams, SessionListParams

# A session is created within a minute of its payment, because Stripe requires 30 of its 31 minutes to be left. The other
# four minutes allow for clocks that differ.
SEARCH_WINDOW = timedelta(minutes=5)
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
    amount_minor: int = 0  # of the payment intent
    is_manual: bool = False  # whether the amount is held first and captured later
    capture_before: datetime | None = None
    cancel_reason: str = ""
    risk_level: str = ""
    risk_score: int | None = None
    client_secret: str = ""

    @property
    def is_paid(self) -> bool:
        return self.intent_status == "succeeded" and (self.payment_status == "paid" or self.is_manual)

    @property
    def is_held(self) -> bool:
        """Whether the customer's bank holds the amount until it is captured."""
        return self.intent_status == "requires_capture"


def session_parameters(  # noqa: PLR0913  (each is part of the session)
    *,
    name: str,
    email: str,
    amount_minor: int,
    currency: str,
    expires_at: int,
    urls: tuple[str, str],
    metadata: dict[str, str],
    is_manual: bool = False,
    is_in_page: bool = False,
    customer_id: str = "",
) -> dict[str, Any]:
    """Return the parameters of a Checkout Session, on Stripe's page or in a page of the shop.

    With `is_manual`, the amount is only held until it is captured. A customer can pay with cards saved at Stripe, and
    save one there. The session has one line item with the whole total, because Stripe does not allow negative line items
    for discounts.
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
        "client_reference_id": metadata["order"],
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "description": name},
        "expires_at": expires_at,
    }
    if is_manual:
        parameters["payment_intent_data"]["capture_method"] = "manual"
    if is_in_page:
        parameters |= {"ui_mode": "embedded_page", "return_url": success_url}
    else:
        parameters |= {"success_url": success_url, "cancel_url": cancel_url}
    if customer_id:
        parameters |= {"customer": customer_id, "saved_payment_method_options": {"payment_method_save": "enabled"}}
    else:
        parameters["customer_email"] = email
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
    session = call(
        "create session",
        lambda: client().v1.checkout.sessions.create(ordered, {"idempotency_key": key}),
        has_key=True,
    )
    return _session_state(session)


def retrieve_session(session_id: str) -> SessionState:
    """Return the session's current state at Stripe."""
    session = call(
        "retrieve session",
        lambda: client().v1.checkout.sessions.retrieve(session_id, {"expand": ["payment_intent.latest_charge"]}),
    )
    return _session_state(session)


def find_sessions(payment_key: str, made_at: datetime) -> list[SessionState]:
    """Return every session with this payment key in its metadata, created around that moment; newest first."""
    bounds = {"gte": seconds(made_at - SEARCH_WINDOW), "lte": seconds(made_at + SEARCH_WINDOW)}
    sessions: list[SessionState] = []
    after: SessionListParams = {}
    for _page in range(MAX_SEARCH_PAGES):
        query: SessionListParams = {"created": cast(Any, bounds), "limit": PAGE_SIZE, **after}
        page = call("list sessions", partial(client().v1.checkout.sessions.list, query))
        sessions += [
            _session_state(session)
            for session in page.data
            if field(field(session, "metadata"), "payment") == payment_key
        ]
        if not page.has_more or not page.data:
            return sessions
        after = {"starting_after": page.data[-1].id}
    raise GatewayDown("list sessions")


def find_sessions_of(intent_id: str) -> list[str]:
    """Return the ids of the sessions that a payment intent belongs to; one, or none if it was made without a session."""
    query: SessionListParams = {"payment_intent": intent_id}
    page = call("list sessions", lambda: client().v1.checkout.sessions.list(query))
    return [session.id for session in page.data]


def expire_session(session_id: str) -> SessionState:
    """Expire the session, so that nobody can pay it; return it unchanged if it was already paid or expired."""
    try:
        session = call("expire session", lambda: client().v1.checkout.sessions.expire(session_id))
    except GatewayRefused:
        return retrieve_session(session_id)
    return _session_state(session)


def _session_state(session: "stripe.checkout.Session") -> SessionState:
    import stripe

    intent = field(session, "payment_intent")
    expanded = intent if isinstance(intent, stripe.PaymentIntent) else None
    charge = field(expanded, "latest_charge")
    last_error = field(expanded, "last_payment_error")
    outcome = field(charge, "outcome")
    return SessionState(
        session_id=session.id,
        url=field(session, "url") or "",
        status=field(session, "status") or "",
        payment_status=session.payment_status,
        intent_id=expanded.id if expanded else str(intent or ""),
        intent_status=expanded.status if expanded else "",
        received_minor=field(expanded, "amount_received") or 0,
        currency=(session.currency or "").upper(),
        charge_id=charge.id if isinstance(charge, stripe.Charge) else "",
        card=method_label(charge) if isinstance(charge, stripe.Charge) else "",
        last_error=str(field(last_error, "message") or field(last_error, "code") or "")[:300],
        amount_minor=field(expanded, "amount") or 0,
        is_manual=field(expanded, "capture_method") == "manual",
        capture_before=capture_deadline(charge),
        cancel_reason=str(field(expanded, "cancellation_reason") or ""),
        risk_level=str(field(outcome, "risk_level") or ""),
        risk_score=field(outcome, "risk_score"),
        client_secret=field(session, "client_secret") or "",
    )
