"""The locks of rows, which keep most actors apart who meet over the same thing."""

import random
import time
from collections.abc import Callable
from typing import Any

from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet

from tests.guards.registry import Monkey, guard


@guard("row-locks", "tests/reliability/test_pairs.py::test_two_actors_who_meet_leave_everything_right[place and place]")
def no_row_locks(monkeypatch: Monkey) -> None:
    """Nobody locks a row before changing it. `python -m tests.tools.pair_controls` tries every pair without."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, *_arguments, **_options: rows.all())
    monkeypatch.setattr(CursorWrapper, "_execute", _slow(CursorWrapper._execute))


def _slow(execute: Callable[..., Any]) -> Callable[..., Any]:
    """Let each change wait a little after what was read for it, so that two actors meet there."""

    def dawdle(cursor: CursorWrapper, sql: str, *arguments: Any) -> Any:
        if sql.startswith(("UPDATE", "INSERT")):
            time.sleep(random.uniform(0, 0.03))
        return execute(cursor, sql, *arguments)

    return dawdle
