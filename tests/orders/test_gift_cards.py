"""Gift cards and store credit: a tender with a ledger of its own."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from orders import gift_cards, lifecycle
from orders.cart.codes import drop_code, use_credit
from orders.customers import Buyer
from orders.errors import GiftCardRefused
from orders.models import GiftCard, GiftCardMovement, Order
from orders.pricing import Basket, Line, price
from orders.tenders import GiftCardBalance, split_tenders
from payments.cancellation import cancel_order, expire_unpaid
from payments.errors import CancelRefused, RefundRefused
from payments.gift_cards import expire_gift_cards, issue_gift_card
from payments.models import Payment, Posting, Refund
from payments.reconciliation import reconcile_open
from payments.refund_plans import RefundChoice
from payments.refund_requests import ask_refund
from payments.refunds import request_refund
from payments.sessions import start_payment
from payments.settlement import settle
from shop.models import Mail
from shop.operations.audit import run_audit
from tests.factories import (
    contents_of,
    make_cart,
    make_gift_card,
    make_order,
    make_promotion,
    make_shipping,
    make_tax,
    make_user,
    make_variant,
    place,
    with_codes,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def delivery():
    make_shipping()
    make_tax()


def balance(card) -> int:
    return GiftCard.objects.get(pk=card.pk).balance_minor


def movements(card) -> list[tuple[str, int]]:
    return list(GiftCardMovement.objects.filter(card=card).values_list("kind", "amount_minor"))


def pay_nothing(order) -> None:
    settle(start_payment(order.pk).pk)


def test_only_the_digest_of_a_code_is_kept():
    card, code = make_gift_card()
    assert len(code.replace("-", "")) == 16
    assert card.code_hash == gift_cards.code_digest(code.lower().replace("-", " "))
    assert code.replace("-", "") not in str(GiftCard.objects.values().get())


def test_a_card_pays_a_part_and_stripe_the_rest(stripe_desk):
    card, code = make_gift_card(1000)
    order = place(with_codes(make_cart(make_variant(2400)), code))
    assert (order.total_minor, order.tendered_minor, order.due_minor) == (2890, 1000, 1890)
    payment = start_payment(order.pk)
    assert payment.amount_minor == 1890
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    order.refresh_from_db()
    assert order.status == "confirmed"
    paid = Payment.objects.filter(order=order).values_list("method", "captured_minor")
    assert sorted(paid) == [("giftcard", 1000), ("stripe", 1890)]
    assert balance(card) == 0
    assert run_audit() == []


def test_a_card_that_pays_everything_needs_no_stripe():
    card, code = make_gift_card(5000)
    order = place(with_codes(make_cart(make_variant(2400)), code))
    pay_nothing(order)
    order.refresh_from_db()
    assert (order.status, order.due_minor, balance(card)) == ("confirmed", 0, 2110)
    assert movements(card) == [("issued", 5000), ("redeemed", -2890)]
    assert run_audit() == []


def test_the_totals_and_the_tax_are_what_they_are_without_a_card():
    cart = make_cart(make_variant(2400))
    before = contents_of(cart).totals
    with_codes(cart, make_gift_card()[1])
    assert contents_of(cart).totals == before


def test_an_unpaid_order_releases_its_gift_card_amount():
    card, code = make_gift_card(1000)
    order = place(with_codes(make_cart(make_variant(2400)), code))
    assert balance(card) == 0
    cart = lifecycle.cancel(order, Order.CancelReason.SHOPPER)
    assert balance(card) == 1000
    assert movements(card) == [("issued", 1000), ("redeemed", -1000), ("released", 1000)]
    assert [tender.amount_minor for tender in contents_of(cart).tenders] == [1000]
    assert run_audit() == []


def test_a_paid_order_that_is_canceled_refunds_each_tender(stripe_desk):
    card, code = make_gift_card(1000)
    order = place(with_codes(make_cart(make_variant(2400)), code))
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    order.refresh_from_db()
    cancel_order(order, user_id=None)
    assert balance(card) == 1000
    refunds = Refund.objects.order_by("amount_minor").values_list("amount_minor", "status")
    assert list(refunds) == [(1000, "succeeded"), (1890, "requested")]
    assert run_audit() == []


def test_no_more_is_refunded_to_a_gift_card_than_it_paid():
    card, code = make_gift_card(5000)
    order = place(with_codes(make_cart(make_variant(2400)), code))
    pay_nothing(order)
    payment = Payment.objects.get(order=order, method="giftcard")
    request_refund(payment, 890, reason="late")
    with pytest.raises(RefundRefused):
        request_refund(payment, 2001, reason="late")
    request_refund(payment, 2000, reason="late")
    assert balance(card) == 5000
    assert Payment.objects.get(pk=payment.pk).refunded_minor == 2890


def test_several_cards_pay_the_one_that_expires_first_before_the_others():
    late, late_code = make_gift_card(1000)
    soon, soon_code = make_gift_card(700, expires_at=timezone.now() + timedelta(days=3))
    contents = contents_of(with_codes(make_cart(make_variant(2400)), late_code, soon_code))
    assert [(tender.gift_card.id, tender.amount_minor) for tender in contents.tenders] == [
        (soon.pk, 700),
        (late.pk, 1000),
    ]
    assert contents.due_minor == 1190


@pytest.mark.parametrize(
    ("total", "cards", "taken"),
    [
        (2000, [2000], [2000]),
        (2000, [1999], [1950]),
        (2000, [1960], [1950]),
        (2000, [1950], [1950]),
        (2000, [5000], [2000]),
        (2000, [1000, 999], [1000, 950]),
        (2000, [1980, 10], [1950]),
        (40, [30], []),
        (0, [100], []),
    ],
)
def test_gift_cards_leave_nothing_or_an_amount_that_the_payment_provider_can_charge(total, cards, taken):
    tenders = split_tenders(total, [GiftCardBalance(n, "", amount) for n, amount in enumerate(cards)], 50)
    assert [tender.amount_minor for tender in tenders] == taken


@pytest.mark.parametrize(
    ("total", "cards", "taken"),
    [
        (24890, [1005], [1000]),
        (24890, [24885], [24880]),
        (24890, [24890], [24890]),
        (24890, [5, 8], [5, 5]),
        (5, [3], []),
    ],
)
def test_gift_cards_leave_whole_steps_in_a_currency_with_three_decimals(total, cards, taken):
    tenders = split_tenders(total, [GiftCardBalance(n, "", amount) for n, amount in enumerate(cards)], 0, 10)
    assert [tender.amount_minor for tender in tenders] == taken


def test_in_three_decimals_a_gift_card_alone_is_not_rounded_and_nothing_is_below_zero():
    card = Line("1", 1, 1005, tax_class="", is_gift_card=True)
    totals = price(Basket((card,), timezone.now(), "kw", "KWD", "KW", is_tax_included=True))
    assert (totals.total_minor, totals.shipping_minor, totals.discount_minor) == (1005, 0, 0)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"is_active": False}, "not valid"),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "has expired"),
        ({"currency": "USD"}, "is in USD"),
        ({"balance_minor": 0}, "nothing left"),
    ],
)
def test_a_gift_card_that_cannot_pay_shows_the_reason(fields, words):
    card, code = make_gift_card()
    GiftCard.objects.filter(pk=card.pk).update(**fields)
    with pytest.raises(GiftCardRefused, match=words):
        with_codes(make_cart(make_variant()), code)


def test_a_card_that_is_blocked_after_it_was_entered_pays_nothing():
    card, code = make_gift_card()
    cart = with_codes(make_cart(make_variant()), code)
    gift_cards.set_active(GiftCard.objects.all(), is_active=False)
    assert contents_of(cart).tenders == []


def test_a_card_is_taken_out_of_the_cart_again():
    card, code = make_gift_card()
    cart = with_codes(make_cart(make_variant()), code)
    drop_code(cart, f"card-{card.pk}")
    assert contents_of(cart).tenders == []


def test_buying_a_card_issues_a_code_by_mail_and_owes_its_worth(stripe_desk):
    variant = make_variant(2500, is_gift_card=True, needs_shipping=False, is_tracked=False, title="Gift card")
    order = place(make_cart(variant, quantity=2), shipping_code="none", line1="", postcode="", city="")
    assert (order.total_minor, order.tax_minor, order.has_address) == (5000, 0, False)
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    settle(payment.pk)
    cards = list(GiftCard.objects.all())
    assert [(card.initial_minor, card.balance_minor, card.currency) for card in cards] == [(2500, 2500, "EUR")] * 2
    mail = Mail.objects.get(subject__contains="your gift card")
    body = mail.message if hasattr(mail, "message") else mail.body
    assert Posting.objects.get(journal__kind="sale", account="gift_cards").amount_minor == -5000
    assert not Posting.objects.filter(journal__kind="sale", account="sales").exists()
    assert str(body).count("worth €25.00") >= 2
    assert run_audit() == []


def test_an_order_of_a_card_that_was_used_cannot_be_canceled(stripe_desk):
    variant = make_variant(2500, is_gift_card=True, needs_shipping=False, is_tracked=False)
    order = make_order(variant, shipping_code="none")
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    order.refresh_from_db()
    card = GiftCard.objects.get()
    cart = make_cart(make_variant(1000))
    cart.gift_cards.add(card)
    spending = place(cart)
    with pytest.raises(CancelRefused, match="has been used"):
        cancel_order(order, user_id=None)
    lifecycle.cancel(spending, Order.CancelReason.EXPIRED)
    cancel_order(order, user_id=None)
    card.refresh_from_db()
    assert (card.balance_minor, card.is_active) == (0, False)
    assert run_audit() == []


def bought_card(stripe_desk) -> tuple[Order, GiftCard]:
    variant = make_variant(2500, is_gift_card=True, needs_shipping=False, is_tracked=False)
    order = make_order(variant, shipping_code="none")
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    order.refresh_from_db()
    return order, GiftCard.objects.get()


def test_a_bought_card_that_staff_have_blocked_is_void_too_when_its_order_is_canceled(stripe_desk):
    order, card = bought_card(stripe_desk)
    gift_cards.set_active(GiftCard.objects.all(), is_active=False)
    cancel_order(order, user_id=None)
    assert gift_cards.set_active(GiftCard.objects.all(), is_active=True) == 0
    assert movements(card) == [("issued", 2500), ("voided", -2500)]
    assert run_audit() == []


def test_a_bought_card_that_was_used_and_then_blocked_keeps_its_order_from_being_canceled(stripe_desk):
    order, card = bought_card(stripe_desk)
    cart = make_cart(make_variant(1000))
    cart.gift_cards.add(card)
    pay_nothing(place(cart))
    gift_cards.set_active(GiftCard.objects.all(), is_active=False)
    with pytest.raises(CancelRefused, match="has been used"):
        cancel_order(order, user_id=None)
    assert (balance(card), Order.objects.get(pk=order.pk).status) == (2500 - 1490, "confirmed")
    assert run_audit() == []


def test_no_promotion_takes_anything_off_a_gift_card():
    make_promotion(percent=50)
    variant = make_variant(2500, is_gift_card=True, needs_shipping=False, is_tracked=False)
    assert contents_of(make_cart(variant), shipping_code="none").totals.total_minor == 2500


def test_a_card_that_is_over_is_empty_and_its_rest_is_ours():
    card, _ = make_gift_card(1000, expires_at=timezone.now() + timedelta(days=1))
    GiftCard.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert (expire_gift_cards(), expire_gift_cards()) == (1, 0)
    assert movements(card) == [("issued", 1000), ("expired", -1000)]
    assert Posting.objects.get(account="breakage").amount_minor == -1000
    assert run_audit() == []


def test_store_credit_pays_for_its_owner_only():
    owner, other = make_user(), make_user()
    issue_gift_card(1500, "EUR", user_id=owner.pk)
    cart = make_cart(make_variant(2400), user=owner)
    assert contents_of(cart, Buyer("DE", user_id=owner.pk)).rulebook.credit_minor == 1500
    use_credit(cart, owner.pk)
    assert contents_of(cart, Buyer("DE", user_id=owner.pk)).due_minor == 1390
    stolen = make_cart(make_variant(2400), user=other)
    stolen.gift_cards.add(GiftCard.objects.get())
    assert contents_of(stolen, Buyer("DE", user_id=other.pk)).due_minor == 2890


def test_a_refund_to_an_expired_card_can_be_spent_for_a_year():
    card, code = make_gift_card(5000, expires_at=timezone.now() + timedelta(days=1))
    order = place(with_codes(make_cart(make_variant(2400)), code))
    pay_nothing(order)
    GiftCard.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    expire_gift_cards()
    ask_refund(order, RefundChoice(goodwill_minor=2890), make_user(is_superuser=True))
    assert expire_gift_cards() == 0
    card.refresh_from_db()
    assert (card.balance_minor, card.is_active) == (2890, True)
    assert card.expires_at > timezone.now() + timedelta(days=364)
    assert run_audit() == []


@pytest.mark.parametrize("finder", [reconcile_open, expire_unpaid])
def test_an_order_that_cards_paid_is_confirmed_although_the_page_was_lost(finder):
    _, code = make_gift_card(5000)
    order = place(with_codes(make_cart(make_variant(2400)), code))
    Order.objects.update(placed_at=timezone.now() - timedelta(hours=1), payment_due_at=timezone.now())
    finder()
    order.refresh_from_db()
    assert order.status == "confirmed"
    assert run_audit() == []


def test_a_card_that_has_nothing_to_pay_can_be_taken_out():
    _, first = make_gift_card(5000)
    second, code = make_gift_card(5000)
    contents = contents_of(with_codes(make_cart(make_variant(2400)), first, code))
    assert [card.id for card in contents.idle_gift_cards] == [second.pk]


def test_the_same_refund_twice_is_once():
    card, code = make_gift_card(5000)
    order = place(with_codes(make_cart(make_variant(2400)), code))
    key = GiftCardMovement.objects.first().key.__class__(int=7)
    assert gift_cards.refund_to(card.pk, 100, order=order, key=key) is True
    assert gift_cards.refund_to(card.pk, 100, order=order, key=key) is False
    assert balance(card) == 5000 - 2890 + 100


def test_the_database_refuses_a_negative_balance_and_a_rewritten_ledger():
    card, _ = make_gift_card()
    with pytest.raises(IntegrityError), transaction.atomic():
        GiftCard.objects.update(balance_minor=-1)
    with pytest.raises(IntegrityError), transaction.atomic():
        GiftCardMovement.objects.update(amount_minor=1)


@pytest.mark.parametrize("amount", [0, -1, 10**9 + 1])
def test_a_card_is_worth_something_and_not_too_much(amount):
    with pytest.raises(GiftCardRefused):
        make_gift_card(amount)
