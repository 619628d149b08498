"""The sandbox's data in one SQLite file."""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
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
"""


class Store:
    """A store with one connection behind one lock, since each request is one transaction."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._lock = threading.RLock()
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + TABLES)

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
        thing = {
            "id": f"{prefix}_{secrets.token_hex(12)}",
            "object": kind,
            "created": int(time.time()),
            "livemode": False,
            **fields,
        }
        self._run("INSERT INTO things (id, kind, body) VALUES (?, ?, ?)", thing["id"], kind, json.dumps(thing))
        return thing

    def save(self, thing: Thing) -> None:
        self._run("UPDATE things SET body = ? WHERE id = ?", json.dumps(thing), thing["id"])

    def find(self, name: str) -> Thing | None:
        rows = self._run("SELECT body FROM things WHERE id = ?", name)
        return json.loads(rows[0][0]) if rows else None

    def newest(self, kind: str, *, limit: int, before: str = "") -> list[Thing]:
        """Return objects of a kind, newest first; one more than the limit if there are more."""
        rows = self._run(
            "SELECT body FROM things WHERE kind = ? AND serial < coalesce((SELECT serial FROM things WHERE id = ?), 1e18) "
            "ORDER BY serial DESC LIMIT ?",
            *(kind, before, limit + 1),
        )
        return [json.loads(row[0]) for row in rows]

    def answer_to(self, key: str) -> tuple[str, int, str] | None:
        rows = self._run("SELECT request, status, body FROM answers WHERE key = ?", key)
        return rows[0] if rows else None

    def keep_answer(self, key: str, request: str, status: int, body: str) -> None:
        self._run("INSERT INTO answers VALUES (?, ?, ?, ?)", key, request, status, body)

    def plan_delivery(self, event_id: str, due: float) -> None:
        self._run("INSERT INTO deliveries (event, due) VALUES (?, ?)", event_id, due)

    def due_deliveries(self) -> list[tuple[int, str, int]]:
        """Return due deliveries in random order, since Stripe guarantees no order either."""
        now = time.time()
        return self._run(
            "SELECT serial, event, attempts FROM deliveries WHERE due <= ? ORDER BY random() LIMIT 20", now
        )

    def put_off_delivery(self, serial: int, due: float) -> None:
        self._run("UPDATE deliveries SET attempts = attempts + 1, due = ? WHERE serial = ?", due, serial)

    def end_delivery(self, serial: int) -> None:
        self._run("DELETE FROM deliveries WHERE serial = ?", serial)

    def waiting_deliveries(self) -> int:
        return int(self._run("SELECT count(*) FROM deliveries")[0][0])

    def switch(self, name: str) -> str:
        rows = self._run("SELECT value FROM switches WHERE name = ?", name)
        return rows[0][0] if rows else ""

    def set_switch(self, name: str, value: str) -> None:
        self._run(
            "INSERT INTO switches VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
            value,
        )

    def use_up(self, name: str) -> bool:
        """Count a switch like `500=3` down, and return whether it was on."""
        with self.transaction():
            left = self.switch(name)
            if not left.isdigit() or int(left) < 1:
                return False
            self.set_switch(name, str(int(left) - 1))
            return True
