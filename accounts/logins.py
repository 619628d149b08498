"""Wrong passwords cost time: per address and place, never for the owner elsewhere."""

import hashlib

from django.db import connection
from django.utils import timezone

from accounts.models import LoginFailures
from accounts.throttle import TooManyAttempts

# After five failures the next attempt waits 1 s, then 2, 4 … up to 900.
FREE_FAILURES = 5
LONGEST_DELAY_SECONDS = 900

# One statement, so that fifty attempts at once are fifty attempts: each waits for the row, then sees the others.
COUNT_UNLESS_BLOCKED = """
INSERT INTO accounts_loginfailures AS known (key, failures, blocked_until) VALUES (%(key)s, 1, now())
ON CONFLICT (key) DO UPDATE SET
  failures = known.failures + 1,
  blocked_until = clock_timestamp() + CASE WHEN known.failures + 1 < %(free)s THEN interval '0'
    ELSE make_interval(secs => least(%(longest)s, 2 ^ least(known.failures + 1 - %(free)s, 20))) END
WHERE known.blocked_until <= clock_timestamp()
RETURNING failures
"""


def login_key(email: str, ip: str) -> str:
    return hashlib.sha256(f"{email.strip().lower()}|{ip}".encode()).hexdigest()


def count_login_attempt(key: str) -> None:
    """Count an attempt as failed until `forgive` says otherwise, or raise TooManyAttempts while it has to wait."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_UNLESS_BLOCKED, {"key": key, "free": FREE_FAILURES, "longest": LONGEST_DELAY_SECONDS})
        if cursor.fetchone():
            return
    blocked = LoginFailures.objects.filter(key=key).values_list("blocked_until", flat=True).first()
    left = (blocked - timezone.now()).total_seconds() if blocked else 1
    raise TooManyAttempts(max(1, round(left)))


def forgive(key: str) -> None:
    """The right password was given: the failures before it are forgotten."""
    LoginFailures.objects.filter(key=key).delete()
