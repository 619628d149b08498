"""Thousands of webhooks: each several times, in no order, some never, some forged. Every order ends as it must."""

import json
import random
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from shop.chaos.buyers import CARD
from shop.chaos.disturbing import KINDS, forged, send
from shop.chaos.journal import Journal
from shop.chaos.proof import wait_until_true
from shop.chaos.run import running_stage
from shop.chaos.signing import signed
from shop.chaos.stage import Stage

UNPAID = 50  # orders that nobody pays, which forged events call paid
DROPPED, FORGED = 0.1, 0.05
MAX_COPIES = 5
OPEN = "SELECT key::text, session_id FROM payments_payment WHERE session_id = ANY(%s)"
STATUSES = "SELECT o.status, count(*) FROM orders_order o GROUP BY 1"
COPIES = "SELECT count(*) FROM (SELECT 1 FROM payments_journal GROUP BY kind, provider_ref HAVING count(*) > 1) AS t"
CAPTURES = "SELECT count(*) FROM payments_journal WHERE kind = 'capture'"


@dataclass(frozen=True)
class Delivery:
    """One request to the webhook, and whether it must be refused."""

    body: bytes
    signature: str
    is_forged: bool


def run_webhooks(orders: int, deliveries: int, seed: int, timeline: Path, say: Callable[[str], None]) -> list[str]:
    """Pay `orders` orders, deliver their events badly, and return everything that is wrong afterwards."""
    draw = random.Random(seed)
    with running_stage(say) as stage:
        stage.ask_sandbox("switches", drop="all")
        say(f"Placing {orders} orders and {UNPAID} that nobody pays …")
        urls = _place(stage, orders + UNPAID)
        paid, unpaid = urls[:orders], urls[orders:]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(_pay, paid))
        _refund_and_dispute(stage, draw)
        plan = _plan(stage, unpaid, deliveries, draw)
        say(f"Delivering {len(plan)} webhooks …")
        begun = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            statuses = Counter(
                zip((each.is_forged for each in plan), pool.map(lambda d: _deliver(stage, d), plan), strict=True)
            )
        seconds = time.monotonic() - begun
        outcome = wait_until_true(stage, [], Journal(timeline))
        say(
            f"{len(plan)} deliveries in {seconds:.0f} s ({len(plan) / seconds:.0f} a second): "
            + ", ".join(
                f"{count} {'forged' if bad else 'real'} answered {status}"
                for (bad, status), count in sorted(statuses.items())
            )
        )
        say(
            f"converged {outcome.seconds:.0f} s after the last; reconcile booked {outcome.booked} that no webhook had told"
        )
        return [*outcome.problems, *_problems(stage, orders, statuses)]


def _place(stage: Stage, count: int) -> list[str]:
    done = stage.manage("chaos", "place", "--orders", str(count))
    if done.returncode:
        raise RuntimeError(done.stderr[-1000:])
    return list(json.loads(done.stdout.splitlines()[-1]))


def _pay(url: str) -> None:
    form = urllib.parse.urlencode({"number": CARD, "action": "pay"}).encode()
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        opener.open(url, form, timeout=60).close()
    except urllib.error.HTTPError as redirect:
        redirect.close()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object, **_options: object) -> None:
        return None


def _refund_and_dispute(stage: Stage, draw: random.Random) -> None:
    """Refund a tenth and dispute a twentieth of the payments at Stripe."""
    intents = [intent["id"] for intent in stage.objects("payment_intents") if intent["amount_received"]]
    draw.shuffle(intents)
    tenth = len(intents) // 10
    for number, intent in enumerate(intents[: tenth + tenth // 2]):
        stage.ask_sandbox("refunds" if number < tenth else "disputes", payment_intent=intent, amount="200")


def _plan(stage: Stage, unpaid: list[str], deliveries: int, draw: random.Random) -> list[Delivery]:
    """Each event one to five times but a tenth of them never, with forged ones in between, in a random order."""
    events = [event for event in stage.objects("events") if draw.random() > DROPPED]
    copies = [event for event in events for _ in range(draw.randint(1, MAX_COPIES))]
    while len(copies) < deliveries:
        copies.append(draw.choice(events))
    plan = [Delivery(*signed(event, stage.secret), is_forged=False) for event in copies]
    names = [urllib.parse.urlsplit(url).path.rsplit("/", 1)[-1] for url in unpaid]
    targets = stage.rows(OPEN, names)
    for number in range(int(len(copies) * FORGED)):
        key, session_id = draw.choice(targets)
        kind = draw.choice(KINDS)
        plan.append(Delivery(*forged(kind, f"evt_forged_{number}", key, session_id, stage.secret), is_forged=True))
    draw.shuffle(plan)
    return plan


def _deliver(stage: Stage, delivery: Delivery) -> int:
    return send(stage, delivery.body, delivery.signature)


def _problems(stage: Stage, orders: int, statuses: Counter[tuple[bool, int]]) -> list[str]:
    counts = dict(stage.rows(STATUSES))
    expected = {"confirmed": orders, "placed": UNPAID}
    problems = [] if counts == expected else [f"orders are {counts} instead of {expected}"]
    problems += [
        f"{count} forged webhooks were answered {status}"
        for (is_forged, status), count in statuses.items()
        if is_forged and status != 400
    ]
    problems += [
        f"{count} real webhooks were answered {status}"
        for (is_forged, status), count in statuses.items()
        if not is_forged and status != 200
    ]
    if stage.rows(COPIES) != [(0,)]:
        problems.append("journals are in the books twice")
    if stage.rows(CAPTURES) != [(orders,)]:
        problems.append(f"{stage.rows(CAPTURES)[0][0]} captures of {orders} payments are in the books")
    return problems
