"""The locks of rows, which keep most actors apart who meet over the same thing."""

import random
import time
from typing import Any

from django.db.backends.signals import connection_created
from django.db.models import QuerySet

from tests.guards.registry import Monkey, guard


@guard("row-locks", "tests/reliability/test_pairs.py::test_two_actors_who_meet_leave_everything_right[place and place]")
def no_row_locks(monkeypatch: Monkey) -> None:
    """Nobody locks a row before changing it. `python -m tests.tools.pair_controls` tries every pair without."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, *_arguments, **_options: rows.all())
    connection_created.connect(_make_slow, weak=False)


def _make_slow(connection: Any, **_options: Any) -> None:
    """Let each change wait a little after what was read for it, so that two actors meet there."""
    connection.execute_wrappers.append(_dawdle)


def _dawdle(execute: Any, sql: str, *arguments: Any) -> Any:
    if sql.startswith(("UPDATE", "INSERT")):
        time.sleep(random.uniform(0, 0.03))
    return execute(sql, *arguments)
