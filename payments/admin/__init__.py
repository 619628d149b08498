from payments.admin.gift_cards import GiftCardAdmin
from payments.admin.payments import JournalAdmin, PaymentAdmin, RefundAdmin, StripeEventAdmin

__all__ = ["GiftCardAdmin", "JournalAdmin", "PaymentAdmin", "RefundAdmin", "StripeEventAdmin"]
