"""The list of people: those who ordered, by their latest order, or those with an account, newest first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse

from accounts.models import User
from accounts.one_line import one_line
from catalog.folding import folded_words
from catalog.keyset import Keyset, KeysetPage
from orders.models import Customer, Order
from orders.people import Value, latest_orders, values_by_email

PER_PAGE = 50
MIN_INDEXED = 3  # shorter texts have no trigram
BUYERS, ACCOUNTS = "buyers", "accounts"
TABS = {BUYERS: "Ordered", ACCOUNTS: "Accounts"}


@dataclass(frozen=True)
class Row:
    """One person of the list."""

    name: str
    email: str
    url: str
    place: str
    value: Value
    at: datetime
    tags: Sequence[str]
    has_account: bool

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.name.split()[:2]).upper()


@dataclass(frozen=True)
class PeoplePage:
    """One page of the list, with its URLs; an empty text where there is none."""

    rows: Sequence[Row]
    tabs: Sequence[tuple[str, str, bool]]
    query: str
    tab: str
    date_heading: str
    next_url: str
    previous_url: str


def people_page(tab: str, query: str, *, after: str = "", before: str = "") -> PeoplePage:
    """Read one page. The text is looked up in names and e-mail addresses."""
    tab = tab if tab in TABS else BUYERS
    query = one_line(query).strip()[:100]
    found = _accounts(query, after, before) if tab == ACCOUNTS else _buyers(query, after, before)
    rows = _account_rows(found.rows) if tab == ACCOUNTS else _buyer_rows(found.rows)
    kept = {"tab": tab, **({"q": query} if query else {})}
    return PeoplePage(
        rows,
        [(label, f"?{urlencode({**kept, 'tab': code})}", code == tab) for code, label in TABS.items()],
        query,
        tab,
        "Customer since" if tab == ACCOUNTS else "Last order",
        f"?{urlencode({**kept, 'after': found.next})}" if found.next else "",
        f"?{urlencode({**kept, 'before': found.previous})}" if found.previous else "",
    )


def _buyers(query: str, after: str, before: str) -> KeysetPage:
    rows = latest_orders().only("name", "email", "city", "country", "placed_at", "user_id")
    keyset = Keyset("placed_at", PER_PAGE)
    if not query:
        return keyset.page(rows, [rows], after=after, before=before)
    conditions = _conditions(query)
    parts, candidates = ([orders.filter(each) for each in conditions] for orders in (rows, Order.objects.all()))
    return keyset.page(rows, parts, after=after, before=before, candidates=candidates)


def _accounts(query: str, after: str, before: str) -> KeysetPage:
    rows: QuerySet[User] = User.objects.filter(is_staff=False)
    parts = [rows.filter(condition) for condition in _conditions(query)] if query else [rows]
    return Keyset("date_joined", PER_PAGE).page(rows, parts, after=after, before=before)


def _conditions(query: str) -> list[Q]:
    """One condition for each column, so that each uses an index of its own."""
    by_name = folded_words("name", query.split()[:6])
    by_email = Q(email__folds=query) if len(query) >= MIN_INDEXED else Q(email__startswith=query.lower())
    return [by_email] if "@" in query else [by_name, by_email]


def _buyer_rows(orders: Iterable[Order]) -> list[Row]:
    emails = [order.email for order in orders]
    values, tags, accounts = values_by_email(emails), _tags(emails), _with_account(emails)
    return [
        Row(
            order.name,
            order.email,
            reverse("admin:orders_customer_order", args=[order.pk]),
            ", ".join(part for part in (order.city, order.country) if part),
            values.get(order.email, Value()),
            order.placed_at,
            tags.get(order.email, ()),
            order.user_id is not None or order.email in accounts,
        )
        for order in orders
    ]


def _account_rows(accounts: Iterable[User]) -> list[Row]:
    emails = [account.email for account in accounts]
    values, tags = values_by_email(emails), _tags(emails)
    return [
        Row(
            account.get_full_name(),
            account.email,
            reverse("admin:orders_customer_account", args=[account.pk]),
            "",
            values.get(account.email, Value()),
            account.date_joined,
            tags.get(account.email, ()),
            has_account=True,
        )
        for account in accounts
    ]


def _tags(emails: Sequence[str]) -> dict[str, Sequence[str]]:
    return dict(Customer.objects.filter(email__in=emails).values_list("email", "tags"))


def _with_account(emails: Sequence[str]) -> set[str]:
    return set(User.objects.filter(email__in=emails).values_list("email", flat=True))
