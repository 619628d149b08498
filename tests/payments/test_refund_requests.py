"""Refunds by line, of the delivery cost and of an amount: what they give back and what the books say."""

import pytest
from django.db import IntegrityError, transaction

from orders.errors import OrderChanged, ReversalRefused
from orders.fulfillment import NewFulfillment, ship
from orders.models import Disposition, GiftCard, Order, OrderLine
from orders.reversal import UnitsBack
from payments import ledger
from payments.cancellation import cancel_order
from payments.errors import RefundRefused
from payments.gateway import RefundState
from payments.gift_cards import issue_gift_card
from payments.models import Journal, Payment, Refund, RefundLimit, RefundRequest
from payments.refund_plans import RefundChoice, limit_of, plan_refund
from payments.refund_requests import approve, ask_refund, assign, decline, pay_again
from payments.refunds import carry_out_waiting, note_foreign_refund, take_over_refund
from payments.sessions import start_payment
from payments.settlement import settle
from shop.models import Mail
from shop.operations.audit import run_audit
from tests.factories import make_cart, make_location, make_shipping, make_tax, make_user, make_variant, place, stock_of

pytestmark = pytest.mark.django_db

Target, Reason = RefundRequest.Target, RefundRequest.Reason
MUG, LAMP = 1001, 5000


@pytest.fixture
def owner():
    return make_user(is_superuser=True, is_staff=True)


@pytest.fixture
def order(stripe_desk) -> Order:
    """A paid order of three mugs of 10.01 and a lamp of 50.00, with 4.90 for delivery and 19 % VAT in all of it."""
    make_shipping(free_from_minor=None)
    make_tax()
    cart = make_cart(make_variant(MUG, title="Mug"), quantity=3)
    lamp = make_variant(LAMP, title="Lamp")
    cart.lines.create(variant_id=lamp.pk, quantity=1)
    return paid(place(cart), stripe_desk)


def paid(order: Order, stripe_desk) -> Order:
    stripe_desk.pay(start_payment(order.pk).session_url)
    settle(order.payments.get(method="stripe").pk)
    order.refresh_from_db()
    return order


def lines_of(order: Order) -> tuple[OrderLine, OrderLine]:
    mugs, lamp = order.lines.order_by("position")
    return mugs, lamp


def send_all(order: Order) -> None:
    ship(order, NewFulfillment({line.pk: line.open_quantity for line in order.lines.all()}))
    order.refresh_from_db()


def postings_of(order: Order, kind: str) -> dict[str, int]:
    journal = Journal.objects.filter(order=order, kind=kind).latest("pk")
    return dict(journal.postings.values_list("account", "amount_minor"))


def units(line: OrderLine, quantity: int, disposition: str = Disposition.NOT_SENT) -> UnitsBack:
    return UnitsBack(line.pk, quantity, Disposition(disposition))


def test_a_refund_by_line_takes_back_its_sale_its_tax_and_its_delivery(order, owner):
    mugs, _lamp = lines_of(order)
    choice = RefundChoice(units=(units(mugs, 2),), shipping_minor=200, reason=Reason.UNAVAILABLE)
    request = ask_refund(order, choice, owner)
    assert (request.status, request.total_minor) == ("approved", 2002 + 200)
    # The tax of three mugs is 4.80 and that of the delivery 0.78: two thirds, and 200 of 490.
    assert postings_of(order, "reversal") == {
        "sales": 1682,
        "shipping": 169,
        "tax": 351,
        "receivable": -2202,
    }
    assert request.journal.taxes == [{"percent": "19", "base_minor": -1851, "tax_minor": -351}]
    assert run_audit() == []


def test_money_goes_back_and_the_customer_is_told_once_it_has(order, owner):
    mugs, _lamp = lines_of(order)
    ask_refund(order, RefundChoice(units=(units(mugs, 1),)), owner)
    assert Mail.objects.filter(message_id__startswith="<order_refunded").count() == 0
    assert carry_out_waiting() == 1
    mail = Mail.objects.get(message_id__startswith="<order_refunded")
    assert "€10.01 to Visa ending in 4242" in mail.body.decode() if isinstance(mail.body, bytes) else mail.body
    assert order.payments.get().refunded_minor == 1001
    assert ledger.owed_by_shopper(order) == 0
    assert run_audit() == []


def test_units_that_will_not_be_sent_become_available_and_cannot_be_shipped(order, owner):
    mugs, lamp = lines_of(order)
    ask_refund(order, RefundChoice(units=(units(mugs, 2),)), owner)
    assert stock_of(mugs.variant) == (10, 1)
    send_all(order)
    assert (order.status, order.fulfillment_status) == ("completed", "shipped")
    assert order.lines.get(pk=mugs.pk).shipped_quantity == 1
    assert run_audit() == []


def test_an_order_whose_last_open_units_are_refunded_is_complete(order, owner):
    mugs, lamp = lines_of(order)
    ship(order, NewFulfillment({lamp.pk: 1}))
    ask_refund(order, RefundChoice(units=(units(mugs, 3),)), owner)
    order.refresh_from_db()
    assert (order.status, order.fulfillment_status) == ("completed", "shipped")
    assert run_audit() == []


def test_sent_units_go_back_into_stock_or_stay_away(order, owner):
    mugs, lamp = lines_of(order)
    send_all(order)
    back = (units(mugs, 1, "restock"), units(mugs, 1, "write_off"), units(lamp, 1, "kept"))
    ask_refund(order, RefundChoice(units=back, location_id=make_location().pk), owner)
    assert (stock_of(mugs.variant), stock_of(lamp.variant)) == ((8, 0), (9, 0))
    assert order.lines.get(pk=mugs.pk).refunded_quantity == 2
    assert run_audit() == []


def test_refunds_unit_by_unit_add_up_to_the_order(order, owner):
    mugs, lamp = lines_of(order)
    send_all(order)
    for _unit in range(3):
        ask_refund(order, RefundChoice(units=(units(mugs, 1, "kept"),), shipping_minor=163), owner)
    ask_refund(order, RefundChoice(units=(units(lamp, 1, "kept"),), shipping_minor=1), owner)
    assert carry_out_waiting() == 4
    assert order.payments.get().refunded_minor == order.total_minor
    taxes = [tax for journal in Journal.objects.filter(order=order) for tax in journal.taxes]
    assert sum(tax["tax_minor"] for tax in taxes) == 0
    assert sum(tax["base_minor"] for tax in taxes) == 0
    assert run_audit() == []


@pytest.mark.fault("F073")
def test_no_unit_and_no_delivery_is_refunded_twice(order, owner):
    mugs, lamp = lines_of(order)
    send_all(order)
    ask_refund(order, RefundChoice(units=(units(mugs, 3, "kept"),), shipping_minor=490), owner)
    order = Order.objects.get(pk=order.pk)
    with pytest.raises(ReversalRefused, match=r"Only 0 of Mug can still be refunded like this\."):
        ask_refund(order, RefundChoice(units=(units(mugs, 1, "kept"),)), owner)
    with pytest.raises(ReversalRefused, match=r"Only €0\.00 of the delivery cost"):
        ask_refund(order, RefundChoice(shipping_minor=1), owner)
    with pytest.raises(RefundRefused, match=r"Only €50\.00 of this order can still be refunded, not €50\.01\."):
        ask_refund(order, RefundChoice(goodwill_minor=5001), owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderLine.objects.filter(pk=mugs.pk).update(refunded_quantity=4)


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"goodwill_minor": 0}, r"Choose what to refund: units, delivery or an amount\."),
        ({"goodwill_minor": -1}, r"An amount cannot be negative\."),
        ({"shipping_minor": -1}, r"Only €4\.90 of the delivery cost can still be refunded\."),
        ({"goodwill_minor": 100, "target": "credit"}, r"The customer has no account"),
    ],
)
def test_what_cannot_be_refunded_is_refused_with_a_sentence(order, owner, choice, sentence):
    with pytest.raises((RefundRefused, ReversalRefused), match=sentence):
        ask_refund(order, RefundChoice(**choice), owner)
    assert not RefundRequest.objects.exists()


def test_units_that_were_not_sent_cannot_come_back(order, owner):
    mugs, _lamp = lines_of(order)
    with pytest.raises(ReversalRefused, match="Only 0 of Mug"):
        ask_refund(order, RefundChoice(units=(units(mugs, 1, "restock"),)), owner)


def test_all_of_an_order_that_was_not_sent_is_canceled_instead(order, owner):
    mugs, lamp = lines_of(order)
    with pytest.raises(ReversalRefused, match="Cancel the order instead"):
        ask_refund(order, RefundChoice(units=(units(mugs, 3), units(lamp, 1))), owner)


def test_goodwill_is_given_away_and_leaves_sales_and_tax_alone(order, owner):
    ask_refund(order, RefundChoice(goodwill_minor=700, reason=Reason.LATE), owner)
    assert postings_of(order, "reversal") == {"goodwill": 700, "receivable": -700}
    carry_out_waiting()
    assert run_audit() == []


def test_the_same_form_sent_twice_is_one_refund(order, owner):
    choice = RefundChoice(goodwill_minor=700)
    assert ask_refund(order, choice, owner) == ask_refund(order, choice, owner)
    assert RefundRequest.objects.count() == Refund.objects.count() == 1


def test_who_has_not_seen_the_last_change_is_told(order, owner):
    with pytest.raises(OrderChanged):
        ask_refund(order, RefundChoice(goodwill_minor=700), owner, seen=order.events.earliest("pk").pk)


def test_the_card_gets_its_money_before_the_gift_card(stripe_desk, owner):
    make_shipping(free_from_minor=0)
    card, code = issue_gift_card(3000, "EUR")
    cart = make_cart(make_variant(5000), quantity=1)
    from orders.cart.codes import enter_code  # noqa: PLC0415

    enter_code(cart, code)
    order = paid(place(cart), stripe_desk)
    ask_refund(order, RefundChoice(goodwill_minor=2500), owner)
    assert list(Refund.objects.values_list("payment__method", "amount_minor")) == [("stripe", 2000), ("giftcard", 500)]
    card.refresh_from_db()
    assert card.balance_minor == 500
    carry_out_waiting()
    assert run_audit() == []


def test_a_refund_to_a_new_gift_card_needs_no_answer_of_stripe(order, owner):
    mugs, _lamp = lines_of(order)
    ask_refund(order, RefundChoice(units=(units(mugs, 1),), target=Target.GIFT_CARD), owner)
    card = GiftCard.objects.get()
    assert (card.balance_minor, Refund.objects.get().status) == (1001, "succeeded")
    assert Mail.objects.filter(message_id__startswith="<gift_cards").count() == 1
    assert Mail.objects.filter(message_id__startswith="<order_refunded").count() == 1
    assert postings_of(order, "refund") == {"gift_cards": -1001, "receivable": 1001}
    assert run_audit() == []


def test_store_credit_is_given_to_the_account_of_the_customer(stripe_desk, owner):
    make_shipping()
    order = paid(place(make_cart(make_variant(), user=(user := make_user())), user), stripe_desk)
    ask_refund(order, RefundChoice(goodwill_minor=500, target=Target.CREDIT), owner)
    assert (GiftCard.objects.get().user, GiftCard.objects.get().balance_minor) == (user, 500)
    assert run_audit() == []


def test_a_refund_above_the_limit_waits_for_somebody_else(order):
    asking, agreeing = (make_user(is_staff=True) for _person in range(2))
    limit(asking, 1000)
    limit(agreeing, None)
    request = ask_refund(order, RefundChoice(goodwill_minor=1001), asking)
    assert (request.status, Refund.objects.count(), request.journal) == ("waiting", 0, None)
    with pytest.raises(RefundRefused, match="You asked for this refund yourself"):
        approve(request, asking)
    assert approve(request, agreeing).status == "approved"
    assert approve(request, agreeing).decided_by == agreeing
    assert Refund.objects.get().amount_minor == 1001
    assert run_audit() == []


def limit(user, amount_minor: int | None) -> None:
    from django.contrib.auth.models import Group  # noqa: PLC0415

    role = Group.objects.create(name=f"role of {user.pk}")
    user.groups.add(role)
    RefundLimit.objects.create(role=role, currency="EUR", amount_minor=amount_minor)


def test_the_most_generous_role_is_the_limit_and_no_role_is_no_limit_to_ask(owner):
    user = make_user(is_staff=True)
    assert (limit_of(user, "EUR"), limit_of(owner, "EUR")) == (0, None)
    limit(user, 1000)
    assert (limit_of(user, "EUR"), limit_of(user, "USD")) == (1000, 0)
    from django.contrib.auth.models import Group  # noqa: PLC0415

    more = Group.objects.create(name="more")
    RefundLimit.objects.create(role=more, currency="EUR", amount_minor=5000)
    user.groups.add(more)
    assert limit_of(user, "EUR") == 5000


def test_nobody_approves_above_the_own_limit(order):
    asking, agreeing = (make_user(is_staff=True) for _person in range(2))
    limit(agreeing, 1000)
    request = ask_refund(order, RefundChoice(goodwill_minor=1001), asking)
    with pytest.raises(RefundRefused, match="above your own limit"):
        approve(request, agreeing)


def test_the_database_wants_a_second_person(order, owner):
    request = ask_refund(order, RefundChoice(goodwill_minor=1001), owner)
    with pytest.raises(IntegrityError, match="refund_request_second_person"), transaction.atomic():
        RefundRequest.objects.filter(pk=request.pk).update(decided_by=owner)


def test_a_declined_refund_frees_its_units(order, owner):
    mugs, _lamp = lines_of(order)
    asking = make_user(is_staff=True)
    request = ask_refund(order, RefundChoice(units=(units(mugs, 2),), shipping_minor=490), asking)
    assert order.lines.get(pk=mugs.pk).refunded_quantity == 2
    assert decline(request, owner).status == "declined"
    assert decline(request, owner).status == "declined"
    assert order.lines.get(pk=mugs.pk).refunded_quantity == 0
    assert Order.objects.get().refunded_shipping_minor == 0
    with pytest.raises(RefundRefused, match="declined meanwhile"):
        approve(request, owner)
    assert run_audit() == []


def test_units_sent_while_the_refund_waits_are_not_held_back_any_more(order, owner):
    mugs, _lamp = lines_of(order)
    request = ask_refund(order, RefundChoice(units=(units(mugs, 2),)), make_user(is_staff=True))
    ship(order, NewFulfillment({mugs.pk: 3}))
    with pytest.raises(ReversalRefused, match="Mug was sent meanwhile"):
        approve(request, owner)
    assert RefundRequest.objects.get().status == "waiting"
    decline(request, owner)
    assert run_audit() == []


def test_money_that_waits_for_approval_cannot_be_refunded_by_others(order, owner):
    ask_refund(order, RefundChoice(goodwill_minor=8000), make_user(is_staff=True))
    with pytest.raises(RefundRefused, match=r"Only €4\.93"):
        ask_refund(order, RefundChoice(goodwill_minor=494), owner)


def test_canceling_the_rest_of_an_order_takes_back_what_refunds_left(order, owner):
    mugs, _lamp = lines_of(order)
    ask_refund(order, RefundChoice(units=(units(mugs, 1),), goodwill_minor=300), owner)
    ask_refund(order, RefundChoice(units=(units(mugs, 1),)), make_user(is_staff=True))
    carry_out_waiting()
    cancel_order(order, user_id=owner.pk)
    carry_out_waiting()
    assert [request.status for request in RefundRequest.objects.all()] == ["approved", "declined"]
    assert order.payments.get().refunded_minor == order.total_minor
    assert ledger.owed_by_shopper(order) == 0
    sums = {}
    for account, minor in Journal.objects.filter(order=order).values_list(
        "postings__account", "postings__amount_minor"
    ):
        sums[account] = sums.get(account, 0) + minor
    assert {account: minor for account, minor in sums.items() if minor} == {}
    assert stock_of(mugs.variant) == (10, 0)
    assert run_audit() == []


@pytest.mark.fault("F071")
def test_a_refund_that_fails_later_is_paid_to_a_gift_card_and_the_sale_stays_taken_back(order, owner):
    mugs, _lamp = lines_of(order)
    ask_refund(order, RefundChoice(units=(units(mugs, 1),)), owner)
    carry_out_waiting()
    refund = Refund.objects.get()
    take_over_refund(refund, RefundState(refund.provider_ref or "", "failed", 1001, "lost_or_stolen_card"))
    assert ledger.owed_by_shopper(order) == -1001
    assert run_audit() == []
    again = pay_again(refund, Target.GIFT_CARD, owner)
    assert (again.status, GiftCard.objects.get().balance_minor) == ("succeeded", 1001)
    assert ledger.owed_by_shopper(order) == 0
    with pytest.raises(RefundRefused, match="paid out again meanwhile"):
        pay_again(refund, Target.SAME, owner)
    assert run_audit() == []


def test_a_refund_made_at_stripe_is_goodwill_until_it_is_assigned(order, owner):
    mugs, _lamp = lines_of(order)
    send_all(order)
    payment = order.payments.get()
    note_foreign_refund(payment, RefundState("re_dashboard", "succeeded", 1500, ""))
    request = RefundRequest.objects.get()
    assert (request.reason, request.is_to_assign, request.goodwill_minor) == ("at_stripe", True, 1500)
    assert postings_of(order, "goodwill") == {"goodwill": 1500, "receivable": -1500}
    assert run_audit() == []
    assign(request, RefundChoice(units=(units(mugs, 1, "kept"),)), owner)
    assert postings_of(order, "reversal") == {"sales": 841, "tax": 160, "goodwill": -1001}
    assert RefundRequest.objects.get().goodwill_minor == 499
    with pytest.raises(RefundRefused, match="assigned already"):
        assign(request, RefundChoice(units=(units(mugs, 1, "kept"),)), owner)
    assert run_audit() == []


def test_more_than_was_refunded_at_stripe_cannot_be_assigned(order, owner):
    _mugs, lamp = lines_of(order)
    send_all(order)
    note_foreign_refund(order.payments.get(), RefundState("re_dashboard", "succeeded", 1500, ""))
    with pytest.raises(RefundRefused, match=r"€15\.00 was refunded\. The chosen units and delivery cost €50\.00\."):
        assign(RefundRequest.objects.get(), RefundChoice(units=(units(lamp, 1, "kept"),)), owner)


def test_a_refund_at_stripe_of_what_is_owed_anyway_is_no_goodwill(order, owner):
    cancel_order(order, user_id=owner.pk)
    Refund.objects.all().delete()
    note_foreign_refund(order.payments.get(), RefundState("re_dashboard", "succeeded", order.total_minor, ""))
    assert not RefundRequest.objects.exists()
    assert run_audit() == []


def test_a_plan_says_where_the_money_goes_and_changes_nothing(order):
    mugs, _lamp = lines_of(order)
    plan = plan_refund(order, RefundChoice(units=(units(mugs, 1),), goodwill_minor=99))
    assert [(share.payment.method, share.amount_minor) for share in plan.shares] == [("stripe", 1100)]
    assert (plan.reversal.tax_minor, Payment.objects.get().refunded_minor) == (160, 0)
