"""What must be true after a run: Stripe's objects, the shop's rows, what buyers were told, and the mails."""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from shop.chaos.buyers import Purchase
from shop.chaos.journal import Journal
from shop.chaos.stage import Stage

QUIET_SECONDS = 180
PAUSE_SECONDS = 5.0
PAYMENTS = """
    SELECT p.payment_intent_id, p.captured_minor, p.refunded_minor, o.status, o.number
    FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
    WHERE p.method = 'stripe' AND p.payment_intent_id IS NOT NULL AND p.payment_intent_id <> ''"""
REFUNDS = "SELECT provider_ref, amount_minor, status FROM payments_refund WHERE provider_ref IS NOT NULL"
ORDERS = "SELECT public_id::text, status, number FROM orders_order"
CONFIRMED = "SELECT replace(public_id::text, '-', '') FROM orders_order WHERE confirmed_at IS NOT NULL"
FORGED = "SELECT stripe_id FROM payments_stripeevent WHERE stripe_id LIKE 'evt_forged_%'"
PAID = ("confirmed", "completed")


@dataclass
class Outcome:
    """What is still wrong, and how long it took until nothing was."""

    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0
    paid: int = 0
    refunded_late: int = 0
    booked: int = 0


def wait_until_true(stage: Stage, purchases: list[Purchase], journal: Journal) -> Outcome:
    """Look again and again until nothing is wrong, for three minutes at most.

    First what the shop mends by itself; then `reconcile`, which the shop runs every ten minutes, and `audit`.
    """
    begun = time.monotonic()
    outcome = Outcome()
    while True:
        stage.revive()
        outcome.problems = [*_lost_and_doubled(stage, purchases, outcome), *_mails(stage)]
        if not outcome.problems:
            outcome.problems = [*_reconcile(stage, outcome), *_refunds(stage), *_audit(stage)]
        outcome.seconds = time.monotonic() - begun
        journal.write("check", seconds=round(outcome.seconds, 1), problems=outcome.problems[:20])
        if not outcome.problems or outcome.seconds > QUIET_SECONDS:
            return outcome
        time.sleep(PAUSE_SECONDS)


def _lost_and_doubled(stage: Stage, purchases: Iterable[Purchase], outcome: Outcome) -> Iterator[str]:
    intents = stage.objects("payment_intents")
    refunded: Counter[str] = Counter()
    for refund in stage.objects("refunds"):
        if refund["status"] == "succeeded":
            refunded[refund["payment_intent"]] += refund["amount"]
    ours = {row[0]: row[1:] for row in stage.rows(PAYMENTS)}
    taken = [intent for intent in intents if intent["amount_received"]]
    outcome.paid = len(taken)
    outcome.refunded_late = sum(refunded[intent["id"]] >= intent["amount_received"] for intent in taken)
    yield from _lost(taken, ours, refunded)
    yield from _doubled(taken, refunded)
    known = {intent["id"] for intent in taken}
    yield from (
        f"order {row[3]}: money in the books that Stripe never took"
        for pi, row in ours.items()
        if row[0] and pi not in known
    )
    yield from _told(stage, purchases)
    yield from (f"{event_id}: a forged event was stored" for (event_id,) in stage.rows(FORGED))


def _lost(taken: list[dict], ours: dict[str, tuple], refunded: Counter[str]) -> Iterator[str]:
    """Paid at Stripe, but the order is neither confirmed nor refunded."""
    for intent in taken:
        captured, _refunded, status, number = ours.get(intent["id"], (0, 0, "unknown", intent["metadata"].get("order")))
        if captured != intent["amount_received"]:
            yield f"order {number}: paid {intent['amount_received']} at Stripe, and {captured} in the shop"
        elif status not in PAID and refunded[intent["id"]] < captured:
            yield f"order {number}: paid, but it is {status} and was not refunded"


def _doubled(taken: list[dict], refunded: Counter[str]) -> Iterator[str]:
    """Two payments of one order that were not given back."""
    kept: dict[str, list[str]] = defaultdict(list)
    for intent in taken:
        if intent["amount_received"] > refunded[intent["id"]]:
            kept[intent["metadata"].get("order", "")].append(intent["id"])
    yield from (f"order {number}: charged {len(ids)} times" for number, ids in kept.items() if len(ids) > 1)


def _told(stage: Stage, purchases: Iterable[Purchase]) -> Iterator[str]:
    """What buyers were shown must be so."""
    status_of = {public_id: status for public_id, status, _number in stage.rows(ORDERS)}
    for purchase in purchases:
        status = status_of.get(purchase.public_id, "missing")
        if purchase.public_id and status == "missing":
            yield f"{purchase.email} was shown an order that does not exist"
        if purchase.is_thanked and status not in PAID:
            yield f"{purchase.email} was thanked for an order that is {status}"


def _mails(stage: Stage) -> Iterator[str]:
    """Every confirmed order has its mail."""
    sent = {name.split("@")[0].removeprefix("<order_confirmed.") for name in stage.sink.ids}
    missing = [row[0] for row in stage.rows(CONFIRMED) if row[0] not in sent]
    if missing:
        yield f"{len(missing)} confirmations have not arrived"


def _refunds(stage: Stage) -> Iterator[str]:
    """Every refund that was made at Stripe is in the shop, with the same amount."""
    ours = {name: (amount, status) for name, amount, status in stage.rows(REFUNDS)}
    for refund in stage.objects("refunds"):
        if refund["status"] == "succeeded" and ours.get(refund["id"]) != (refund["amount"], "succeeded"):
            yield f"refund {refund['id']} over {refund['amount']} is {ours.get(refund['id'])} in the shop"


def _reconcile(stage: Stage, outcome: Outcome) -> Iterator[str]:
    done = stage.manage("reconcile", "--json")
    if not done.stdout.startswith("{"):
        yield f"reconcile did not run: {done.stderr[-300:]}"
        return
    report = json.loads(done.stdout)
    outcome.booked += len(report["booked"])
    yield from (f"reconcile: {found['key']}: {found['cause']}" for found in report["differences"])


def _audit(stage: Stage) -> Iterator[str]:
    done = stage.manage("audit", "--json")
    if not done.stdout.startswith("["):
        yield f"audit did not run: {done.stderr[-300:]}"
        return
    yield from (f"audit: {found['invariant']}: {found['key']}: {found['problem']}" for found in json.loads(done.stdout))
