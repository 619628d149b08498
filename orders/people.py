"""People who order: an account or a guest by e-mail address, with orders, what they are worth, gift cards and credit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Expression, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum

from accounts.mailboxes import normalize_mailbox
from accounts.models import User
from catalog.formats import money
from orders.models import Customer, GiftCard, Order

MAX_SHOWN_ORDERS = 20
MAX_SHOWN_CARDS = 50


refunds: list[Expression] = []  # what was paid back of an order; payments adds its own


def value_sum() -> Sum:
    """The sum of the orders, less what was paid back."""
    kept: Any = F("total_minor")
    for refund in refunds:
        kept = kept - refund
    return Sum(kept)


@dataclass(frozen=True)
class Value:
    """How many orders somebody placed that are not canceled, and for how much less refunds, as text.

    Test orders do not count. There is one amount for each currency.
    """

    orders: int = 0
    amounts: Sequence[str] = ()

    @property
    def text(self) -> str:
        return " + ".join(self.amounts) or "–"


@dataclass(frozen=True)
class Person:
    """An account, or a guest by e-mail address. `account` is None for guests, `record` is None without notes and tags."""

    email: str
    account: User | None
    record: Customer | None = field(default=None, compare=False)

    def orders(self) -> QuerySet[Order]:
        """The person's orders: those of the account, and those placed with its address."""
        own = Q(user=self.account) if self.account else Q()
        return Order.objects.filter(own | Q(email=self.email))


def account_person(account: User) -> Person:
    """The person with this account."""
    return Person(account.email, account, Customer.objects.filter(email=account.email).first())


def person_of(order: Order) -> Person:
    """The person who placed an order. An address that has an account is the account's."""
    account = order.user or User.objects.filter(email=order.email).first()
    if account:
        return account_person(account)
    return Person(order.email, None, Customer.objects.filter(email=order.email).first())


def latest_orders() -> QuerySet[Order]:
    """The latest order with each e-mail address, so one for each person.

    The subquery is read once for each order of a page, by the index of Order that begins with the address.
    """
    same = Order.objects.filter(email=OuterRef("email")).order_by("-placed_at", "-pk")
    return Order.objects.filter(pk=Subquery(same.values("pk")[:1]))


def values_by_email(emails: Iterable[str]) -> dict[str, Value]:
    """The value of the orders with each of these addresses, in one query."""
    orders = Order.objects.filter(email__in=list(emails), is_test=False).exclude(status=Order.Status.CANCELED)
    rows = orders.order_by("email", "currency").values_list("email", "currency")
    values: dict[str, Value] = {}
    for email, currency, count, total in rows.annotate(count=Count("pk"), total=value_sum()):
        known = values.get(email, Value())
        values[email] = Value(known.orders + count, [*known.amounts, money(total, currency)])
    return values


@dataclass(frozen=True)
class History:
    """What the person did in the shop so far."""

    value: Value
    canceled: int
    first_at: datetime | None
    last_at: datetime | None


def history_of(person: Person) -> History:
    """The number, value and dates of the person's orders, in two queries."""
    orders, is_canceled = person.orders(), Q(status=Order.Status.CANCELED)
    sums = orders.aggregate(first=Min("placed_at"), last=Max("placed_at"), canceled=Count("pk", filter=is_canceled))
    rows = orders.exclude(is_canceled).filter(is_test=False).order_by("currency").values_list("currency")
    totals = list(rows.annotate(count=Count("pk"), total=value_sum()))
    amounts = [money(total, currency) for currency, _, total in totals]
    value = Value(sum(count for _, count, _ in totals), amounts)
    return History(value, sums["canceled"], sums["first"], sums["last"])


def cards_of(person: Person) -> list[GiftCard]:
    """The store credit of the account, and the gift cards that the person bought, newest first."""
    own = Q(user=person.account) if person.account else Q()
    bought = Q(order_line__order__in=person.orders().values("pk"))
    return list(GiftCard.objects.filter(own | bought).order_by("-pk")[:MAX_SHOWN_CARDS])


def credit_of(person: Person) -> str:
    """The store credit that the account can use, as text."""
    if not person.account:
        return "–"
    rows = GiftCard.objects.filter(user=person.account, is_active=True, balance_minor__gt=0).order_by("currency")
    sums = rows.values_list("currency").annotate(total=Sum(F("balance_minor")))
    return " + ".join(money(total, currency) for currency, total in sums) or "–"


def record_of(person: Person) -> Customer:
    """The row with notes and tags about the person, which is created if there is none. It is locked until COMMIT."""
    Customer.objects.get_or_create(email=normalize_mailbox(person.email))
    return Customer.objects.select_for_update().get(email=normalize_mailbox(person.email))
