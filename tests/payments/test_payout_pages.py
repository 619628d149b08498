"""Payouts and balance transactions in the admin, and what the order page says of Stripe's fees and payouts."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from orders.models import Order
from payments.models import BalanceTransaction, Payment, Payout
from tests.factories import make_order
from tests.orders.staff_pages import staff as log_in
from tests.reading import find_all, text_of

pytestmark = pytest.mark.django_db


def make_payout(**fields) -> Payout:
    defaults = {"amount_minor": 2771, "status": "paid", "currency": "EUR", "is_itemized": True}
    today = timezone.localdate()
    return Payout.objects.create(
        **{**defaults, "stripe_id": "po_1", "arrives_on": today, "created_at": timezone.now(), **fields}
    )


def make_payment(order: Order) -> Payment:
    amounts = {"amount_minor": order.total_minor, "captured_minor": order.total_minor}
    return Payment.objects.create(order=order, status="captured", currency="EUR", charge_id="ch_1", **amounts)


def make_transaction(name: str, amount: int, fee: int = 0, **fields) -> BalanceTransaction:
    now = timezone.now()
    defaults = {"type": "charge", "source": "ch_1", "currency": "EUR", "available_on": now, "created_at": now}
    amounts = {"amount_minor": amount, "fee_minor": fee, "net_minor": amount - fee}
    return BalanceTransaction.objects.create(stripe_id=name, **{**defaults, **amounts, **fields})


@pytest.fixture
def payout() -> Payout:
    """A payout of 27.70 with one payment of 28.90 less 1.19: a cent short."""
    payout = make_payout(amount_minor=2770)
    make_transaction("txn_1", 2890, 119, payment=make_payment(make_order()), payout=payout)
    make_transaction("txn_2", -2770, type="payout", source="po_1", payout=payout)
    return payout


def payout_page(client, payout: Payout):
    return client.get(reverse("admin:payments_payout_change", args=[payout.pk]))


def test_a_payout_shows_its_transactions_their_sum_and_the_difference(client, payout):
    log_in(client, "Finance")
    page = payout_page(client, payout)
    assert "Sum of its transactions €27.71 (1)" in text_of(page)
    assert "Difference −€0.01" in text_of(page)
    order = Order.objects.get()
    assert f"Charge {order.number} €28.90 €1.19 €27.71" in text_of(page)
    assert reverse("admin:orders_order_change", args=[order.pk]) in [
        a.attributes.get("href") for a in find_all(page, "a")
    ]


def test_a_payout_whose_transactions_stripe_has_not_listed_has_no_difference(client):
    log_in(client, "Finance")
    page = text_of(payout_page(client, make_payout(is_itemized=False)))
    assert "Stripe has not listed them yet." in page
    assert "Stripe has not listed any transaction of it." in page


def test_a_long_payout_shows_its_newest_transactions_and_leads_to_all_of_them(client, payout, monkeypatch):
    monkeypatch.setattr("payments.admin.balance.MAX_SHOWN", 2)
    for number in range(2):
        make_transaction(f"txn_a{number}", 100, payout=payout, created_at=timezone.now() + timedelta(hours=1))
    log_in(client, "Finance")
    page = payout_page(client, payout)
    assert [row[2].value for row in page.context["transactions"].rows] == ["–", "–"]
    (link,) = [a.attributes["href"] for a in find_all(page, "a") if "payout__id__exact" in a.attributes.get("href", "")]
    listed = client.get(link)
    assert listed.status_code == 200
    assert listed.context["cl"].result_list.count() == 4


def test_a_balance_transaction_that_was_exchanged_says_from_what(client):
    row = make_transaction("txn_9", 1125, charged_minor=900, charged_currency="GBP", exchange_rate="1.25")
    log_in(client, "Finance")
    page = text_of(client.get(reverse("admin:payments_balancetransaction_change", args=[row.pk])))
    assert "Before the exchange £9.00" in page
    listed = client.get(reverse("admin:payments_balancetransaction_changelist"), {"q": "txn_9"})
    assert "€11.25" in text_of(listed)


def money_panel(client, order: Order) -> dict[str, str]:
    page = client.get(reverse("admin:orders_order_change", args=[order.pk]))
    (panel,) = [shown for row in page.context["layout"].main for shown in row if shown.panel.name == "money"]
    return {row.name: (row.amount, bool(row.url)) for row in panel.content.rows}


def test_the_order_says_what_stripe_kept_and_in_which_payout_the_rest_arrives(client, payout):
    order = Order.objects.get()
    make_transaction("txn_3", -300, payment=order.payments.get(), source="re_1", type="refund")
    log_in(client, "Finance")
    rows = money_panel(client, order)
    assert rows["Fees of Stripe"] == ("−€1.19", False)
    assert rows["Net at Stripe"] == ("€24.71", False)
    assert rows[f"Payout to arrive {payout.arrives_on:%-d %b %Y}"] == ("€27.71", True)
    assert rows["Not paid out yet"] == ("−€3.00", False)
    client.logout()
    log_in(client, "Read-only")
    assert not any(is_link for _amount, is_link in money_panel(client, order).values())
    assert payout_page(client, payout).status_code == 403
