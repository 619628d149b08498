"""The reports of payments and of what is owed to holders of gift cards."""

from collections import defaultdict
from datetime import date

from django.db.models import Sum

from payments.models import Journal, Payment
from payments.reports.books import Account, SumRow, sums_of
from payments.reports.periods import Period
from payments.reports.tables import Cell, Column, Figure, Kind, Query, Report, Table

PAYMENT_COLUMNS = (
    Column("Paid with"),
    Column("Payments", Kind.NUMBER),
    Column("Captured", Kind.MONEY),
    Column("Refunds", Kind.NUMBER),
    Column("Refunded", Kind.MONEY),
    Column("Kept", Kind.MONEY, is_main=True),
)
METHODS = {
    Account.STRIPE: "Stripe",
    Account.GIFT_CARDS: "Gift cards and store credit",
    Account.BANK: "Bank transfers",
    Account.CASH: "Cash",
}
REFUNDS = (Journal.Kind.REFUND, Journal.Kind.REFUND_FAILED)


def read_payments(query: Query) -> Table:
    """Read what was captured and refunded in the market's currency, by what holds the money."""
    rows = [row for row in sums_of(query.period, query.market.code) if row.currency == query.currency]
    listed: list[list[Cell]] = []
    for account, name in METHODS.items():
        captured = [row for row in rows if row.account == account and row.kind == Journal.Kind.CAPTURE]
        refunded = [row for row in rows if row.account == account and row.kind in REFUNDS]
        listed.append(
            [
                name,
                sum(row.journals for row in captured),
                _sum(captured),
                sum(row.journals for row in refunded if row.kind == Journal.Kind.REFUND),
                _sum(refunded),
                _sum(captured) + _sum(refunded),
            ]
        )
    totals = [sum(row[index] for row in listed) for index in range(1, len(PAYMENT_COLUMNS))]  # type: ignore[misc]
    return Table(
        PAYMENT_COLUMNS,
        rows=listed,
        totals=["Total", *totals],
        figures=(
            Figure("Captured", Kind.MONEY, totals[1]),
            Figure("Refunded", Kind.MONEY, totals[3]),
            Figure("Kept", Kind.MONEY, totals[4]),
            Figure("Authorized, not charged yet", Kind.MONEY, _held(query)),
        ),
    )


def _held(query: Query) -> int:
    """Return what banks hold now for orders of the market that were not charged yet. It is in no period's sums."""
    held = Payment.objects.filter(status=Payment.Status.AUTHORIZED, currency=query.currency)
    if query.market.code:
        held = held.filter(order__market=query.market.code)
    return held.aggregate(sum=Sum("authorized_minor"))["sum"] or 0


def _sum(rows: list[SumRow]) -> int:
    return sum(row.amount_minor for row in rows)


GIFT_COLUMNS = (Column("What happened"), Column("Amount", Kind.MONEY, is_main=True))
# Kind of journal → what it does to the debt.
MOVEMENTS = {
    Journal.Kind.SALE: "Sold",
    Journal.Kind.CANCEL: "Sales canceled",
    Journal.Kind.GIFT_ISSUED: "Given by staff",
    Journal.Kind.CAPTURE: "Used to pay",
    Journal.Kind.REFUND: "Refunded to cards",
    Journal.Kind.GIFT_EXPIRED: "Expired",
}
FIRST_DAY = date(2000, 1, 1)


def read_gift_cards(query: Query) -> Table:
    """Read what is owed to holders of gift cards in this currency, before, during and after the period.

    Gift cards belong to a currency, not to a market, so cards of all markets with this currency count.
    """
    until = Period(FIRST_DAY, query.period.last)
    rows = [row for row in sums_of(until) if row.account == Account.GIFT_CARDS and row.currency == query.currency]
    opening = -_sum([row for row in rows if row.day < query.period.first])
    changes: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.day >= query.period.first:
            changes[row.kind] -= row.amount_minor
    others = changes.keys() - set(MOVEMENTS)
    listed: list[list[Cell]] = [["Owed before", opening]]
    listed += [[label, changes.get(kind, 0)] for kind, label in MOVEMENTS.items()]
    listed += [[kind.replace("_", " ").capitalize(), changes[kind]] for kind in sorted(others)]
    closing = opening + sum(changes.values())
    return Table(
        GIFT_COLUMNS,
        rows=listed,
        totals=["Owed at the end", closing],
        figures=(
            Figure("Owed at the end", Kind.MONEY, closing),
            Figure("Sold", Kind.MONEY, changes.get(Journal.Kind.SALE, 0)),
            Figure("Used to pay", Kind.MONEY, -changes.get(Journal.Kind.CAPTURE, 0)),
        ),
    )


PAYMENTS = Report(
    "payments", "Payments", "Money that was captured and refunded, by the time it was booked.", read_payments
)
GIFT_CARDS = Report(
    "gift-cards",
    "Gift cards owed",
    "What the shop owes to holders of gift cards and store credit, in all markets with this currency. Unpaid orders "
    "have not used their cards yet.",
    read_gift_cards,
)
