"""What a process of the shop does with money: how it begins, what it does, and what must be true after a crash."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import connection
from django.utils import timezone

from accounts.models import User
from orders.checkout import place_order
from orders.errors import OrderError
from orders.lifecycle import cancel
from orders.models import Cart, Disposition, GiftCard, Order
from orders.reversal import UnitsBack
from payments import inbox
from payments.cancellation import cancel_order, expire_unpaid
from payments.errors import PaymentError
from payments.models import Payment, Refund, StripeEvent
from payments.reconcile import reconcile
from payments.reconciliation import reconcile_open
from payments.refund_plans import RefundChoice
from payments.refund_requests import ask_refund
from payments.refunds import carry_out_waiting, request_refund
from payments.sessions import start_payment
from payments.settlement import settle
from shop.mail.outbox import send_waiting
from shop.models import Mail
from tests.factories import (
    make_cart,
    make_gift_card,
    make_promotion,
    make_shipping,
    make_submission,
    make_tax,
    make_user,
    make_variant,
    place,
    seen_of,
    with_codes,
)
from tests.stripe_desk import StripeDesk, signed

REFUSED = (OrderError, PaymentError)


@dataclass
class World:
    """A shop with one product, and everything that a flow begins with."""

    desk: StripeDesk
    owner: User = field(default_factory=lambda: make_user(is_staff=True, is_superuser=True))

    def __post_init__(self) -> None:
        make_shipping(free_from_minor=None)
        make_tax()
        self.mug = make_variant(1000, on_hand=10_000, title="Mug")
        make_promotion(percent=10, codes=("TEN",))

    def cart(self) -> Cart:
        """Three mugs, a promotion code and a gift card that pays for a part."""
        _card, code = make_gift_card(500)
        return with_codes(make_cart(self.mug, quantity=3), "TEN", code)

    def order(self) -> Order:
        return place(self.cart(), email=f"{uuid4().hex[:8]}@example.com")

    def paid_at_stripe(self) -> Order:
        order = self.order()
        self.desk.pay(start_payment(order.pk).session_url)
        return order

    def paid(self) -> Order:
        order = self.paid_at_stripe()
        settle(card_payment(order).pk)
        return Order.objects.get(pk=order.pk)


def card_payment(order: Order) -> Payment:
    return order.payments.get(method=Payment.Method.STRIPE)


@dataclass(frozen=True)
class Flow:
    """Work that a process can die in. `begin` makes its subject, `do` works on it, `end` says how it must end."""

    begin: Callable[[World], Any]
    do: Callable[[World, Any], object]
    end: Callable[[World, Any], str]
    expected: str


def _status(_world: World, order: Order) -> str:
    order.refresh_from_db()
    return order.status


def _place(world: World, cart: Cart) -> Order:
    submission = make_submission(email=f"{cart.pk.hex[:8]}@example.com")
    return place_order(cart.pk, submission, seen=seen_of(cart, email=submission.email))


def _placed(_world: World, cart: Cart) -> str:
    return Order.objects.get(cart_id=cart.pk).status


def _session_count(world: World, order: Order) -> str:
    sessions = world.desk.call("checkout/sessions", limit="20")["data"]
    return f"{sum(session['client_reference_id'] == order.number for session in sessions)} session"


def _receive_events(world: World, order: Order) -> None:
    for event in world.desk.events_of(order.number):
        inbox.receive(*signed(event))
    inbox.process_waiting()


def _begin_late(world: World) -> Order:
    """An order that staff canceled a moment before its payment came."""
    order = world.order()
    payment = start_payment(order.pk)
    world.desk.pay(payment.session_url)
    Payment.objects.filter(pk=payment.pk).update(status="canceled")
    cancel(Order.objects.get(pk=order.pk), Order.CancelReason.EXPIRED)
    return Order.objects.get(pk=order.pk)


def _begin_too_late(world: World) -> Order:
    """A late payment whose gift card was spent elsewhere meanwhile, so the payment is given back."""
    order = _begin_late(world)
    GiftCard.objects.filter(movements__order=order).update(is_active=False)
    return order


def _overdue(world: World) -> Order:
    order = world.order()
    start_payment(order.pk)
    Order.objects.filter(pk=order.pk).update(payment_due_at=timezone.now() - timedelta(seconds=1))
    return order


def _refund(world: World, order: Order) -> object:
    line = order.lines.get()
    choice = RefundChoice(
        units=(UnitsBack(line.pk, 2, Disposition.NOT_SENT),), key=uuid4() if not hasattr(order, "key") else order.key
    )
    return ask_refund(order, choice, world.owner)


def _begin_refund(world: World) -> Order:
    order = world.paid()
    order.key = uuid4()  # type: ignore[attr-defined]  (one form, sent again after the crash)
    return order


def _units_refunded(_world: World, order: Order) -> str:
    return f"{order.lines.get().refunded_quantity} units, {order.refund_requests.count()} request"


def _begin_payout_of_refund(world: World) -> Refund:
    return request_refund(card_payment(world.paid()), 300, reason="goodwill")


def _refunded_at_stripe(world: World, refund: Refund) -> str:
    refund.refresh_from_db()
    intent = world.desk.intent(refund.payment.payment_intent_id or "")
    return f"{refund.status}, {intent['latest_charge']['amount_refunded']} at Stripe"


def _begin_dispute(world: World) -> Order:
    order = world.paid()
    dispute = world.desk.dispute(card_payment(order).payment_intent_id or "")
    world.desk.decide(dispute["id"], "lose")
    return order


def _hear_dispute(world: World, order: Order) -> None:
    intent_id = card_payment(order).payment_intent_id or ""
    for event in world.desk.events_about(intent_id):
        if event["type"].startswith("charge.dispute."):
            inbox.receive(*signed(event))
    inbox.process_waiting()


def _disputed(_world: World, order: Order) -> str:
    payment = card_payment(order)
    return f"{payment.disputes.get().status}, all taken: {payment.disputed_minor == payment.captured_minor}"


def _begin_balance(world: World) -> Order:
    order = world.order()
    world.desk.pay(start_payment(order.pk).session_url, "4000000000000077")  # can be paid out at once
    settle(card_payment(order).pk)
    world.desk.pay_out()
    return order


def _read_balance(_world: World, _order: Order) -> None:
    reconcile(timezone.now() - timedelta(hours=1))


def _balance(_world: World, order: Order) -> str:
    rows = card_payment(order).balance_transactions.all()
    return f"{len(rows)} movement, in a payout: {all(row.payout_id for row in rows)}"


def _begin_mail(world: World) -> str:
    order = world.paid()
    return f"<order_confirmed.{order.public_id.hex}"


def _mail(_world: World, start: str) -> str:
    return ", ".join(Mail.objects.filter(message_id__startswith=start).values_list("status", flat=True))


FLOWS: dict[str, Flow] = {
    "place": Flow(World.cart, _place, _placed, "placed"),
    "begin to pay": Flow(World.order, lambda _world, order: start_payment(order.pk), _session_count, "1 session"),
    "settle": Flow(World.paid_at_stripe, lambda _w, order: settle(card_payment(order).pk), _status, "confirmed"),
    "hear a webhook": Flow(World.paid_at_stripe, _receive_events, _status, "confirmed"),
    "pay too late": Flow(_begin_too_late, lambda _w, order: settle(card_payment(order).pk), _status, "canceled"),
    "pay late": Flow(_begin_late, lambda _w, order: settle(card_payment(order).pk), _status, "confirmed"),
    "expire": Flow(_overdue, lambda _world, _order: expire_unpaid(), _status, "canceled"),
    "cancel": Flow(World.paid, lambda w, order: cancel_order(order, user_id=w.owner.pk), _status, "canceled"),
    "refund": Flow(_begin_refund, _refund, _units_refunded, "2 units, 1 request"),
    "pay a refund out": Flow(
        _begin_payout_of_refund,
        lambda _w, _refund: carry_out_waiting(),
        _refunded_at_stripe,
        "succeeded, 300 at Stripe",
    ),
    "lose a dispute": Flow(_begin_dispute, _hear_dispute, _disputed, "lost, all taken: True"),
    "take over the balance": Flow(_begin_balance, _read_balance, _balance, "1 movement, in a payout: True"),
    "send a mail": Flow(_begin_mail, lambda _world, _start: send_waiting(), _mail, "sent"),
}


def do_again(flow: Flow, world: World, subject: Any) -> None:
    """Repeat the work, as a person or a worker does after a crash; what was done already is refused."""
    with contextlib.suppress(*REFUSED):
        flow.do(world, subject)


def let_time_pass() -> None:
    """Let everything that waits for a later moment be due now."""
    now = timezone.now()
    StripeEvent.objects.filter(status="new").update(next_try_at=now)
    Payment.objects.filter(status__in=("open", "processing")).update(
        checked_at=now - timedelta(minutes=2), created_at=now - timedelta(minutes=2)
    )
    Refund.objects.filter(status__in=("requested", "pending")).update(next_try_at=now)
    Mail.objects.filter(status="queued").update(next_try_at=now)


def sweep() -> None:
    """Run the jobs that find what a crash left behind."""
    let_time_pass()
    inbox.process_waiting()
    reconcile_open()
    expire_unpaid()
    carry_out_waiting()


def wait_for_rollback() -> None:
    """Wait until the server has noticed that the killed process is gone, and has let go of its locks."""
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend' AND state <> 'idle'"
    )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(others)
            if not cursor.fetchone()[0]:
                return
        time.sleep(0.005)
