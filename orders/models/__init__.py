from orders.models.cart import Cart, CartLine, CheckoutDraft
from orders.models.customer import Customer
from orders.models.event import OrderEvent
from orders.models.fulfillment import Fulfillment, FulfillmentLine
from orders.models.gift_card import GiftCard, GiftCardMovement
from orders.models.order import Order
from orders.models.order_line import Disposition, OrderLine
from orders.models.order_list import OrderRun, OrderRunRow, SavedView
from orders.models.promotion import Coupon, Promotion, PromotionCustomer, PromotionTier, PromotionUse
from orders.models.rules_mark import RulesMark
from orders.models.shipping import ClosingDay, ShippingMethod, ShippingRate, ShippingZone
from orders.models.tax import TaxRate, TaxRegion

__all__ = [
    "Cart",
    "CartLine",
    "CheckoutDraft",
    "ClosingDay",
    "Coupon",
    "Customer",
    "Disposition",
    "Fulfillment",
    "FulfillmentLine",
    "GiftCard",
    "GiftCardMovement",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OrderRun",
    "OrderRunRow",
    "Promotion",
    "PromotionCustomer",
    "PromotionTier",
    "PromotionUse",
    "RulesMark",
    "SavedView",
    "ShippingMethod",
    "ShippingRate",
    "ShippingZone",
    "TaxRate",
    "TaxRegion",
]
