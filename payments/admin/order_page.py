"""What payments adds to the order page: what was paid and refunded, and for each payment how Stripe knows it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.urls import reverse

from accounts.models import User
from catalog.formats import NOTHING, day, moment, money
from orders.admin.order_page import Panel
from orders.admin.order_page.content import TABLE, Column, Table, table
from orders.admin.order_page.registry import Area
from orders.admin.states import Badge
from orders.models import Order
from payments.admin.reading import payments_of, requests_of
from payments.admin.refund_facts import facts_of
from payments.balance import fee_of
from payments.models import Payment, Refund, RefundRequest

SEE_PAYMENTS = "payments.view_payment"
Status = Payment.Status
REFUND_NAMES = {
    Refund.Status.REQUESTED: "Refund on its way",
    Refund.Status.PENDING: "Refund on its way",
    Refund.Status.SUCCEEDED: "Refunded",
    Refund.Status.FAILED: "Refund failed",
}


@dataclass(frozen=True)
class MoneyRow:
    """A row of amounts. `is_sum` draws a line above it, and `url` is the page of what it names."""

    name: str
    amount: str
    is_sum: bool = False
    url: str = ""


@dataclass(frozen=True)
class Money:
    """The content of the panel: amounts, and sentences about what to look at."""

    badge: Badge | None
    rows: Sequence[MoneyRow]
    warnings: Sequence[str]


def _money(order: Order, user: User) -> Money:
    payments = payments_of(order)
    captured = sum(payment.captured_minor for payment in payments)
    refunded = sum(payment.refunded_minor for payment in payments)
    kept = captured - refunded
    rows = [*_paid_rows(payments), MoneyRow("Paid", money(captured, order.currency), is_sum=True)]
    refund_rows = list(_refund_rows(payments))
    if refund_rows:
        rows += [*refund_rows, MoneyRow("Left after refunds", money(kept, order.currency), is_sum=True)]
    rows += _stripe_rows(payments, sees_payouts=user.has_perm("payments.view_payout"))
    taken_back = sum(request.total_minor for request in requests_of(order) if request.is_approved)
    is_even = kept == (order.total_minor - taken_back if order.is_paid else 0)
    badge = Badge("Balanced", "ok") if is_even and captured else _held_badge(payments)
    return Money(badge, rows, list(_warnings(payments)))


def _paid_rows(payments: Sequence[Payment]) -> Iterator[MoneyRow]:
    for payment in payments:
        if payment.captured_minor:
            yield MoneyRow(payment.shown_method, money(payment.captured_minor, payment.currency))
        elif payment.status == Status.AUTHORIZED:
            until = f" until {day(payment.capture_before)}" if payment.capture_before else ""
            yield MoneyRow(
                f"{payment.shown_method}: authorized{until}", money(payment.authorized_minor, payment.currency)
            )
        elif payment.is_live and not payment.is_offline:
            name = f"{payment.shown_method}: {payment.get_status_display().lower()}"
            yield MoneyRow(name, money(payment.amount_minor, payment.currency))
        if payment.is_awaited:
            until = f" by {day(payment.due_at)}" if payment.due_at else ""
            yield MoneyRow(f"{payment.shown_method}: to pay{until}", money(payment.left_minor, payment.currency))


def _held_badge(payments: Sequence[Payment]) -> Badge | None:
    """Return a badge for money that is only held, or that is no longer held; None otherwise."""
    if any(payment.status == Status.AUTHORIZED for payment in payments):
        return Badge("Authorized", "info open")
    return Badge("Not charged", "bad") if any(payment.flag == Payment.Flag.LAPSED for payment in payments) else None


def _refund_rows(payments: Sequence[Payment]) -> Iterator[MoneyRow]:
    for payment in payments:
        for refund in payment.refunds.all():
            name = f"{REFUND_NAMES[Refund.Status(refund.status)]}, {day(refund.created_at)}"
            yield MoneyRow(f"{name}: {payment.shown_method}", money(-refund.amount_minor, refund.currency))


def _stripe_rows(payments: Sequence[Payment], *, sees_payouts: bool) -> Iterator[MoneyRow]:
    """Yield what Stripe kept of the order's money, what is left, and in which payouts it reached the bank."""
    moved = [transaction for payment in payments for transaction in payment.balance_transactions.all()]
    for currency in dict.fromkeys(transaction.currency for transaction in moved):
        own = [transaction for transaction in moved if transaction.currency == currency]
        yield MoneyRow("Fees of Stripe", money(-sum(fee_of(transaction) for transaction in own), currency))
        net = sum(transaction.net_minor for transaction in own)
        yield MoneyRow("Net at Stripe", money(net, currency), is_sum=True)
        for payout in dict.fromkeys(transaction.payout for transaction in own):
            minor = sum(transaction.net_minor for transaction in own if transaction.payout == payout)
            if payout is None:
                yield MoneyRow("Not paid out yet", money(minor, currency))
                continue
            url = reverse("admin:payments_payout_change", args=[payout.pk]) if sees_payouts else ""
            yield MoneyRow(f"Payout to arrive {day(payout.arrives_on)}", money(minor, currency), url=url)


def _charging_sentences(payment: Payment) -> Iterator[str]:
    """Yield what Stripe has not answered yet."""
    for request in payment.authorization_requests.all():
        if request.is_open and request.is_capture:
            amount = money(request.amount_minor, payment.currency)
            yield f"Stripe was asked to charge {amount} on {moment(request.created_at)} and has not answered yet."


def _warnings(payments: Sequence[Payment]) -> Iterator[str]:
    for payment in payments:
        if payment.is_risky:
            yield f"{payment.shown_method}: Stripe sees a risk of fraud ({payment.shown_risk.lower()})."
        if payment.flag:
            yield f"{payment.shown_method}: {payment.get_flag_display().lower()}."
        if payment.disputed_minor:
            yield f"{payment.shown_method}: {money(payment.disputed_minor, payment.currency)} is disputed."
        yield from _charging_sentences(payment)
        for refund in payment.refunds.all():
            if refund.status == Refund.Status.FAILED:
                yield f"A refund of {money(refund.amount_minor, refund.currency)} failed: {refund.last_error}"


COLUMNS = (
    Column("Method", lambda payment: payment.get_method_display()),
    Column("Status", lambda payment: payment.get_status_display()),
    Column("Amount", lambda payment: money(payment.amount_minor, payment.currency), is_number=True),
    Column("Authorized", lambda payment: money(payment.authorized_minor, payment.currency), is_number=True),
    Column("Captured", lambda payment: money(payment.captured_minor, payment.currency), is_number=True),
    Column("Refunded", lambda payment: money(payment.refunded_minor, payment.currency), is_number=True),
    Column("Risk", lambda payment: payment.shown_risk or NOTHING),
    Column("To check", lambda payment: payment.get_flag_display()),
    Column("Payment intent", lambda payment: payment.payment_intent_id or NOTHING),
)


def _payments(order: Order, _user: User) -> Table:
    return table(COLUMNS, payments_of(order), empty="No payment has been started yet.")


REQUEST_LOOKS = {
    RefundRequest.Status.WAITING: "warn open",
    RefundRequest.Status.APPROVED: "ok",
    RefundRequest.Status.DECLINED: "",
}


@dataclass(frozen=True)
class ShownRefund:
    """A refund with what it gives back, in sentences, and how far its money is."""

    title: str
    badge: Badge
    facts: Sequence[str]


def _refunds(order: Order, _user: User) -> list[ShownRefund] | None:
    """Return what was refunded and why, newest first; None without refunds, so that there is no panel."""
    return [_shown_refund(request) for request in reversed(requests_of(order))] or None


def _shown_refund(request: RefundRequest) -> ShownRefund:
    title = f"{money(request.total_minor, request.currency)}, {day(request.asked_at)}"
    return ShownRefund(title, _refund_badge(request), facts_of(request))


def _refund_badge(request: RefundRequest) -> Badge:
    states = {refund.status for refund in request.refunds.all() if not refund.replaced_by_id}
    if request.status != RefundRequest.Status.APPROVED:
        status = RefundRequest.Status(request.status)
        return Badge(status.label, REQUEST_LOOKS[status])
    if Refund.Status.FAILED in states:
        return Badge("Failed", "bad")
    if request.is_to_assign:
        return Badge("Made at Stripe: assign it to lines", "warn")
    if not states and request.released_minor:
        return Badge("Not charged", "ok")
    return Badge("Refunded", "ok") if states == {Refund.Status.SUCCEEDED} else Badge("On its way", "info half")


MONEY = Panel(
    "money",
    "Money",
    "admin/orders/order/panels/money.html",
    40,
    _money,
    permission=SEE_PAYMENTS,
    area=Area.HALF,
)
REFUNDS = Panel(
    "refunds",
    "Refunds",
    "admin/orders/order/panels/refunds.html",
    60,
    _refunds,
    permission=SEE_PAYMENTS,
)
PAYMENTS = Panel("payments", "Payments", TABLE, 230, _payments, permission=SEE_PAYMENTS, area=Area.TECHNICAL)
