"""A shop whose shoppers, staff, bank and clock take one step after another, and the checks that follow each step."""

import contextlib
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from catalog.errors import CatalogError
from catalog.models import Location, Store
from catalog.models.store import Capture
from orders.cart.codes import enter_code
from orders.errors import OrderError
from orders.fulfillment import NewFulfillment, ship
from orders.gift_cards import set_active
from orders.models import Cart, Disposition, GiftCard, Order, Promotion
from orders.promotions.coupons import recount
from orders.reversal import UnitsBack
from payments import gateway
from payments.balance import take_over_entry, take_over_listed
from payments.books import tax_by_rate, trial_balance
from payments.cancellation import cancel_order, expire_unpaid, reopen
from payments.capturing import carry_out as charge
from payments.capturing import release, request_capture
from payments.disputes import take_over_dispute
from payments.errors import PaymentError
from payments.gift_cards import expire_gift_cards, issue_gift_card
from payments.models import Dispute, Payment, Refund, RefundRequest
from payments.refund_plans import RefundChoice
from payments.refund_requests import approve, ask_refund, assign, decline, pay_again
from payments.refunds import carry_out_waiting, left_to_refund, note_foreign_refund, take_over_refund
from payments.reports.periods import Period
from payments.sessions import start_payment
from payments.settlement import settle, take_over
from shop.operations.audit import run_audit
from tests.factories import make_cart, make_promotion, make_user, make_variant, place
from tests.payments.pretend_stripe import Desk

EMAILS = ["anna@example.com", "ben@example.com", "cleo@example.com"]


def nonzero(sums: dict) -> dict:
    return {rate: minor for rate, minor in sums.items() if minor}


class Shop:
    """Calls the shop's functions on the existing orders; a refused call must change nothing."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  (which steps, not secrets)
        self.desk = Desk()
        self.done: Counter = Counter()
        self.refused: Counter = Counter()
        Store.objects.get_or_create(pk=1, defaults={"name": "Shop"})
        self.user = make_user()
        self.owner = make_user(is_superuser=True)
        self.variants = [
            make_variant(2400, on_hand=12),
            make_variant(900, on_hand=3),
            make_variant(1500, is_gift_card=True, needs_shipping=False, is_tracked=False),
        ]
        make_promotion(percent=10, codes=("TEN",), most_uses=2)
        make_promotion(lane="product", percent=20, codes=("LAST",), most_uses_of_code=1, most_uses_each=1)
        make_promotion("delivery_percent", "delivery", percent=100, minimum_minor=4000)
        make_promotion("gift", "gift", gift_variant=self.variants[1], minimum_minor=2000)
        self.codes = [issue_gift_card(amount, "EUR")[1] for amount in (700, 3000, 20_000)]
        issue_gift_card(500, "EUR", user_id=self.user.pk)

    def do(self, verb: Callable[[], Any]) -> None:
        name = verb.__qualname__.split(".")[1]
        try:
            with transaction.atomic():
                verb()
        except (OrderError, CatalogError, PaymentError):
            self.refused[name] += 1
        else:
            self.done[name] += 1
        self.check()

    def check(self) -> None:
        """Nothing is wrong: each row, the sum of all accounts, and the tax of each rate."""
        assert [str(finding) for finding in run_audit()] == []
        period = Period.last_days(2)
        assert sum(balance.closing_minor for balance in trial_balance(period, "EUR")) == 0
        booked: Counter = Counter()
        for row in tax_by_rate(period, "EUR"):
            booked[row.percent] += row.tax_minor
        assert nonzero(self.tax_owed()) == nonzero(booked)

    def tax_owed(self) -> dict[Decimal, int]:
        """By rate: the tax of all orders that stand, less that of their refunds."""
        owed: dict[Decimal, int] = defaultdict(int)
        for order in Order.objects.filter(status__in=["confirmed", "completed"]).prefetch_related("refund_requests"):
            for tax in order.taxes:
                owed[Decimal(tax["percent"])] += tax["tax_minor"]
            for request in order.refund_requests.all():
                for tax in request.taxes if request.status == "approved" else ():
                    owed[Decimal(tax["percent"])] -= tax["tax_minor"]
        return owed

    def one_of(self, rows: Any) -> Any:
        found = list(rows.order_by("pk"))
        return self.random.choice(found) if found else None

    def place(self) -> None:
        things = self.random.sample(range(3), self.random.choice([1, 1, 2]))
        quantity, email = self.random.choice([1, 1, 2]), self.random.choice(EMAILS)
        typed = self.random.sample([*self.codes, "LAST", "TEN"], self.random.randrange(4))
        has_account = self.random.random() < 0.3

        def verb() -> None:
            user = self.user if has_account else None
            if user:
                Cart.objects.filter(user=user, ordered_at=None).delete()
            cart = make_cart(*(self.variants[number] for number in things), quantity=quantity, user=user)
            for code in typed:
                with contextlib.suppress(OrderError):
                    enter_code(cart, code)
            cart.gift_cards.add(*GiftCard.objects.exclude(order_line=None)[:1])
            cart.gift_cards.add(*GiftCard.objects.filter(user=user).exclude(user=None)[:1])
            digital = {"shipping_code": "none"} if things == [2] else {}
            place(Cart.objects.get(pk=cart.pk), user, email=email, **digital)

        self.do(verb)

    def begin_to_pay(self) -> None:
        if order := self.one_of(Order.objects.filter(status="placed")):

            def verb() -> None:
                start_payment(order.pk)

            self.do(verb)

    def pay(self) -> None:
        """Somebody pays a session, and we hear of it now or later."""
        payment = self.one_of(Payment.objects.filter(status="open"))
        if not payment:
            return
        if payment.session_id:
            self.desk.pay(payment.session_id)
        if self.random.random() < 0.6:

            def verb() -> None:
                settle(payment.pk)

            self.do(verb)

    def hear(self) -> None:
        """News of a payment, however old."""
        if payment := self.one_of(Payment.objects.exclude(method="giftcard")):

            def verb() -> None:
                settle(payment.pk)

            self.do(verb)

    def pay_too_late(self) -> None:
        """A session that we closed was paid a moment before."""
        payment = self.one_of(Payment.objects.filter(status="canceled", method="stripe"))
        if not payment:
            return
        self.desk.pay(payment.session_id)

        def verb() -> None:
            take_over(payment, gateway.retrieve_session(payment.session_id))

        self.do(verb)

    def run_out_of_time(self) -> None:
        order = self.one_of(Order.objects.filter(status="placed"))
        if not order:
            return
        Order.objects.filter(pk=order.pk, status="placed").update(payment_due_at=timezone.now())

        def verb() -> None:
            expire_unpaid()

        self.do(verb)

    def go_back(self) -> None:
        if order := self.one_of(Order.objects.exclude(status="canceled")):

            def verb() -> None:
                reopen(order)

            self.do(verb)

    def cancel(self) -> None:
        if order := self.one_of(Order.objects.exclude(status="canceled")):

            def verb() -> None:
                cancel_order(order, user_id=None)

            self.do(verb)

    def refund(self) -> None:
        """Staff refund units, delivery and an amount; some of them only ask."""
        order = self.one_of(Order.objects.filter(status__in=["confirmed", "completed"]))
        if not order:
            return
        choice, user = self.some_of(order), self.random.choice([self.owner, self.user])

        def verb() -> None:
            ask_refund(order, choice, user)

        self.do(verb)

    def some_of(self, order: Order) -> RefundChoice:
        units = [
            UnitsBack(line.pk, self.random.randint(0, line.quantity), self.random.choice(list(Disposition)))
            for line in order.lines.all()
        ]
        return RefundChoice(
            units=tuple(units) if self.random.random() < 0.7 else (),
            shipping_minor=self.random.choice([0, 0, 100, order.shipping_minor]),
            goodwill_minor=self.random.choice([0, 0, self.random.randint(1, 2000)]),
            target=self.random.choice([*RefundRequest.Target.values, "same", "same"]),
            location_id=Location.objects.get().pk,
        )

    def decide(self) -> None:
        request, decision = self.one_of(RefundRequest.objects), self.random.choice([approve, approve, decline])
        if request:

            def verb() -> None:
                decision(request, self.owner)

            self.do(verb)

    def fail_refund(self) -> None:
        """A bank returns a refund, perhaps long after it succeeded."""
        refund = self.one_of(Refund.objects.filter(provider_ref__startswith="re_"))
        if not refund:
            return
        failed = self.desk.fail_refund(refund.provider_ref)

        def verb() -> None:
            take_over_refund(refund, failed)

        self.do(verb)

    def pay_again(self) -> None:
        refund, target = self.one_of(Refund.objects), self.random.choice(RefundRequest.Target.values)
        if refund:

            def verb() -> None:
                pay_again(refund, target, self.owner)

            self.do(verb)

    def refund_at_stripe(self) -> None:
        payment = self.one_of(Payment.objects.filter(method="stripe", status="captured", captured_minor__gt=0))
        if not payment or left_to_refund(payment) < 1:
            return
        made = self.desk.create_refund("", self.random.randint(1, left_to_refund(payment)), uuid4().hex, {})

        def verb() -> None:
            note_foreign_refund(payment, made)

        self.do(verb)

    def assign(self) -> None:
        request = self.one_of(RefundRequest.objects.filter(reason="at_stripe"))
        if request:
            choice = self.some_of(request.order)

            def verb() -> None:
                assign(request, choice, self.owner)

            self.do(verb)

    def send_money_back(self) -> None:
        def verb() -> None:
            Refund.objects.update(next_try_at=timezone.now())
            carry_out_waiting()

        self.do(verb)

    def send_parcel(self) -> None:
        order = self.one_of(Order.objects.exclude(status="canceled"))
        if not order:
            return

        def verb() -> None:
            ship(order, NewFulfillment({line.pk: line.open_quantity for line in order.lines.all()}))

        self.do(verb)

    def choose_when_to_charge(self) -> None:
        """From now on, cards are charged when the order is placed, or when it ships."""
        moment = self.random.choice(Capture.values)

        def verb() -> None:
            Store.objects.update(capture=moment)

        self.do(verb)

    def capture(self) -> None:
        """Charge what is held for a part of the order or all of it, and send that; the rest is dropped or kept."""
        order = self.one_of(Order.objects.filter(payments__status="authorized"))
        if not order:
            return
        parcel = NewFulfillment({line.pk: self.random.randint(0, line.open_quantity) for line in order.lines.all()})
        chosen, drops_rest = self.random.choice([parcel, parcel, None]), self.random.random() < 0.5

        def verb() -> None:
            charge(request_capture(order, chosen, drops_rest=drops_rest and chosen is not None).pk)

        self.do(verb)

    def release(self) -> None:
        if order := self.one_of(Order.objects.filter(payments__status="authorized")):

            def verb() -> None:
                release(order, user_id=None, reason="the customer asked")

            self.do(verb)

    def let_hold_expire(self) -> None:
        """The bank gives back what it held."""
        payment = self.one_of(Payment.objects.filter(status="authorized"))
        if not payment:
            return
        self.desk.let_hold_expire(payment.payment_intent_id)

        def verb() -> None:
            settle(payment.pk)

        self.do(verb)

    def dispute(self) -> None:
        payment = self.one_of(Payment.objects.filter(method="stripe", status="captured", captured_minor__gt=0))
        if not payment or left_to_refund(payment) < 1:
            return
        state = self.desk.dispute(payment, self.random.randint(1, left_to_refund(payment)))

        def verb() -> None:
            take_over_dispute(payment, state)

        self.do(verb)

    def decide_dispute(self) -> None:
        """A bank decides, or an event about its decision arrives again."""
        dispute, status = self.one_of(Dispute.objects), self.random.choice(["won", "lost"])
        if dispute:
            # Money that comes back for a canceled order is a finding of the audit, which staff decide about.
            is_canceled = dispute.payment.order.status == "canceled" or dispute.payment.flag
            state = self.desk.decide(dispute.stripe_id, "lost" if is_canceled else status)

            def verb() -> None:
                take_over_dispute(dispute.payment, state)

            self.do(verb)

    def pay_out(self) -> None:
        """Stripe lists what it moved, and pays it out to the bank."""
        payments = Payment.objects.filter(method="stripe", status="captured", captured_minor__gt=0)
        entries = [self.desk.movement_of(payment) for payment in payments]
        payout = self.desk.pay_out()

        def verb() -> None:
            for entry in entries:
                take_over_entry(entry)
            take_over_listed(payout)

        self.do(verb)

    def block(self) -> None:
        card, is_active = self.one_of(GiftCard.objects), self.random.random() < 0.7

        def verb() -> None:
            set_active(GiftCard.objects.filter(pk=card.pk), is_active=is_active)

        self.do(verb)

    def let_cards_expire(self) -> None:
        card, over = self.one_of(GiftCard.objects), timezone.now() - timedelta(seconds=1)
        GiftCard.objects.filter(pk=card.pk).update(expires_at=over)

        def verb() -> None:
            expire_gift_cards()

        self.do(verb)

    def change_limits(self) -> None:
        promotion = self.one_of(Promotion.objects)
        most, each = self.random.choice([None, 1, 2, 5]), self.random.choice([None, 1, 2])

        def verb() -> None:
            used = promotion.order_uses.filter(given_back_at=None).count()
            if most is None or used <= most:
                Promotion.objects.filter(pk=promotion.pk).update(most_uses=most, most_uses_each=each, uses=0)
                recount(promotion)

        self.do(verb)
