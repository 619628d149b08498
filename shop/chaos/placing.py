"""Place orders without a browser, and begin to pay them."""

from catalog.models import Variant
from orders.cart import add_units
from orders.cart.contents import price_cart
from orders.checkout import Seen, Submission, place_order
from orders.customers import Buyer
from orders.models import Cart, ShippingMethod
from payments.sessions import start_payment


def place_many(count: int) -> list[str]:
    """Place `count` orders of one product each, and return the URLs of the pages where they are paid."""
    shipping = _shipping_code()
    variants = list(Variant.objects.order_by("pk").values_list("pk", flat=True)[:20])
    urls = []
    for number in range(count):
        cart = Cart.objects.create(currency="EUR")
        add_units(cart, variants[number % len(variants)], 1, most=None, seen_minor=None, is_clamped=False)
        address = {"name": "Anna Peeters", "line1": "Kraanlei 12", "postcode": "10115", "city": "Berlin"}
        submission = Submission(email=f"{cart.pk.hex}@example.com", country="DE", shipping_code=shipping, **address)
        contents = price_cart(Cart.objects.get(pk=cart.pk), submission.buyer(None), shipping_code=shipping)
        seen = Seen(contents.mark, contents.totals.total_minor, contents.due_minor)
        urls.append(start_payment(place_order(cart.pk, submission, seen=seen).pk).session_url)
    return urls


def _shipping_code() -> str:
    """A way of delivery to Germany."""
    buyer = Buyer("DE", "10115")
    for method in ShippingMethod.objects.filter(kind=ShippingMethod.Kind.DELIVERY).order_by("position", "pk"):
        if method.is_active and any("DE" in rate.zone.countries for rate in method.rates.select_related("zone")):
            return method.code
    raise LookupError(f"nothing is delivered to {buyer.country}")
