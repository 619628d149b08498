"""A shop that charges when it ships, and an order that is authorized in it."""

from catalog.models import Capture, Store
from orders.fulfillment import NewFulfillment
from orders.models import Order
from payments.capturing import (
    carry_out,
    request_capture,
)
from payments.models import AuthorizationRequest, Payment, Posting
from payments.sessions import start_payment
from payments.settlement import settle
from tests.factories import (
    make_cart,
    make_shipping,
    make_tax,
    make_variant,
    place,
)
from tests.stripe_desk import StripeDesk

MUG, LAMP, DELIVERY = 1000, 5000, 490
TOTAL = 2 * MUG + LAMP + DELIVERY


def charge_on_shipping() -> Store:
    """Let the shop charge when it ships."""
    fields = {"capture": Capture.ON_SHIPPING, "contact_email": "shop@example.com"}
    return Store.objects.update_or_create(pk=1, defaults=fields)[0]


def mugs_and_lamp() -> Order:
    """An unpaid order of two mugs of 10.00 and a lamp of 50.00, with 4.90 for delivery and 19 % VAT in all of it."""
    make_shipping(free_from_minor=None)
    make_tax()
    cart = make_cart(make_variant(MUG, title="Mug"), quantity=2)
    cart.lines.create(variant_id=make_variant(LAMP, title="Lamp").pk, quantity=1)
    return place(cart)


def authorized(order: Order, stripe_desk: StripeDesk) -> Order:
    """The order, after its customer has paid."""
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    order.refresh_from_db()
    return order


def payment_of(order: Order) -> Payment:
    return order.payments.get(method="stripe")


def parcel_of(order: Order, **quantities: int) -> NewFulfillment:
    """A parcel of everything, or of these quantities by title."""
    lines = {line.pk: quantities.get(line.title, 0 if quantities else line.open_quantity) for line in order.lines.all()}
    return NewFulfillment(lines, carrier="DHL")


def ship_charged(order: Order, parcel: NewFulfillment, **choices) -> AuthorizationRequest:
    return carry_out(request_capture(order, parcel, **choices).pk)


def postings(order: Order, kind: str) -> dict[str, int]:
    rows = Posting.objects.filter(journal__order=order, journal__kind=kind)
    return {row.account: row.amount_minor for row in rows}
