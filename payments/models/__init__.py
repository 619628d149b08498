from payments.models.authorization import AuthorizationRequest
from payments.models.balance import BalanceTransaction, Payout
from payments.models.customer import StripeCustomer
from payments.models.daily import BooksDay, CohortSum, DailyProduct, DailySum, DailyTax
from payments.models.dispute import Dispute
from payments.models.event import StripeEvent
from payments.models.ledger import Journal, Posting
from payments.models.offline import MoneyAccount, OfflineMethod, OfflineText, ReceivedMoney
from payments.models.payment import Payment
from payments.models.refund import Refund
from payments.models.refund_request import RefundLimit, RefundLine, RefundRequest

__all__ = [
    "AuthorizationRequest",
    "BalanceTransaction",
    "BooksDay",
    "CohortSum",
    "DailyProduct",
    "DailySum",
    "DailyTax",
    "Dispute",
    "Journal",
    "MoneyAccount",
    "OfflineMethod",
    "OfflineText",
    "Payment",
    "Payout",
    "Posting",
    "ReceivedMoney",
    "Refund",
    "RefundLimit",
    "RefundLine",
    "RefundRequest",
    "StripeCustomer",
    "StripeEvent",
]
