from orders.models.cart import Cart, CartLine
from orders.models.fulfillment import Fulfillment, FulfillmentLine
from orders.models.order import Order, OrderEvent, OrderLine
from orders.models.shipping import ShippingMethod
from orders.models.tax import TaxRate

__all__ = [
    "Cart",
    "CartLine",
    "Fulfillment",
    "FulfillmentLine",
    "Order",
    "OrderEvent",
    "OrderLine",
    "ShippingMethod",
    "TaxRate",
]
