"""What happens by itself when its time has come, by the sandbox's clock."""

from collections.abc import Callable

from payments.sandbox import disputes, intents, paying, payouts, refunds, sessions
from payments.sandbox.backend import Backend

ACTIONS: dict[str, Callable[[Backend, str], None]] = {
    "expire_session": sessions.expire_if_open,
    "expire_authorization": intents.expire_authorization,
    "settle_debit": paying.settle_debit,
    "finish_refund": refunds.finish_refund,
    "fail_refund": refunds.fail_refund,
    "dispute_unanswered": disputes.lose_dispute,
    "win_dispute": disputes.win_dispute,
    "lose_dispute": disputes.lose_dispute,
    "escalate_dispute": disputes.escalate_dispute,
    "pay_payout": payouts.pay_payout,
    "daily_payout": payouts.make_daily_payouts,
}


def run_due(backend: Backend) -> None:
    """Do everything that is due, in its order and as of its moment."""
    while backend.store.has_due_timer():
        with backend.store.transaction():
            timer = backend.store.take_timer()
            if not timer:
                return
            due, action, subject = timer
            with backend.store.at(due):
                ACTIONS[action](backend, subject)
