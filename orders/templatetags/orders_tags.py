"""Template tags and filters for orders and delivery."""

from babel import Locale
from django import template
from django.template import Context
from django.utils.safestring import SafeString

from catalog.markets import current_market
from catalog.models import Page
from catalog.products.page import ProductPage
from orders import summary
from orders.cart.contents import CartContents
from orders.cart.gift_form import GiftCardForm
from orders.delivery.options import delivery_days
from orders.delivery.product_page import DeliveryTerms, delivery_terms, usual_delivery_terms
from orders.models import CartLine, Order, ShippingMethod
from orders.page_text import page_html
from orders.summary import SumRow

register = template.Library()


@register.filter
def country_name(code: str) -> str:
    """Return the name of a country in the language of the current market."""
    return Locale.parse(current_market().language.replace("-", "_")).territories.get(code, code)


@register.filter
def arrival(order: Order) -> str:
    """Return the order's arrival dates, like `Thu 4 – Fri 5 June`, or a sentence that they are not known yet."""
    return delivery_days(order.arrives_from, order.arrives_until)


@register.filter
def pickup_place(order: Order) -> str:
    """Return the pick-up address of the order's shipping method."""
    addresses = ShippingMethod.objects.filter(code=order.shipping_code).values_list("pickup_address", flat=True)
    return addresses.first() or ""


@register.inclusion_tag("orders/gift_fields.html")
def gift_fields(form: GiftCardForm | None) -> dict:
    """Render the gift detail fields: an invalid form as submitted, otherwise empty."""
    return {"form": form or GiftCardForm()}


@register.simple_tag
def gift_note(line_id: int) -> str:
    """Return a sentence about the recipient of this cart line's gift card."""
    line = CartLine.objects.filter(pk=line_id).first()
    return line.gift_note if line else ""


@register.inclusion_tag("includes/sum.html")
def order_sum(order: Order) -> dict[str, list[SumRow]]:
    """The rows that add up to the total of an order."""
    return {"rows": summary.order_sum(order)}


@register.inclusion_tag("includes/sum.html")
def cart_sum(contents: CartContents, delivery_note: str = "") -> dict[str, list[SumRow]]:
    """The rows that add up to the total of a cart, with the note beside the delivery."""
    return {"rows": summary.cart_sum(contents, delivery_note)}


@register.inclusion_tag("includes/shop_promise.html", takes_context=True)
def delivery_promise(context: Context) -> dict[str, DeliveryTerms]:
    """Render the shop's general delivery and return information."""
    return {"delivery": usual_delivery_terms(current_market(), context["store"])}


@register.simple_tag(takes_context=True, name="delivery_terms")
def delivery_terms_of(context: Context, shown: ProductPage) -> DeliveryTerms:
    """Return delivery and return information for the shown variant."""
    return delivery_terms(shown, current_market(), context["store"])


@register.simple_tag(takes_context=True)
def page_text(context: Context, page: Page) -> SafeString:
    """Return the HTML of a help or legal page, with placeholders replaced by the shop's details."""
    return page_html(page, current_market(), context["store"])
