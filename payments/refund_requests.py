"""Refund a part of an order: ask for it, agree to it, book it and pay it out. Money moves only after the books."""

import uuid
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from catalog.money import format_money
from orders import gift_cards
from orders.editing import check_unchanged
from orders.errors import GiftCardRefused
from orders.gift_card_emails import mail_gift_cards
from orders.lifecycle import lock_order, record_event
from orders.models import Disposition, GiftCard, Order, OrderEvent
from orders.reversal import UnitsBack, carry_out_reversal, give_back, plan_reversal, take
from payments import ledger
from payments.authorizations import BEING_CAPTURED, clear_lapsed, open_request_of, release_if_nothing_owed
from payments.errors import RefundRefused
from payments.models import Payment, Refund, RefundLine, RefundRequest
from payments.offline import credit_unpaid
from payments.refund_mails import mail_when_done
from payments.refund_plans import (
    RefundChoice,
    RefundPlan,
    needs_approval,
    owed_of,
    plan_refund,
    refundable,
    shares_of,
)
from payments.refunds import request_refund

Status, Target = RefundRequest.Status, RefundRequest.Target


@transaction.atomic
def ask_refund(order: Order, choice: RefundChoice, user: User, *, seen: int | None = None) -> RefundRequest:
    """Refund what was chosen, or let it wait for a second person if it is above the user's limit.

    The same key again returns the first request. With `seen`, the newest event on the page, raise OrderChanged if the
    order has changed since. Raise RefundRefused or ReversalRefused, and change nothing, if it is more than is left.
    """
    order = lock_order(order.pk)
    if known := request_with(choice.key, order):
        return known
    check_unchanged(order, seen)
    lock_payments(order)
    refuse_while_capturing(order)
    plan = plan_refund(order, choice)
    request = _store(order, choice, plan, user.pk)
    take(order, plan.reversal)
    if needs_approval(user, order, plan.total_minor):
        amount = format_money(plan.total_minor, order.currency)
        record_event(order, OrderEvent.Kind.PAYMENT, f"Refund of {amount} waits for approval", user_id=user.pk)
        return request
    _carry_out(order, request, user.pk)
    return request


def refuse_while_capturing(order: Order) -> None:
    """Raise RefundRefused while Stripe is asked to capture or release what would be refunded."""
    if open_request_of(order):
        raise RefundRefused(BEING_CAPTURED.format(order.number))


def request_with(key: uuid.UUID, order: Order) -> RefundRequest | None:
    """Return the refund that this form has asked for already, if it has."""
    return RefundRequest.objects.filter(key=key, order=order).first()


def lock_payments(order: Order) -> list[Payment]:
    """Lock the payments of a locked order until the transaction ends."""
    return list(order.payments.order_by("pk").select_for_update(of=("self",)))


def _store(order: Order, choice: RefundChoice, plan: RefundPlan, user_id: int | None) -> RefundRequest:
    request = RefundRequest.objects.create(
        order=order,
        key=choice.key,
        currency=order.currency,
        shipping_minor=plan.reversal.shipping_minor,
        shipping_tax_minor=plan.reversal.shipping_tax_minor,
        goodwill_minor=plan.goodwill_minor,
        tax_minor=plan.reversal.tax_minor,
        taxes=[vars(tax) for tax in plan.reversal.taxes],
        total_minor=plan.total_minor,
        target=choice.target,
        reason=choice.reason,
        note=choice.note[:500],
        has_mail=choice.has_mail,
        location_id=choice.location_id,
        asked_by_id=user_id,
    )
    _store_lines(request, plan)
    return request


def _store_lines(request: RefundRequest, plan: RefundPlan) -> None:
    RefundLine.objects.bulk_create(
        RefundLine(
            request=request,
            line=back.line,
            quantity=back.quantity,
            disposition=back.disposition,
            total_minor=back.total_minor,
            tax_minor=back.tax_minor,
        )
        for back in plan.reversal.lines
    )


def _carry_out(order: Order, request: RefundRequest, user_id: int | None, *, decided_by: int | None = None) -> None:
    """Book the request, give the money back, and do with the units what was decided. Stock is locked last."""
    gift_cards.lock_cards_of(order)
    released = min(request.total_minor, owed_of(order))
    journal = ledger.book_reversal(request)
    RefundRequest.objects.filter(pk=request.pk).update(
        status=Status.APPROVED,
        decided_at=timezone.now(),
        decided_by_id=decided_by,
        journal=journal,
        released_minor=released,
    )
    request.refresh_from_db()
    credit_unpaid(order, released)
    amount = format_money(request.total_minor, order.currency)
    text = f"Refund of {amount}: {request.get_reason_display().lower()}"
    record_event(order, OrderEvent.Kind.PAYMENT, text, is_public=True, user_id=user_id)
    _pay_out(order, request, user_id)
    release_if_nothing_owed(order, user_id)
    clear_lapsed(order)
    mail_when_done(request.pk)
    carry_out_reversal(order, units_of(request), location=request.location, user_id=user_id)


def drop_unsent(order: Order, units: Iterable[UnitsBack], user_id: int | None) -> RefundRequest:
    """Take units that will not be sent back of the sale, because the payment was captured without them.

    The order and its payments must be locked. Raise ReversalRefused if they were sent or refunded meanwhile.
    """
    plan = RefundPlan(plan_reversal(order, units), 0, ())
    request = _store(order, RefundChoice(reason=RefundRequest.Reason.UNAVAILABLE), plan, user_id)
    take(order, plan.reversal)
    _carry_out(order, request, user_id)
    return request


def units_of(request: RefundRequest) -> list[UnitsBack]:
    """Return the units of a stored request."""
    lines = request.lines.order_by("pk")
    return [UnitsBack(line.line_id, line.quantity, Disposition(line.disposition)) for line in lines]


def _pay_out(order: Order, request: RefundRequest, user_id: int | None) -> None:
    """Divide the amount among the payments. Raise RefundRefused if they do not hold it any more."""
    to_pay = request.total_minor - request.released_minor
    shares = list(shares_of(refundable(order), to_pay))
    if sum(share.amount_minor for share in shares) < to_pay:
        raise RefundRefused("The payments of this order hold less by now. Decline this refund and ask for it again.")
    has_card = to_pay and request.target != Target.SAME
    card = _new_card(order, request, to_pay, user_id) if has_card else None
    for share in shares:
        request_refund(
            share.payment,
            share.amount_minor,
            reason=request.get_reason_display(),
            user_id=user_id,
            request=request,
            gift_card=card,
        )


def _new_card(order: Order, request: RefundRequest, amount_minor: int, user_id: int | None) -> GiftCard:
    """Issue the gift card or store credit that gets the refund, and send its code."""
    owner = order.user_id if request.target == Target.CREDIT else None
    note = f"Refund of {order.number}"
    try:
        card, code = gift_cards.issue(
            amount_minor, order.currency, user_id=owner, note=note, by=user_id, is_test=order.is_test
        )
    except GiftCardRefused as refused:
        raise RefundRefused(str(refused)) from refused
    if code:
        mail_gift_cards(order, [(card, code)])
    return card


@transaction.atomic
def approve(request: RefundRequest, user: User) -> RefundRequest:
    """Agree to a refund that somebody else asked for; it is booked and paid out now. Agreeing twice changes nothing.

    Raise RefundRefused if the user asked for it, it is above the user's own limit, or it was declined, and
    ReversalRefused if units were sent meanwhile.
    """
    order, locked = _locked(request)
    if locked.status == Status.APPROVED:
        return locked
    refuse_while_capturing(order)
    if locked.status == Status.DECLINED:
        raise RefundRefused("This refund was declined meanwhile.")
    if locked.asked_by_id == user.pk:
        raise RefundRefused("You asked for this refund yourself. Somebody else has to approve it.")
    if needs_approval(user, order, locked.total_minor):
        raise RefundRefused("This refund is above your own limit. Somebody with a higher limit has to approve it.")
    if not order.is_paid:
        raise RefundRefused(f"{order.number} is {order.get_status_display().lower()} by now. Decline this refund.")
    _carry_out(order, locked, user.pk, decided_by=user.pk)
    return locked


@transaction.atomic
def decline(request: RefundRequest, user: User) -> RefundRequest:
    """Decline a waiting refund, or withdraw one's own; its units can be refunded again. Declining twice changes nothing.

    Raise RefundRefused if it was approved meanwhile.
    """
    order, locked = _locked(request)
    if locked.status == Status.APPROVED:
        raise RefundRefused("This refund was approved meanwhile.")
    if locked.is_waiting:
        decline_locked(order, locked, user.pk)
    return locked


def decline_locked(order: Order, request: RefundRequest, user_id: int | None) -> None:
    """Decline a waiting request of a locked order."""
    lines = request.lines.values_list("line", "quantity")
    give_back(order, lines, request.shipping_minor)
    RefundRequest.objects.filter(pk=request.pk).update(
        status=Status.DECLINED, decided_at=timezone.now(), decided_by_id=user_id
    )
    amount = format_money(request.total_minor, order.currency)
    record_event(order, OrderEvent.Kind.PAYMENT, f"Refund of {amount} declined", user_id=user_id)
    request.refresh_from_db()


def _locked(request: RefundRequest) -> tuple[Order, RefundRequest]:
    order = lock_order(request.order_id)
    lock_payments(order)
    return order, RefundRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)


def decline_waiting(order: Order, user_id: int | None) -> None:
    """Decline every waiting refund of a locked order, because all of it is canceled."""
    for request in order.refund_requests.filter(status=Status.WAITING).select_for_update(of=("self",)):
        decline_locked(order, request, user_id)


@transaction.atomic
def pay_again(refund: Refund, target: str, user: User) -> Refund:
    """Pay out a failed refund once more, the same way or to a gift card or store credit. The books owe it already.

    Raise RefundRefused if it has not failed, or was paid out again.
    """
    order = lock_order(refund.payment.order_id)
    lock_payments(order)
    locked = Refund.objects.select_for_update(of=("self",)).select_related("payment", "request").get(pk=refund.pk)
    if locked.status != Refund.Status.FAILED or locked.replaced_by_id:
        raise RefundRefused("This refund has not failed, or was paid out again meanwhile.")
    request = locked.request or RefundRequest(order=order, target=target)
    request.target = target
    if target == Target.CREDIT and not order.user_id:
        raise RefundRefused("The customer has no account, so there is no store credit. Choose a gift card.")
    card = _new_card(order, request, locked.amount_minor, user.pk) if target != Target.SAME else None
    again = request_refund(
        locked.payment,
        locked.amount_minor,
        reason=locked.reason,
        user_id=user.pk,
        request=locked.request,
        gift_card=card,
    )
    Refund.objects.filter(pk=locked.pk).update(replaced_by=again)
    record_event(order, OrderEvent.Kind.PAYMENT, "A failed refund is paid out again", user_id=user.pk)
    if again.request_id:
        mail_when_done(again.request_id)
    return again


@transaction.atomic
def assign(request: RefundRequest, choice: RefundChoice, user: User) -> RefundRequest:
    """Say which units and delivery a refund made at Stripe was for. What is not assigned stays goodwill.

    Raise RefundRefused if it was assigned already or the units cost more than was refunded, and ReversalRefused for more
    units than are left.
    """
    order, locked = _locked(request)
    if not locked.is_to_assign:
        raise RefundRefused("This refund was assigned already.")
    plan = RefundPlan(plan_reversal(order, choice.units, choice.shipping_minor), 0, ())
    rest = locked.total_minor - plan.total_minor
    if rest < 0 or not plan.total_minor:
        asked, refunded = (format_money(minor, order.currency) for minor in (plan.total_minor, locked.total_minor))
        raise RefundRefused(f"{refunded} was refunded. The chosen units and delivery cost {asked}.")
    gift_cards.lock_cards_of(order)
    take(order, plan.reversal)
    reversal = plan.reversal
    RefundRequest.objects.filter(pk=locked.pk).update(
        shipping_minor=reversal.shipping_minor,
        shipping_tax_minor=reversal.shipping_tax_minor,
        goodwill_minor=rest,
        tax_minor=reversal.tax_minor,
        taxes=[vars(tax) for tax in reversal.taxes],
        location_id=choice.location_id,
    )
    _store_lines(locked, plan)
    locked.refresh_from_db()
    RefundRequest.objects.filter(pk=locked.pk).update(journal=ledger.book_assignment(locked))
    record_event(order, OrderEvent.Kind.PAYMENT, "A refund made at Stripe was assigned to lines", user_id=user.pk)
    carry_out_reversal(order, units_of(locked), location=locked.location, user_id=user.pk)
    return locked
