"""docs/books.md says what the books do."""

import re
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import Disposition
from orders.reversal import UnitsBack
from payments.bookkeeping.chart import CHARTS
from payments.models import Journal, Posting
from payments.reconcile import reconcile
from payments.refund_plans import RefundChoice
from payments.refund_requests import ask_refund
from payments.refunds import carry_out_waiting
from payments.sessions import start_payment
from payments.settlement import settle
from shop.embedded.state import ROOT
from tests.factories import make_order, make_user, make_variant

DOCUMENT = (ROOT / "docs/books.md").read_text()
AT_ONCE = "4000000000000077"  # this test card's money is available at once


def table_below(title: str, number: int = 0) -> list[list[str]]:
    """The rows of a table below a title, by default the first one, without its head."""
    section = DOCUMENT.split(f"\n## {title}\n")[1]
    lines = re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE)[number].splitlines()
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_account_is_described():
    assert [row[:2] for row in table_below("Accounts")] == [[value, label] for value, label in Posting.Account.choices]


def test_every_kind_of_journal_is_described():
    assert {row[0] for row in table_below("Journals")} == set(Journal.Kind.values)


@pytest.mark.django_db
def test_the_life_of_an_order_is_booked_as_described(stripe_desk):
    stripe_desk.start_over()
    order = make_order(make_variant(2400, on_hand=5), quantity=2)
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url, AT_ONCE)
    settle(payment.pk)
    since = timezone.now() - timedelta(days=1)
    reconcile(since)
    units = (UnitsBack(order.lines.get().pk, 1, Disposition.NOT_SENT),)
    choice = RefundChoice(units=units)
    ask_refund(order, choice, make_user(is_superuser=True))
    carry_out_waiting()
    stripe_desk.pay_out()
    assert reconcile(since).differences == []
    described, kind = Counter(), ""
    for _what, journal, account, amount in table_below("The life of an order"):
        kind = journal or kind
        described[kind, account] += int(amount)
    postings = Posting.objects.values_list("journal__kind", "account", "amount_minor")
    assert {(kind, account): minor for kind, account, minor in postings} == dict(described)


def test_the_account_numbers_are_those_of_the_charts():
    rows = table_below("Files for bookkeeping", number=1)
    cells = [row[start : start + 3] for row in rows for start in (0, 3)]
    described = {key.strip(" `"): numbers for name, *numbers in cells for key in name.split(":")[0].split(",") if key}
    assert described == {key: [number, CHARTS["skr04"][key]] for key, number in CHARTS["skr03"].items()}
