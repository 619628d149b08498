"""Delay logins after wrong passwords, without locking out the account's owner.

Three counters, each updated by one atomic statement: per network and account (after five failures the delay doubles with
each one), per network (20 failures in five minutes), and per account (after 100 failures in a day, the delay begins with
the first failure). A network without failures is never delayed, so the owner can always log in.
"""

import hashlib

from django.db import connection

from accounts.limits.throttle import Limit, TooManyAttempts, network_of
from accounts.mailboxes import normalize_mailbox
from accounts.models import LoginFailures

# After five failures, the delay is 1 s, then 2 s, 4 s and so on, up to 900 s.
FREE_FAILURES = 5
FREE_FAILURES_UNDER_ATTACK = 1
MAX_DELAY_SECONDS = 900
FAILURES_PER_NETWORK = Limit("login-failed", 20, 300)
FAILURES_PER_ACCOUNT = Limit("login-account", 100, 86400)

# One statement, so that fifty concurrent attempts count as fifty: each waits for the row lock and then sees the others.
# Without a delay the block ended a second ago, since the clocks of two processors may differ a little.
COUNT_UNLESS_BLOCKED = """
INSERT INTO accounts_loginfailures AS known (key, failures, blocked_until)
VALUES (%(key)s, 1, clock_timestamp() + make_interval(secs => CASE WHEN 1 < %(free)s THEN -1 ELSE 1 END))
ON CONFLICT (key) DO UPDATE SET
  failures = known.failures + 1,
  blocked_until = clock_timestamp() + CASE WHEN known.failures + 1 < %(free)s THEN interval '-1 second'
    ELSE make_interval(secs => least(%(longest)s, 2 ^ least(known.failures + 1 - %(free)s, 20))) END
WHERE known.blocked_until <= clock_timestamp()
RETURNING failures
"""
# The database's clock set the time, so it must also calculate the difference.
SECONDS_LEFT = (
    "SELECT ceil(extract(epoch FROM blocked_until - clock_timestamp())) FROM accounts_loginfailures WHERE key = %s"
)


def login_key(email: str, ip: str) -> str:
    """The key of the failures for this account from this network."""
    return hashlib.sha256(f"{normalize_mailbox(email)}|{network_of(ip)}".encode()).hexdigest()


def begin_attempt(email: str, ip: str) -> None:
    """Count the attempt as failed until record_success() is called, or raise TooManyAttempts and count nothing."""
    FAILURES_PER_NETWORK.take(ip)
    is_attacked = FAILURES_PER_ACCOUNT.count(normalize_mailbox(email)) > FAILURES_PER_ACCOUNT.times
    try:
        count_login_attempt(login_key(email, ip), FREE_FAILURES_UNDER_ATTACK if is_attacked else FREE_FAILURES)
    except TooManyAttempts:
        _give_back(email, ip)
        raise


def record_success(email: str, ip: str) -> None:
    """Record that the password was right: this attempt does not count, and earlier failures are deleted."""
    clear_failures(login_key(email, ip))
    _give_back(email, ip)


def _give_back(email: str, ip: str) -> None:
    FAILURES_PER_NETWORK.give_back(ip)
    FAILURES_PER_ACCOUNT.give_back(normalize_mailbox(email))


def count_login_attempt(key: str, free: int = FREE_FAILURES) -> None:
    """Count an attempt as failed until clear_failures() is called. Raises TooManyAttempts during the delay."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_UNLESS_BLOCKED, {"key": key, "free": free, "longest": MAX_DELAY_SECONDS})
        if cursor.fetchone():
            return
        cursor.execute(SECONDS_LEFT, [key])
        row = cursor.fetchone()
    raise TooManyAttempts(max(1, int(row[0])) if row else 1)


def clear_failures(key: str) -> None:
    """Delete the failures counted under this key, because the password was right."""
    LoginFailures.objects.filter(key=key).delete()
