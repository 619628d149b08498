"""Two actors who do something with the same order, card or event at the same moment, and how it may end."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from orders.cart import add_units
from orders.checkout import place_order
from orders.fulfillment import NewFulfillment, ship
from orders.models import Cart, Disposition, Order
from orders.reversal import UnitsBack
from payments import gateway, inbox
from payments.balance import take_over_entry, take_over_listed
from payments.cancellation import cancel_order, expire_unpaid, reopen
from payments.disputes import take_over_dispute
from payments.models import Payment, Refund, RefundRequest, StripeEvent
from payments.refund_plans import RefundChoice
from payments.refund_requests import approve, ask_refund, decline, pay_again
from payments.refunds import carry_out, take_over_refund
from payments.sessions import start_payment
from payments.settlement import settle
from tests.factories import (
    make_cart,
    make_gift_card,
    make_promotion,
    make_submission,
    make_user,
    make_variant,
    seen_of,
    with_codes,
)
from tests.reliability.flows import World, card_payment
from tests.stripe_desk import signed

Actor = Callable[[World, Any], object]


@dataclass(frozen=True)
class Pair:
    """`begin` makes the subject, the two actors meet over it, and `end` must be one of `allowed`."""

    begin: Callable[[World], Any]
    first: Actor
    second: Actor
    end: Callable[[World, Any], object]
    allowed: tuple[object, ...]


# -- subjects ---------------------------------------------------------------------------------------


def _overdue(order: Order) -> Order:
    Order.objects.filter(pk=order.pk).update(payment_due_at=timezone.now() - timedelta(seconds=1))
    return order


def _paid_and_overdue(world: World) -> Order:
    return _overdue(world.paid_at_stripe())


def _with_events(world: World) -> tuple[Order, list[int]]:
    """An order paid at Stripe, and its events in the inbox."""
    order = world.paid_at_stripe()
    return order, [inbox.receive(*signed(event)).pk for event in world.desk.events_of(order.number)]


def _two_carts(world: World, **fields: Any) -> tuple[Cart, Cart]:
    return tuple(make_cart(world.mug, **fields) for _ in range(2))  # type: ignore[return-value]


def _carts_for_the_last_unit(_world: World) -> tuple[Cart, Cart]:
    last = make_variant(1000, on_hand=1)
    return make_cart(last), make_cart(last)


def _carts_with_the_last_code(world: World) -> tuple[Cart, Cart]:
    code = f"LAST{uuid4().hex[:8].upper()}"
    make_promotion(percent=20, codes=(code,), most_uses_of_code=1)
    return tuple(with_codes(cart, code) for cart in _two_carts(world))  # type: ignore[return-value]


def _carts_with_one_card(world: World) -> tuple[Cart, Cart]:
    _card, code = make_gift_card(1200)
    return tuple(with_codes(cart, code) for cart in _two_carts(world))  # type: ignore[return-value]


def _requested(world: World) -> Refund:
    ask_refund(order := world.paid(), RefundChoice(goodwill_minor=300), world.owner)
    return card_payment(order).refunds.get()


def _made_at_stripe(world: World) -> Refund:
    """A refund that is done at Stripe, and whose answer was lost."""
    refund = _requested(world)
    metadata = {"order": refund.payment.order.number, "refund": str(refund.key)}
    gateway.create_refund(refund.payment.payment_intent_id or "", 300, refund.idempotency_key, metadata)
    return refund


def _failed(world: World) -> Refund:
    refund = carry_out(_requested(world).pk)
    made = gateway.retrieve_refund(refund.provider_ref or "")
    return take_over_refund(refund, gateway.RefundState(made.refund_id, "failed", 300, "lost_or_stolen_card"))


def _waiting(world: World) -> RefundRequest:
    return ask_refund(world.paid(), RefundChoice(goodwill_minor=300), make_user(is_staff=True))


def _disputed(world: World) -> tuple[Payment, str]:
    payment = card_payment(world.paid())
    return payment, world.desk.dispute(payment.payment_intent_id or "", amount=400)["id"]


def _moved(world: World) -> tuple[Order, gateway.BalanceEntry]:
    order = world.paid_at_stripe()
    entry = next(iter(gateway.list_balance(since=timezone.now() - timedelta(minutes=1))))
    return order, entry


def _paid_out(world: World) -> str:
    order = world.order()
    world.desk.pay(start_payment(order.pk).session_url, "4000000000000077")
    settle(card_payment(order).pk)
    return world.desk.pay_out()["id"]


# -- actors -----------------------------------------------------------------------------------------


def _settle(_world: World, order: Order) -> object:
    return settle(card_payment(order).pk)


def _expire(_world: World, _order: Order) -> object:
    return expire_unpaid()


def _reopen(_world: World, order: Order) -> object:
    return reopen(Order.objects.get(pk=order.pk))


def _cancel(world: World, order: Order) -> object:
    return cancel_order(Order.objects.get(pk=order.pk), user_id=world.owner.pk)


def _start(_world: World, order: Order) -> object:
    return start_payment(order.pk)


def _ship(_world: World, order: Order) -> object:
    line = order.lines.get()
    return ship(Order.objects.get(pk=order.pk), NewFulfillment({line.pk: 3}))


def _refund_units(world: World, order: Order) -> object:
    units = (UnitsBack(order.lines.get().pk, 2, Disposition.NOT_SENT),)
    return ask_refund(order, RefundChoice(units=units), world.owner)


def _refund_most(world: World, order: Order) -> object:
    return ask_refund(order, RefundChoice(goodwill_minor=1800), world.owner)


def _order_cart(cart: Cart) -> object:
    submission = make_submission(email=f"{uuid4().hex[:8]}@example.com")
    return place_order(cart.pk, submission, seen=seen_of(cart, email=submission.email))


def _process(number: int) -> Actor:
    def work(_world: World, subject: tuple[Order, list[int]]) -> object:
        return inbox.process(subject[1][number])

    return work


# -- ends -------------------------------------------------------------------------------------------


def _status(_world: World, order: Order) -> object:
    return Order.objects.get(pk=order.pk).status


def _placed(_world: World, carts: tuple[Cart, ...]) -> object:
    return Order.objects.filter(cart_id__in=[cart.pk for cart in carts]).count()


def _open_sessions(world: World, order: Order) -> object:
    sessions = world.desk.call("checkout/sessions", limit="10")["data"]
    is_open = any(s["status"] == "open" for s in sessions if s["client_reference_id"] == order.number)
    return f"{_status(world, order)}{', payable' if is_open else ''}"


def _units(_world: World, order: Order) -> object:
    line = order.lines.get()
    return line.shipped_quantity, line.refunded_quantity


def _refunded(_world: World, refund: Refund) -> object:
    payment = Payment.objects.get(pk=refund.payment_id)
    return payment.refunded_minor, payment.refunds.exclude(status="failed").count()


def _asked(_world: World, order: Order) -> object:
    return sum(request.total_minor for request in order.refund_requests.exclude(status="declined"))


PAIRS: dict[str, Pair] = {
    "return and return": Pair(World.paid_at_stripe, _settle, _settle, _status, ("confirmed",)),
    "return and webhook": Pair(
        _with_events, lambda w, s: _settle(w, s[0]), _process(-1), lambda w, s: _status(w, s[0]), ("confirmed",)
    ),
    "webhook and webhook": Pair(_with_events, _process(0), _process(-1), lambda w, s: _status(w, s[0]), ("confirmed",)),
    "one event twice": Pair(
        _with_events,
        _process(-1),
        _process(-1),
        lambda _w, s: StripeEvent.objects.get(pk=s[1][-1]).attempts,
        (1,),
    ),
    "return and expiry": Pair(_paid_and_overdue, _settle, _expire, _status, ("confirmed",)),
    "return and change": Pair(World.paid_at_stripe, _settle, _reopen, _status, ("confirmed",)),
    "return and cancel": Pair(World.paid_at_stripe, _settle, _cancel, _status, ("confirmed", "canceled")),
    "expiry and expiry": Pair(lambda w: _overdue(w.order()), _expire, _expire, _status, ("canceled",)),
    "pay and pay": Pair(
        World.order, _start, _start, lambda _w, order: order.payments.filter(method="stripe").count(), (1,)
    ),
    "pay and change": Pair(World.order, _start, _reopen, _open_sessions, ("canceled", "placed, payable")),
    "pay and expiry": Pair(
        lambda w: _overdue(w.order()), _start, _expire, _open_sessions, ("canceled", "placed, payable")
    ),
    "pay and cancel": Pair(World.order, _start, _cancel, _open_sessions, ("canceled", "placed, payable")),
    "place and place": Pair(
        lambda w: (w.cart(),), lambda _w, s: _order_cart(s[0]), lambda _w, s: _order_cart(s[0]), _placed, (1,)
    ),
    "place and add": Pair(
        lambda w: (make_cart(w.mug),),
        lambda _w, s: _order_cart(s[0]),
        lambda w, s: add_units(s[0], w.mug.pk, 1, most=None, seen_minor=None, is_clamped=False),
        lambda _w, s: [
            order.lines.get().quantity * 1000 == order.subtotal_minor for order in Order.objects.filter(cart_id=s[0].pk)
        ],
        ([], [True]),
    ),
    "the last unit": Pair(
        _carts_for_the_last_unit, lambda _w, s: _order_cart(s[0]), lambda _w, s: _order_cart(s[1]), _placed, (1,)
    ),
    "the last use of a code": Pair(
        _carts_with_the_last_code, lambda _w, s: _order_cart(s[0]), lambda _w, s: _order_cart(s[1]), _placed, (1,)
    ),
    "one gift card": Pair(
        _carts_with_one_card, lambda _w, s: _order_cart(s[0]), lambda _w, s: _order_cart(s[1]), _placed, (1,)
    ),
    "refund and refund": Pair(World.paid, _refund_most, _refund_most, _asked, (1800,)),
    "refund and cancel": Pair(World.paid, _refund_units, _cancel, _status, ("canceled",)),
    "refund and ship": Pair(World.paid, _refund_units, _ship, _units, ((3, 0), (0, 2))),
    "ship and cancel": Pair(World.paid, _ship, _cancel, _status, ("completed", "confirmed", "canceled")),
    "pay out and pay out": Pair(
        _requested, lambda _w, r: carry_out(r.pk), lambda _w, r: carry_out(r.pk), _refunded, ((300, 1),)
    ),
    "pay out and hear": Pair(
        _made_at_stripe,
        lambda _w, r: carry_out(r.pk),
        lambda _w, r: take_over_refund(r, gateway.find_refund(r.payment.payment_intent_id or "", str(r.key))),
        _refunded,
        ((300, 1),),
    ),
    "pay again twice": Pair(
        _failed,
        lambda w, r: pay_again(r, "gift_card", w.owner),
        lambda w, r: pay_again(r, "gift_card", w.owner),
        _refunded,
        ((300, 1),),
    ),
    "approve and decline": Pair(
        _waiting,
        lambda w, r: approve(r, w.owner),
        lambda w, r: decline(r, w.owner),
        lambda _w, r: (RefundRequest.objects.get(pk=r.pk).status, Refund.objects.filter(request=r).count()),
        (("approved", 1), ("declined", 0)),
    ),
    "dispute twice": Pair(
        _disputed,
        lambda _w, s: take_over_dispute(s[0], gateway.retrieve_dispute(s[1])),
        lambda _w, s: take_over_dispute(s[0], gateway.retrieve_dispute(s[1])),
        lambda _w, s: Payment.objects.get(pk=s[0].pk).disputed_minor,
        (400,),
    ),
    "dispute and refund": Pair(
        _disputed,
        lambda _w, s: take_over_dispute(s[0], gateway.retrieve_dispute(s[1])),
        lambda w, s: _refund_most(w, s[0].order),
        lambda _w, s: Payment.objects.get(pk=s[0].pk).disputed_minor,
        (400,),
    ),
    "reconcile and return": Pair(
        _moved,
        lambda _w, s: take_over_entry(s[1]),
        lambda w, s: _settle(w, s[0]),
        lambda w, s: _status(w, s[0]),
        ("confirmed",),
    ),
    "payout twice": Pair(
        _paid_out,
        lambda _w, name: take_over_listed(gateway.retrieve_payout(name)),
        lambda _w, name: take_over_listed(gateway.retrieve_payout(name)),
        lambda _w, _name: "",
        ("",),
    ),
}
