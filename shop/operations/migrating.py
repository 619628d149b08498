"""Run one migration at a time, by an advisory lock in the database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected

LOCK = 7_236_018_244  # an arbitrary number that no other advisory lock uses
MAX_DEADLOCKS = 5


def _raw_cursor() -> psycopg.Cursor[Any]:
    """Return a psycopg cursor, since Django warns about queries before its apps are ready."""
    connection.ensure_connection()
    return connection.connection.cursor()


def _call(function: str) -> bool:
    with _raw_cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _lock(function: str) -> None:
    """Wait for the lock without lock_timeout, which is meant for tables."""
    with _raw_cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        (limit,) = cursor.fetchone()
        try:
            cursor.execute("SELECT set_config('lock_timeout', '0', false)")
            cursor.execute(f"SELECT {function}(%s)", [LOCK])
        finally:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [limit])


@contextmanager
def one_migration_at_a_time(say: Callable[[str], None]) -> Iterator[None]:
    """Keep other migrations of this database waiting while the block runs."""
    if not _call("pg_try_advisory_lock"):
        say("Another migration of this database is running. Waiting for it to end …")
        _lock("pg_advisory_lock")
    try:
        yield
    finally:
        _call("pg_advisory_unlock")


def wait_for_migration(say: Callable[[str], None]) -> None:
    """Wait until no migration is running. An unreachable database is reported elsewhere."""
    try:
        if not _call("pg_try_advisory_lock_shared"):
            say("A migration of this database is running. Waiting for it to end …")
            _lock("pg_advisory_lock_shared")
        _call("pg_advisory_unlock_shared")
    except (OperationalError, psycopg.OperationalError):
        pass
    finally:
        connection.close()


def again_after_deadlock(migrate: Callable[[], None], say: Callable[[str], None]) -> None:
    """Migrate, and continue if PostgreSQL interrupted the migration to end a deadlock with another transaction."""
    for _ in range(MAX_DEADLOCKS):
        try:
            migrate()
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
            say("The migration was interrupted by another user of the same tables. Continuing it …")
        else:
            return
    migrate()
