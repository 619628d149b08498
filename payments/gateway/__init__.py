"""Calls to Stripe's API, and verification of its webhooks. The only package that imports stripe."""

from payments.gateway.calls import is_live
from payments.gateway.cards import card_brand
from payments.gateway.refunds import RefundState, create_refund, find_refund, retrieve_refund
from payments.gateway.sessions import (
    SessionState,
    create_session,
    expire_session,
    find_sessions,
    retrieve_session,
    session_parameters,
)
from payments.gateway.webhooks import verify_event

__all__ = [
    "RefundState",
    "SessionState",
    "card_brand",
    "create_refund",
    "create_session",
    "expire_session",
    "find_refund",
    "find_sessions",
    "is_live",
    "retrieve_refund",
    "retrieve_session",
    "session_parameters",
    "verify_event",
]
