"""The ledger: one function for each kind of journal, which is written once."""

from payments.ledger.balance import book_exchange, book_fee, book_payout, book_returned_payout, book_set_aside
from payments.ledger.charges import book_capture, book_failed_refund, book_received, book_refund, book_sent
from payments.ledger.disputes import book_dispute_lost, book_dispute_move
from payments.ledger.gift_cards import book_expiry, book_issue
from payments.ledger.sales import (
    book_assignment,
    book_cancel,
    book_goodwill,
    book_reversal,
    book_sale,
    left_to_pay,
    owed_by_shopper,
)

__all__ = [
    "book_assignment",
    "book_cancel",
    "book_capture",
    "book_dispute_lost",
    "book_dispute_move",
    "book_exchange",
    "book_expiry",
    "book_failed_refund",
    "book_fee",
    "book_goodwill",
    "book_issue",
    "book_payout",
    "book_received",
    "book_refund",
    "book_returned_payout",
    "book_reversal",
    "book_sale",
    "book_sent",
    "book_set_aside",
    "left_to_pay",
    "owed_by_shopper",
]
