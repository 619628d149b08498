"""How orders are charged when they ship: what staff and customers read about it, and the verb that ships."""

from collections.abc import Iterator

from catalog.formats import day, money
from catalog.models import Store
from orders.charging import Charge, ChargePlan, Charging
from orders.errors import ReversalRefused, ShipmentRefused
from orders.fulfillment import NewFulfillment
from orders.models import Order
from payments import ledger
from payments.authorizations import authorized_payment, hold_of, open_request_of
from payments.capturing import CapturePlan, carry_out, plan_capture, request_capture
from payments.errors import CaptureRefused, GatewayDown
from payments.models import AuthorizationRequest

NO_ANSWER = (
    "Stripe did not answer, so the parcel is not recorded yet. The shop keeps asking, and records the parcel once the "
    "payment is charged. Do not hand it over before the order shows the parcel."
)


def note(order: Order) -> str:
    """Return when the customer's card will be charged, as a sentence; empty if nothing is charged later."""
    payment, request = authorized_payment(order), open_request_of(order)
    if not payment or (request and not request.is_capture):
        return ""
    # The confirmation is written before the sale is booked, when all that is held is owed.
    amount = ledger.left_to_pay(order) or payment.authorized_minor
    sentence = (
        f"{money(amount, order.currency)} is held on {payment.shown_method} and will be charged when your order ships"
    )
    rule = Store.objects.values_list("expiring", flat=True).first()
    if rule == Store.Expiring.CAPTURE and payment.capture_before:
        return f"{sentence}, on {day(payment.capture_before)} at the latest."
    return f"{sentence}."


def is_due(order: Order) -> bool:
    """Return whether shipping the order charges it, or goes on with a charge that was not finished."""
    request = open_request_of(order)
    return authorized_payment(order) is not None or (request is not None and request.is_capture)


def plan(order: Order, parcel: NewFulfillment, drops_rest: bool) -> ChargePlan:  # noqa: FBT001  (the type of the registry)
    """Return what shipping the parcel will charge, in sentences, or why it cannot be charged."""
    if request := open_request_of(order):
        return ChargePlan(request.amount_minor, refusal=f"The payment of {order.number} is being charged at Stripe.")
    try:
        capture = plan_capture(order, parcel, drops_rest=drops_rest)
    except (CaptureRefused, ReversalRefused) as refused:
        return ChargePlan(refusal=str(refused))
    return ChargePlan(capture.amount_minor, tuple(_sentences(order, capture, parcel)))


def _sentences(order: Order, capture: CapturePlan, parcel: NewFulfillment) -> Iterator[str]:
    yield f"{money(capture.amount_minor, order.currency)} is charged to {capture.payment.shown_method} first."
    lines = {line.pk: line for line in order.lines.all()}
    for back in capture.dropped:
        yield f"{back.quantity} × {lines[back.line_id].full_title} will not be sent or charged."
    if capture.released_minor:
        yield f"The bank releases its hold of the other {money(capture.released_minor, order.currency)}."
    rest = sum(line.open_quantity for line in lines.values() if line.needs_shipping and not line.is_gift_card)
    if not capture.dropped and sum(parcel.quantities.values()) < rest:
        yield "Items that are not in this parcel are charged now as well, and ship later without another charge."
    yield "If the bank refuses, nothing is shipped and nothing changes."


def ship(order: Order, charge: Charge) -> str:
    """Charge the order, then record the parcel; return a sentence about it.

    Raise ShipmentRefused if it was not charged or not recorded, or if that is not known yet.
    """
    try:
        request = request_capture(
            order, charge.parcel, drops_rest=charge.drops_rest, user_id=charge.user_id, seen=charge.seen
        )
        request = carry_out(request.pk)
    except (CaptureRefused, ReversalRefused) as refused:
        raise ShipmentRefused(str(refused)) from refused
    except GatewayDown as down:
        raise ShipmentRefused(NO_ANSWER) from down
    amount = money(request.amount_minor, order.currency)
    if request.is_open:
        raise ShipmentRefused(NO_ANSWER)
    if request.status == AuthorizationRequest.Status.REFUSED:
        raise ShipmentRefused(f"{amount} could not be charged, so nothing was shipped: {request.last_error}")
    if request.last_error:
        raise ShipmentRefused(f"{amount} was charged, but the parcel was not recorded: {request.last_error}")
    return f"{amount} was charged, and the parcel of {order.number} was shipped. The customer has been e-mailed."


CHARGING = Charging(is_due, hold_of, plan, ship)
