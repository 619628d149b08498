"""Stripe's side of the money model in a few lines: sessions, holds, refunds, disputes and payouts by their id."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.utils import timezone

from payments.errors import GatewayRefused
from payments.gateway import BalanceEntry, DisputeState, PayoutState, RefundState, SessionState
from payments.gateway.disputes import MoneyMove
from payments.models import Payment

FEE_PERCENT = 3
# The calls of payments.gateway that a Desk answers.
CALLS = ("create_session", "find_sessions", "retrieve_session", "expire_session", "capture_intent", "cancel_intent")
CALLS += ("create_refund", "find_refund", "retrieve_refund", "retrieve_dispute", "list_balance")


@dataclass
class Desk:
    """What Stripe would know and answer."""

    sessions: dict[str, SessionState] = field(default_factory=dict)
    refunds: dict[str, tuple[str, RefundState]] = field(default_factory=dict)
    disputes: dict[str, DisputeState] = field(default_factory=dict)
    entries: dict[str, BalanceEntry] = field(default_factory=dict)
    payouts: dict[str, list[BalanceEntry]] = field(default_factory=dict)

    # -- payments ------------------------------------------------------------------------------------

    def create_session(self, parameters: Any, key: str) -> SessionState:
        amount = parameters["line_items"][0]["price_data"]["unit_amount"]
        is_manual = parameters["payment_intent_data"].get("capture_method") == "manual"
        new = SessionState(
            f"cs_{key}", f"/{key}", "open", "unpaid", "", "", 0 if is_manual else amount, "EUR", "", "", ""
        )
        new = replace(new, amount_minor=amount, is_manual=is_manual)
        return self.sessions.setdefault(new.session_id, new)

    def find_sessions(self, payment_key: str, _made_at: Any) -> list[SessionState]:
        return [state for state in self.sessions.values() if state.session_id.startswith(f"cs_{payment_key}")]

    def retrieve_session(self, session_id: str) -> SessionState:
        return self.sessions[session_id]

    def expire_session(self, session_id: str) -> SessionState:
        if self.sessions[session_id].status == "open":
            self.sessions[session_id] = replace(self.sessions[session_id], status="expired")
        return self.sessions[session_id]

    def pay(self, session_id: str) -> None:
        session = self.sessions[session_id]
        if session.status == "complete":
            return
        paid = {"status": "complete", "intent_id": f"pi_{session_id}", "charge_id": f"ch_{session_id}", "card": "visa"}
        if session.is_manual:
            paid |= {"intent_status": "requires_capture"}
        else:
            paid |= {"payment_status": "paid", "intent_status": "succeeded"}
        until = timezone.now() + timedelta(days=7) if session.is_manual else None
        self.sessions[session_id] = replace(session, **paid, capture_before=until)

    # -- holds ---------------------------------------------------------------------------------------

    def capture_intent(self, intent_id: str, amount_minor: int, _key: str) -> str:
        self._end_hold(intent_id, intent_status="succeeded", received_minor=amount_minor)
        return "succeeded"

    def cancel_intent(self, intent_id: str, _key: str) -> str:
        self._end_hold(intent_id, intent_status="canceled", cancel_reason="requested_by_customer")
        return "canceled"

    def let_hold_expire(self, intent_id: str) -> None:
        self._end_hold(intent_id, intent_status="canceled", cancel_reason="automatic")

    def _end_hold(self, intent_id: str, **changes: Any) -> None:
        session = self.sessions[intent_id.removeprefix("pi_")]
        if session.intent_status != "requires_capture":
            raise GatewayRefused("payment_intent_unexpected_state", "The amount is not held any more.")
        self.sessions[session.session_id] = replace(session, **changes)

    # -- refunds -------------------------------------------------------------------------------------

    def create_refund(self, intent_id: str, amount_minor: int, key: str, _marks: Any) -> RefundState:
        made = RefundState(f"re_{key}", "succeeded", amount_minor, "")
        return self.refunds.setdefault(key, (intent_id, made))[1]

    def find_refund(self, _intent_id: str, key: str) -> RefundState | None:
        return self.refunds[key][1] if key in self.refunds else None

    def fail_refund(self, refund_id: str) -> RefundState:
        key = refund_id.removeprefix("re_")
        intent_id, state = self.refunds[key]
        self.refunds[key] = (intent_id, replace(state, status="failed", failure="lost_or_stolen_card"))
        return self.refunds[key][1]

    def retrieve_refund(self, refund_id: str) -> RefundState:
        return self.refunds[refund_id.removeprefix("re_")][1]

    # -- disputes ------------------------------------------------------------------------------------

    def dispute(self, payment: Payment, amount_minor: int) -> DisputeState:
        name = f"du_{len(self.disputes)}"
        self.disputes[name] = DisputeState(
            dispute_id=name,
            intent_id=payment.payment_intent_id or "",
            charge_id=payment.charge_id,
            status="needs_response",
            reason="fraudulent",
            amount_minor=amount_minor,
            currency="EUR",
            opened_at=timezone.now(),
            answer_by=timezone.now() + timedelta(days=9),
            has_answer=False,
            moves=(MoneyMove(f"txn_{name}", -amount_minor),),
        )
        return self.disputes[name]

    def decide(self, name: str, status: str) -> DisputeState:
        dispute = self.disputes[name]
        if dispute.status == "needs_response":
            back = (MoneyMove(f"txn_{name}_back", dispute.amount_minor),) if status == "won" else ()
            self.disputes[name] = replace(dispute, status=status, moves=dispute.moves + back)
        return self.disputes[name]

    def retrieve_dispute(self, dispute_id: str) -> DisputeState:
        return self.disputes[dispute_id]

    # -- balance -------------------------------------------------------------------------------------

    def movement_of(self, payment: Payment) -> BalanceEntry:
        """What a captured payment moved, less its fee."""
        fee = payment.captured_minor * FEE_PERCENT // 100
        now = timezone.now()
        made = BalanceEntry(
            transaction_id=f"txn_{payment.charge_id}",
            type="charge",
            amount_minor=payment.captured_minor,
            fee_minor=fee,
            net_minor=payment.captured_minor - fee,
            currency="EUR",
            created_at=now,
            available_on=now,
            source_id=payment.charge_id,
            intent_id=payment.payment_intent_id or "",
            charge_id=payment.charge_id,
            payment_key=str(payment.key),
            refund_key="",
            refund=None,
        )
        return self.entries.setdefault(made.transaction_id, made)

    def pay_out(self) -> PayoutState:
        """Pay out every movement that no payout holds."""
        paid = {entry.transaction_id for parts in self.payouts.values() for entry in parts}
        parts = [entry for name, entry in self.entries.items() if name not in paid]
        name, now = f"po_{len(self.payouts)}", timezone.now()
        self.payouts[name] = parts
        net = sum(entry.net_minor for entry in parts)
        return PayoutState(name, "paid", net, "EUR", now, now.date(), "", has_transactions=True)

    def list_balance(self, *, payout_id: str = "", **_filters: Any) -> Iterator[BalanceEntry]:
        return iter(self.payouts.get(payout_id, []))
