"""Moments at which a process can die while money moves: right after a function has returned, by its dotted name.

The function is replaced in the dying process only, so the shop's own code has no hooks.
"""

import contextlib
import os
import signal
from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any

from django.db import connections

# By what the process was doing. A name says where the function is called, because it is replaced there.
CRASH_POINTS: dict[str, tuple[str, ...]] = {
    "place": (
        "orders.checkout.placing._write_order",
        "orders.checkout.placing._mark_ordered",
        "orders.checkout.placing.take_uses",
        "orders.checkout.placing.redeem",
        "orders.checkout.placing.reserve",
        "tests.reliability.flows.place_order",
    ),
    "begin to pay": (
        "payments.sessions._new_payment",
        "payments.sessions._open_payment",
        "payments.gateway.create_session",
        "payments.sessions.record_session",
    ),
    "settle": (
        "payments.gateway.retrieve_session",
        "payments.settlement.lock_payment",
        "payments.settlement.move",
        "payments.ledger.book_capture",
        "payments.settlement.confirm",
        "payments.ledger.book_sale",
        "payments.settlement.capture_gift_cards",
        "payments.settlement.take_over",
    ),
    "hear a webhook": (
        "payments.inbox.receive",
        "payments.inbox._claim",
        "payments.inbox.handle",
    ),
    "pay too late": (
        "payments.settlement.confirm_late",
        "payments.settlement.request_refund",
        "payments.settlement.send_late_refund",
    ),
    "expire": (
        "payments.gateway.expire_session",
        "payments.cancellation.take_over",
        "orders.lifecycle.cancel",
    ),
    "cancel": (
        "orders.lifecycle.cancel_keeping_stock",
        "payments.ledger.book_cancel",
        "payments.cancellation.request_refund",
        "payments.cancellation.send_canceled",
        "orders.lifecycle.release_stock",
    ),
    "refund": (
        "payments.refund_requests.take",
        "payments.ledger.book_reversal",
        "payments.refund_requests.request_refund",
        "payments.refund_requests.mail_when_done",
        "payments.refund_requests.carry_out_reversal",
    ),
    "pay a refund out": (
        "payments.refunds._schedule_next_try",
        "payments.gateway.create_refund",
        "payments.gateway.retrieve_refund",
        "payments.refunds._set_status",
        "payments.ledger.book_refund",
        "payments.refunds.take_over_refund",
    ),
    "lose a dispute": (
        "payments.gateway.retrieve_dispute",
        "payments.ledger.book_dispute_move",
        "payments.ledger.book_dispute_lost",
        "payments.event_handlers.take_over_dispute",
    ),
    "take over the balance": (
        "payments.balance._store",
        "payments.ledger.book_fee",
        "payments.ledger.book_payout",
        "payments.balance.take_over_payout",
    ),
    "send a mail": (
        "shop.mail.outbox.claim_next",
        "shop.mail.outbox.deliver",
    ),
}


def die_after(name: str) -> None:
    """Kill this process as soon as the function with this dotted name has returned."""
    owner_name, _, attribute = name.rpartition(".")
    owner = resolve_name(owner_name)
    function = getattr(owner, attribute)

    def last_call(*arguments: Any, **options: Any) -> None:
        function(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, attribute, last_call)


def is_killed_after(name: str, work: Callable[[], object]) -> bool:
    """Do the work in a child process that dies after the function with this name; return whether that function was called."""
    connections.close_all()  # a child must not share a connection with its parent
    child = os.fork()
    if not child:
        for each in connections.all():
            each.connection = None  # one that the parent has kept open stays the parent's
        with contextlib.suppress(BaseException):
            die_after(name)
            work()
        os._exit(1)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])
