"""Calls to Stripe's API, and verification of its webhooks. The only package that imports stripe."""

from payments.gateway.balance import BalanceEntry, list_balance
from payments.gateway.calls import is_live
from payments.gateway.cards import card_brand
from payments.gateway.customers import (
    SavedMethod,
    create_customer,
    delete_customer,
    detach_method,
    list_saved_methods,
    retrieve_saved_method,
)
from payments.gateway.disputes import DisputeState, MoneyMove, retrieve_dispute, submit_evidence
from payments.gateway.intents import HeldAmount, cancel_intent, capture_intent, list_held
from payments.gateway.payouts import PayoutState, list_payouts, retrieve_payout
from payments.gateway.refunds import RefundState, create_refund, find_refund, retrieve_refund
from payments.gateway.sessions import (
    SessionState,
    create_session,
    expire_session,
    find_sessions,
    find_sessions_of,
    retrieve_session,
    session_parameters,
)
from payments.gateway.webhooks import verify_event

__all__ = [
    "BalanceEntry",
    "PayoutState",
    "DisputeState",
    "HeldAmount",
    "MoneyMove",
    "RefundState",
    "SavedMethod",
    "SessionState",
    "cancel_intent",
    "capture_intent",
    "card_brand",
    "create_customer",
    "create_refund",
    "create_session",
    "delete_customer",
    "detach_method",
    "expire_session",
    "find_refund",
    "find_sessions",
    "find_sessions_of",
    "is_live",
    "list_balance",
    "list_held",
    "list_payouts",
    "list_saved_methods",
    "retrieve_payout",
    "retrieve_dispute",
    "retrieve_refund",
    "retrieve_saved_method",
    "retrieve_session",
    "session_parameters",
    "submit_evidence",
    "verify_event",
]
