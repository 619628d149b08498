"""The statements that write Stripe's side of made-up orders: its fees, balance transactions and payouts."""

from collections.abc import Mapping

from django.db import connection

from payments.models import BalanceTransaction, Journal, Payout, Posting
from shop.synthetic.loading import insert

JOURNALS = 6  # for each order at most, the payout that begins with it included
FEE = "least(total, (total * 150 + 5000) / 10000 + 25)"
# One payout for each currency and day, with the id of its first order. What is still to be shipped waits for its payout.
PAID_OUT = f"""
CREATE TEMPORARY TABLE paid_out ON COMMIT DROP AS
SELECT min(id) AS id, currency, paid::date AS day, 'po_made_' || min(id) AS name,
  sum(total - {FEE} - CASE WHEN is_returned THEN total ELSE 0 END)::bigint AS minor
FROM sums WHERE state IN ('done', 'refund', 'returned') GROUP BY currency, paid::date"""  # noqa: S608  (our own text)
WITH_PAYOUT = """(
  SELECT s.*, p.id AS payout FROM sums s
  LEFT JOIN paid_out p ON p.currency = s.currency AND p.day = s.paid::date AND s.state IN ('done', 'refund', 'returned')
  WHERE s.has_payment) AS moved"""


def write_journals(
    position: int, kind: str, source: str, condition: str, amounts: Mapping[str, str], fields: Mapping[str, str]
) -> None:
    """Write a journal with its postings for each row of the source. The position is its own among those of an order."""
    journal_id = f"id * {JOURNALS} + {position} - {JOURNALS}"
    insert(Journal, f"{source} WHERE {condition}", id=journal_id, kind=f"'{kind}'", **fields)
    for account, amount in amounts.items():
        rows = f"{source} WHERE {condition} AND {amount} <> 0"
        insert(Posting, rows, journal_id=journal_id, account=f"'{account}'", amount_minor=amount)


def write_balance() -> None:
    """Write the balance transactions of payments, refunds and payouts, and book the payouts."""
    with connection.cursor() as cursor:
        cursor.execute(PAID_OUT)
    insert(
        Payout,
        "paid_out",
        id="id",
        stripe_id="name",
        status="'paid'",
        amount_minor="minor",
        currency="currency",
        arrives_on="day + 3",
        is_itemized="true",
        created_at="day + interval '1 day'",
    )
    moved = {"currency": "currency", "payment_id": "id", "payout_id": "payout", "fee_minor": "0"}
    _write_transactions(
        WITH_PAYOUT,
        **{
            **moved,
            "fee_minor": FEE,
            "stripe_id": "'txn_made_' || id",
            "type": "'charge'",
            "source": "'ch_made_' || id",
        },
        amount_minor="total",
        net_minor=f"total - {FEE}",
        created_at="paid",
    )
    _write_transactions(
        f"{WITH_PAYOUT} WHERE is_returned",
        **{**moved, "stripe_id": "'txn_back_' || id", "type": "'refund'", "source": "'re_made_' || id"},
        amount_minor="-total",
        net_minor="-total",
        created_at="sent",
    )
    at = "day + interval '1 day'"
    _write_transactions(
        "paid_out",
        currency="currency",
        payout_id="id",
        fee_minor="0",
        type="'payout'",
        source="name",
        stripe_id="'txn_out_' || id",
        amount_minor="-minor",
        net_minor="-minor",
        created_at=at,
    )
    fields = {"provider_ref": "name", "currency": "currency", "taxes": "'[]'::jsonb", "created_at": at}
    write_journals(JOURNALS - 1, "payout", "paid_out", "true", {"bank": "minor", "stripe": "-minor"}, fields)


def _write_transactions(rows: str, /, **expressions: str) -> None:
    insert(BalanceTransaction, rows, available_on=f"{expressions['created_at']} + interval '2 days'", **expressions)
