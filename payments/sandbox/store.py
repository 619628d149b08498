"""The sandbox's data in one SQLite file."""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Thing = dict[str, Any]

TABLES = """
CREATE TABLE IF NOT EXISTS things (
  serial INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS things_by_kind ON things (kind, serial);
CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
  serial INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL);
CREATE TABLE IF NOT EXISTS switches (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS timers (
  serial INTEGER PRIMARY KEY AUTOINCREMENT, due REAL NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS timers_by_due ON timers (due, serial);
"""
INDEXED = ("payment_intent", "charge", "source", "_payout", "customer")  # the fields that lists are filtered by most
WITHOUT_LIVEMODE = {"refund", "balance_transaction", "file"}  # objects that have no such field at Stripe either
CLOCK = "_clock"  # the switch that holds how many seconds the sandbox's clock is ahead
COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def _indexes() -> str:
    return "".join(
        f"CREATE INDEX IF NOT EXISTS things_by_{field.strip('_')} ON things (json_extract(body, '$.{field}'));"
        for field in INDEXED
    )


class Store:
    """A store with one connection behind one lock, since each request is one transaction."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._lock = threading.RLock()
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + TABLES + _indexes())
        self._moment = threading.local()
        self.ahead = float(self.switch(CLOCK) or 0)  # seconds

    def forget_everything(self) -> None:
        """Start over: no objects, no switches, the real time."""
        self._run("DELETE FROM things WHERE kind != 'webhook_endpoint'")
        for table in ("answers", "deliveries", "switches", "timers"):
            self._run(f"DELETE FROM {table}")  # noqa: S608
        self.ahead = 0

    # -- the clock -----------------------------------------------------------------------------------

    def now(self) -> float:
        """Return the sandbox's time, which can be ahead of the real one."""
        moment = getattr(self._moment, "value", None)
        return time.time() + self.ahead if moment is None else float(moment)

    @contextmanager
    def at(self, moment: float) -> Iterator[None]:
        """Run the block as if it were that moment."""
        self._moment.value = moment
        try:
            yield
        finally:
            self._moment.value = None

    def move_clock(self, seconds: float) -> None:
        """Set the clock ahead by that many seconds more."""
        self._set_ahead(self.ahead + seconds)

    def reset_clock(self) -> None:
        self._set_ahead(0)

    def _set_ahead(self, seconds: float) -> None:
        self.ahead = seconds
        self.set_switch(CLOCK, str(seconds))

    def set_timer(self, due: float, action: str, subject: str) -> None:
        self._run("INSERT INTO timers (due, action, subject) VALUES (?, ?, ?)", due, action, subject)

    def drop_timers(self, action: str, subject: str) -> None:
        self._run("DELETE FROM timers WHERE action = ? AND subject = ?", action, subject)

    def take_timer(self) -> tuple[float, str, str] | None:
        """Remove and return the earliest timer that is due: its moment, action and subject."""
        rows = self._run(
            "SELECT serial, due, action, subject FROM timers WHERE due <= ? ORDER BY due, serial LIMIT 1", self.now()
        )
        if not rows:
            return None
        serial, due, action, subject = rows[0]
        self._run("DELETE FROM timers WHERE serial = ?", serial)
        return due, action, subject

    def has_due_timer(self) -> bool:
        return bool(self._run("SELECT 1 FROM timers WHERE due <= ? LIMIT 1", self.now()))

    # -- objects -------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block in a transaction; nested blocks join the outermost one."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _run(self, statement: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def create(self, prefix: str, kind: str, **fields: Any) -> Thing:
        mode = {} if kind in WITHOUT_LIVEMODE else {"livemode": False}
        thing = {
            "id": f"{prefix}_{secrets.token_hex(12)}",
            "object": kind,
            "created": int(self.now()),
            **mode,
            **fields,
        }
        self._run("INSERT INTO things (id, kind, body) VALUES (?, ?, ?)", thing["id"], kind, json.dumps(thing))
        return thing

    def save(self, thing: Thing) -> None:
        self._run("UPDATE things SET body = ? WHERE id = ?", json.dumps(thing), thing["id"])

    def find(self, name: str) -> Thing | None:
        rows = self._run("SELECT body FROM things WHERE id = ?", name)
        return json.loads(rows[0][0]) if rows else None

    def delete(self, name: str) -> None:
        self._run("DELETE FROM things WHERE id = ?", name)

    def select(
        self,
        kind: str,
        *,
        limit: int,
        after: str = "",
        before: str = "",
        filters: Mapping[str, Any] | None = None,
        ranges: Mapping[str, Mapping[str, int]] | None = None,
    ) -> list[Thing]:
        """Return objects of a kind, newest first: those after (older than) or before (newer than) an object."""
        where: list[str] = ["kind = ?"]
        values: list[Any] = [kind]
        for field, value in (filters or {}).items():
            where.append(f"json_extract(body, '$.{field}') = ?")
            values.append(value)
        for field, bounds in (ranges or {}).items():
            for name, bound in bounds.items():
                where.append(f"json_extract(body, '$.{field}') {COMPARISONS[name]} ?")
                values.append(bound)
        if after:
            where.append("serial < (SELECT serial FROM things WHERE id = ?)")
            values.append(after)
        if before:
            where.append("serial > (SELECT serial FROM things WHERE id = ?)")
            values.append(before)
        order = "ASC" if before else "DESC"
        statement = f"SELECT body FROM things WHERE {' AND '.join(where)} ORDER BY serial {order} LIMIT ?"  # noqa: S608
        things = [json.loads(row[0]) for row in self._run(statement, *values, limit)]
        return things[::-1] if before else things

    # -- answers, deliveries and switches ------------------------------------------------------------

    def answer_to(self, key: str) -> tuple[str, int, str] | None:
        rows = self._run("SELECT request, status, body FROM answers WHERE key = ?", key)
        return rows[0] if rows else None

    def keep_answer(self, key: str, request: str, status: int, body: str) -> None:
        self._run("INSERT INTO answers VALUES (?, ?, ?, ?)", key, request, status, body)

    def plan_delivery(self, event_id: str, due: float) -> None:
        self._run("INSERT INTO deliveries (event, due) VALUES (?, ?)", event_id, due)

    def due_deliveries(self) -> list[tuple[int, str, int]]:
        """Return due deliveries in random order, since Stripe guarantees no order either."""
        return self._run(
            "SELECT serial, event, attempts FROM deliveries WHERE due <= ? ORDER BY random() LIMIT 20", self.now()
        )

    def put_off_delivery(self, serial: int, due: float) -> None:
        self._run("UPDATE deliveries SET attempts = attempts + 1, due = ? WHERE serial = ?", due, serial)

    def end_delivery(self, serial: int) -> None:
        self._run("DELETE FROM deliveries WHERE serial = ?", serial)

    def waiting_deliveries(self) -> int:
        return int(self._run("SELECT count(*) FROM deliveries")[0][0])

    def switches(self) -> dict[str, str]:
        """Return every switch that is on."""
        rows = self._run("SELECT name, value FROM switches WHERE value NOT IN ('', '0') ORDER BY name")
        return {name: value for name, value in rows if not name.startswith("_")}

    def switch(self, name: str) -> str:
        rows = self._run("SELECT value FROM switches WHERE name = ?", name)
        return rows[0][0] if rows else ""

    def set_switch(self, name: str, value: str) -> None:
        self._run(
            "INSERT INTO switches VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
            value,
        )

    def clear_switches(self) -> None:
        """Switch everything off. The clock stays."""
        self._run("DELETE FROM switches WHERE name != ?", CLOCK)

    def use_up(self, name: str, call: str = "") -> bool:
        """Count a switch like `500=3` down, and return whether it was on.

        `all` never ends. `500=3 POST refunds` counts only calls that begin like that.
        """
        with self.transaction():
            value = self.switch(name)
            if not value:
                return False
            left, _, pattern = value.partition(" ")
            if not call.startswith(pattern.strip()):
                return False
            if left == "all":
                return True
            if not left.isdigit() or int(left) < 1:
                return False
            self.set_switch(name, f"{int(left) - 1} {pattern}".strip())
            return True
