from payments.admin.gift_cards import GiftCardAdmin
from payments.admin.payments import JournalAdmin, PaidOrderAdmin, PaymentAdmin, RefundAdmin, StripeEventAdmin

__all__ = ["GiftCardAdmin", "JournalAdmin", "PaidOrderAdmin", "PaymentAdmin", "RefundAdmin", "StripeEventAdmin"]
