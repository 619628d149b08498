"""A clock for tests that count attempts in windows of time."""

from datetime import UTC, datetime

import pytest
import time_machine


@pytest.fixture
def clock():
    """A quarter of a minute after the full hour: no window ends while a test counts."""
    now = datetime.now(UTC).replace(minute=0, second=15, microsecond=0)
    with time_machine.travel(now, tick=False) as traveller:
        yield traveller
