from payments.admin.balance import BalanceTransactionAdmin, PayoutAdmin
from payments.admin.dispute_page import DisputeAdmin
from payments.admin.gift_cards import GiftCardAdmin
from payments.admin.offline_methods import OfflineMethodAdmin
from payments.admin.payments import JournalAdmin, PaymentAdmin, RefundAdmin, StripeEventAdmin
from payments.admin.refund_requests import RefundLimitAdmin, RefundRequestAdmin

__all__ = [
    "BalanceTransactionAdmin",
    "DisputeAdmin",
    "GiftCardAdmin",
    "JournalAdmin",
    "OfflineMethodAdmin",
    "PaymentAdmin",
    "PayoutAdmin",
    "RefundAdmin",
    "RefundLimitAdmin",
    "RefundRequestAdmin",
    "StripeEventAdmin",
]
