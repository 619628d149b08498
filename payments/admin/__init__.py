from payments.admin.gift_cards import GiftCardAdmin
from payments.admin.money import JournalAdmin, PaidOrderAdmin, PaymentAdmin, RefundAdmin, StripeEventAdmin

__all__ = ["GiftCardAdmin", "JournalAdmin", "PaidOrderAdmin", "PaymentAdmin", "RefundAdmin", "StripeEventAdmin"]
