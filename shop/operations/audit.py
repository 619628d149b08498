"""The audit: check that stock, orders, payments and mail agree."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, transaction

from catalog.audit import INVARIANTS as CATALOG
from orders.audit import INVARIANTS as ORDERS
from orders.explanation import wrong_receipts
from payments.audit import INVARIANTS as PAYMENTS

SHOP: dict[str, str] = {
    "D2 the outbox is worked off": """
        SELECT 'mail ' || message_id, format('%s since %s: %s', status, created_at, last_error)
        FROM shop_mail
        WHERE status = 'dead' OR (status = 'queued' AND created_at < now() - interval '1 hour')""",
    "D3 every confirmed order has its confirmation mail": """
        SELECT 'order ' || o.number, 'no confirmation in the outbox'
        FROM orders_order o
        LEFT JOIN (SELECT substr(message_id, 18, 32) AS id FROM shop_mail  -- behind '<order_confirmed.'
                   WHERE message_id LIKE '<order_confirmed.%') m ON m.id = replace(o.public_id::text, '-', '')
        WHERE o.confirmed_at IS NOT NULL AND m.id IS NULL""",
}
SET_WISE = "enable_nestloop = off"
INVARIANTS = {**CATALOG, **ORDERS, **PAYMENTS, **SHOP}
# Invariants that need Python: functions that return rows as (key, description).
DERIVED: dict[str, Callable[[], list[tuple[str, str]]]] = {
    "O8 recent receipts, priced again, come to what was charged": wrong_receipts,
}


@dataclass(frozen=True)
class Finding:
    """A row that breaks an invariant."""

    invariant: str
    key: str
    problem: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.key}: {self.problem}"


def bounded(query: str, max_rows: int) -> str:
    """Limit the query to `most` rows without letting the limit change its plan."""
    return f"WITH broken AS MATERIALIZED ({query}) SELECT * FROM broken LIMIT {max_rows:d}"  # noqa: S608  (our own text)


def run_audit(most_per_invariant: int = 100) -> list[Finding]:
    """Return every row that breaks an invariant, up to a maximum for each, all read in one snapshot."""
    findings = []
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if is_outermost:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            # Whole tables are compared. With outdated statistics after an import, nested loops would take hours.
            cursor.execute(f"SET LOCAL {SET_WISE}")
        for name, query in INVARIANTS.items():
            cursor.execute(bounded(query, most_per_invariant))
            findings += [Finding(name, str(key), str(problem)) for key, problem in cursor.fetchall()]
        for name, check in DERIVED.items():
            findings += [Finding(name, key, problem) for key, problem in check()[:most_per_invariant]]
    return findings
