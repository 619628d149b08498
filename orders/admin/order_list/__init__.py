"""The list of orders in the admin: tabs, search, filters, pages and what is done to many orders at once."""

from orders.admin.order_list.change_list import OrderChangeList
from orders.admin.states import Badge, PaymentCell, payment_readers, usual_payment

__all__ = ["Badge", "OrderChangeList", "PaymentCell", "payment_readers", "usual_payment"]
