"""What disturbs the shop: killed processes, an emptied Redis, a crashed PostgreSQL, and bad webhooks."""

import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg

from catalog.audit import INVARIANTS as CATALOG
from payments.audit import INVARIANTS as PAYMENTS
from shop.chaos.journal import Journal
from shop.chaos.signing import signature, signed
from shop.chaos.stage import Stage

# True at every moment, not only at the end: nothing oversold, counters equal their ledgers, nobody charged twice.
SAMPLED = {
    name: query for name, query in {**CATALOG, **PAYMENTS}.items() if name.split()[0] in ("S1", "S2", "S3", "M3")
}
SAMPLE_SECONDS, SWITCH_SECONDS, FORGE_SECONDS, DASHBOARD_SECONDS = 2.0, 5.0, 0.5, 7.0
STALE_SECONDS = 400
KINDS = ("wrong secret", "unsigned", "stale", "changed")  # of forged events
OPEN_PAYMENTS = "SELECT key::text, session_id FROM payments_payment WHERE status = 'open' ORDER BY id DESC LIMIT 20"


@dataclass(frozen=True)
class Plan:
    """How often what is disturbed, in seconds; 0 is never."""

    kill_every: float
    redis_every: float
    postgres_every: float
    seed: int


@dataclass
class Disturbances:
    """Everything that goes on besides the buyers, and which rules it saw broken."""

    stage: Stage
    plan: Plan
    journal: Journal
    violations: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.is_over = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=pair, daemon=True)
            for pair in (
                (self._sample, SAMPLE_SECONDS),
                (self._switch, SWITCH_SECONDS),
                (self._forge, FORGE_SECONDS),
                (self._use_dashboard, DASHBOARD_SECONDS),
            )
        ]
        self._draws = {name: random.Random(f"{self.plan.seed}-{name}") for name in ("kill", "switch", "forge", "desk")}

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def run(self, is_wanted: Callable[[], bool]) -> None:
        """Kill and restart processes, in this thread, for as long as it is wanted."""
        due = {
            self._kill: self.plan.kill_every,
            self._empty_redis: self.plan.redis_every,
            self._crash_postgres: self.plan.postgres_every,
        }
        now = time.monotonic()
        next_at = {action: now + every for action, every in due.items() if every}
        while is_wanted():
            self.stage.revive()
            for action, at in next_at.items():
                if time.monotonic() >= at:
                    action()
                    next_at[action] = max(at + due[action], time.monotonic())
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop disturbing, and let the sandbox deliver as it should."""
        self.is_over.set()
        for thread in self._threads:
            thread.join(60)
        self.stage.ask_sandbox("switches/off", now="1")

    def _repeat(self, action: Callable[[], None], seconds: float) -> None:
        while not self.is_over.wait(seconds):
            try:
                action()
            except (psycopg.Error, OSError) as error:
                self.journal.write("unanswered", action=action.__name__, error=str(error)[:200])

    # -- processes -----------------------------------------------------------------------------------

    def _kill(self) -> None:
        victims = self.stage.victims()
        if not victims:
            return
        victim = self._draws["kill"].choice(victims)
        self.stage.kill(victim)
        self.journal.write("kill", victim=str(victim))

    def _empty_redis(self) -> None:
        self.stage.restart_redis_empty()
        self.journal.write("redis emptied")

    def _crash_postgres(self) -> None:
        begun = time.monotonic()
        self.stage.restart_postgres()
        self.journal.write("postgres crashed", seconds=round(time.monotonic() - begun, 2))

    # -- webhooks ------------------------------------------------------------------------------------

    def _switch(self) -> None:
        """Duplicate, shuffle, drop and forge deliveries, and trouble some calls, in another mixture each time."""
        draw = self._draws["switch"]
        values = {
            "duplicate": str(draw.choice((0, 1, 2, 4))),
            "shuffle": str(draw.choice((0, 2, 8))),
            "drop": str(draw.choice((0, 1, 2, 3))),
            "sign": draw.choice(("", "", "", "wrong")),
            "lose": draw.choice(("0", "0", "1")),
            "_500": draw.choice(("0", "0", "1")),
            "_429": draw.choice(("0", "0", "1")),
            "fail_late": draw.choice(("0", "0", "0", "1")),
        }
        self.stage.ask_sandbox("switches", **values)
        self.journal.write("switches", **values)

    def _forge(self) -> None:
        """Say that an order was paid, without the secret or much too late; nobody may believe it."""
        draw = self._draws["forge"]
        open_payments = self.stage.rows(OPEN_PAYMENTS)
        if not open_payments:
            return
        key, session_id = draw.choice(open_payments)
        number = self.journal.counts["forged"] + self.journal.counts["forged, no answer"]
        kind = draw.choice(KINDS)
        status = send(self.stage, *forged(kind, f"evt_forged_{number}", key, session_id, self.stage.secret))
        self.journal.write("forged" if status else "forged, no answer", kind=kind, status=status)
        if status == 200:
            self.violations.append(f"a forged webhook ({kind}) was taken")

    # -- people --------------------------------------------------------------------------------------

    def _use_dashboard(self) -> None:
        """Refund or dispute a payment at Stripe, as staff or a bank may do at any time."""
        draw = self._draws["desk"]
        paid = [intent for intent in self.stage.objects("payment_intents")[:60] if intent["amount_received"]]
        if not paid:
            return
        intent = draw.choice(paid)
        path = draw.choice(("refunds", "refunds", "disputes"))
        form = {"payment_intent": intent["id"], "amount": str(draw.randint(100, 400))}
        try:
            self.stage.ask_sandbox(path, **form)
        except urllib.error.HTTPError:
            return  # refunded or disputed already
        self.journal.write(path, intent=intent["id"])

    def _sample(self) -> None:
        """Look at rules that must hold at every moment."""
        for name, query in SAMPLED.items():
            for key, problem in self.stage.rows(query)[:3]:
                self.violations.append(f"during the run: {name}: {key}: {problem}")
        self.journal.write("sample")


def forged(kind: str, event_id: str, payment_key: str, session_id: str | None, secret: str) -> tuple[bytes, str]:
    """Return body and signature of an event that Stripe did not send, or sent long ago."""
    metadata = {"payment": payment_key}
    subject = {
        "object": "checkout.session",
        "id": session_id,
        "status": "complete",
        "payment_status": "paid",
        "metadata": metadata,
    }
    event = {"id": event_id, "object": "event", "type": "checkout.session.completed", "data": {"object": subject}}
    body, correct = signed({**event, "livemode": False}, secret)
    if kind == "unsigned":
        return body, ""
    if kind == "wrong secret":
        return body, signature(body, "whsec_of_somebody_else")
    if kind == "stale":
        return body, signature(body, secret, age=STALE_SECONDS)
    return body + b" ", correct


def send(stage: Stage, body: bytes, header: str) -> int:
    """Deliver a webhook, and return the status of the answer; 0 if there was none."""
    headers = {"Content-Type": "application/json", "Stripe-Signature": header}
    request = urllib.request.Request(stage.webhook_url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code
    except OSError:
        return 0
