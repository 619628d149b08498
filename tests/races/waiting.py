"""Functions on threads that wait for each other's locks."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from django.db import connection, connections


def closing(function: Callable[[], Any]) -> Callable[[], Any]:
    """Run the function and close the connections of its thread."""

    def run() -> Any:
        try:
            return function()
        finally:
            connections.close_all()

    return run


def wait_for_lock_or_end(job: Future) -> None:
    """Return as soon as the job has ended or a connection to this database waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if job.done() or cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    pytest.fail("The job neither ended nor waited for a lock.")
