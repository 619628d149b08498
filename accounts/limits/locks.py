"""Locks on things that an account may do only once at a time, across requests. A lock expires if it is not released."""

from datetime import datetime

from django.db import connection

from accounts.limits.throttle import TooManyAttempts
from accounts.models import Turn

MAX_LOCK_SECONDS = 1800  # a lock that was not released, because its process died, expires then
RETRY_AFTER_SECONDS = 10

# One statement, so that of two concurrent requests one waits for the other's row and then finds it locked.
TAKE = """
INSERT INTO accounts_turn AS known (key, held_until)
VALUES (%(key)s, clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (key) DO UPDATE SET held_until = excluded.held_until WHERE known.held_until <= clock_timestamp()
RETURNING held_until
"""


def acquire_lock(key: str) -> datetime:
    """Acquire the lock and return its time of expiry, which release_lock() needs.

    Raises TooManyAttempts while the lock is held.
    """
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"key": key, "seconds": MAX_LOCK_SECONDS})
        row = cursor.fetchone()
    if not row:
        raise TooManyAttempts(RETRY_AFTER_SECONDS)
    return row[0]


def release_lock(key: str, held_until: datetime) -> None:
    """Release the lock, unless it has expired and been acquired by another request."""
    Turn.objects.filter(key=key, held_until=held_until).delete()
