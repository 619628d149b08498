"""What tests of reconciling share: what differs, and what is gone from the books."""

from datetime import timedelta

from django.utils import timezone

from payments.reconcile import Difference, reconcile
from tests.guards.registry import execute

AT_ONCE = "4000000000000077"  # this test card's money is available at once


def differences() -> list[Difference]:
    return reconcile(timezone.now() - timedelta(days=2)).differences


def delete_journals(condition: str) -> None:
    execute(
        "SET LOCAL session_replication_role = replica",
        f"DELETE FROM payments_posting p USING payments_journal j WHERE j.id = p.journal_id AND {condition}",
        f"DELETE FROM payments_journal j WHERE {condition}",
        "SET LOCAL session_replication_role = origin",
    )


def age_by_three_days() -> None:
    execute(
        "SET LOCAL session_replication_role = replica",
        "UPDATE payments_journal SET created_at = created_at - interval '3 days'",
        "UPDATE payments_balancetransaction SET created_at = created_at - interval '4 days'",
        "SET LOCAL session_replication_role = origin",
    )
