"""Wrong passwords cost time: per address and place, never for the owner elsewhere.

Three counters, each one atomic statement: per place and account (five failures are free, then the delay doubles),
per place (20 in five minutes, whatever the account), and per account (after 100 in a day nobody has free failures
for it any more; a place that has not failed yet is still let in at once, so the owner is never locked out).
"""

import hashlib

from django.db import connection

from accounts.mailboxes import normalize_mailbox
from accounts.models import LoginFailures
from accounts.throttle import Limit, TooManyAttempts, place_of

# After five failures the next attempt waits 1 s, then 2, 4 … up to 900.
FREE_FAILURES = 5
FREE_FAILURES_UNDER_ATTACK = 1
MAX_DELAY_SECONDS = 900
FAILING_HERE = Limit("login-failed", 20, 300)
FAILING_ANYWHERE = Limit("login-account", 100, 86400)

# One statement, so that fifty attempts at once are fifty attempts: each waits for the row, then sees the others.
COUNT_UNLESS_BLOCKED = """
INSERT INTO accounts_loginfailures AS known (key, failures, blocked_until)
VALUES (%(key)s, 1, clock_timestamp() + make_interval(secs => CASE WHEN 1 < %(free)s THEN 0 ELSE 1 END))
ON CONFLICT (key) DO UPDATE SET
  failures = known.failures + 1,
  blocked_until = clock_timestamp() + CASE WHEN known.failures + 1 < %(free)s THEN interval '0'
    ELSE make_interval(secs => least(%(longest)s, 2 ^ least(known.failures + 1 - %(free)s, 20))) END
WHERE known.blocked_until <= clock_timestamp()
RETURNING failures
"""
# The database's clock set the moment, so it tells how far away that is.
SECONDS_LEFT = (
    "SELECT ceil(extract(epoch FROM blocked_until - clock_timestamp())) FROM accounts_loginfailures WHERE key = %s"
)


def account_of(email: str) -> str:
    return normalize_mailbox(email)


def login_key(email: str, ip: str) -> str:
    return hashlib.sha256(f"{account_of(email)}|{place_of(ip)}".encode()).hexdigest()


def begin_attempt(email: str, ip: str) -> None:
    """Count an attempt as failed until `end_well` says otherwise, or raise TooManyAttempts and count nothing."""
    FAILING_HERE.take(ip)
    is_attacked = FAILING_ANYWHERE.count(account_of(email)) > FAILING_ANYWHERE.times
    try:
        count_login_attempt(login_key(email, ip), FREE_FAILURES_UNDER_ATTACK if is_attacked else FREE_FAILURES)
    except TooManyAttempts:
        _give_back(email, ip)
        raise


def end_well(email: str, ip: str) -> None:
    """The right password was given: this attempt was no failure, and those before it from here are forgotten."""
    forgive(login_key(email, ip))
    _give_back(email, ip)


def _give_back(email: str, ip: str) -> None:
    FAILING_HERE.give_back(ip)
    FAILING_ANYWHERE.give_back(account_of(email))


def count_login_attempt(key: str, free: int = FREE_FAILURES) -> None:
    """Count an attempt as failed until `forgive` says otherwise, or raise TooManyAttempts while it has to wait."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_UNLESS_BLOCKED, {"key": key, "free": free, "longest": MAX_DELAY_SECONDS})
        if cursor.fetchone():
            return
        cursor.execute(SECONDS_LEFT, [key])
        left = cursor.fetchone()
    raise TooManyAttempts(max(1, int(left[0])) if left else 1)


def forgive(key: str) -> None:
    """The right password was given: the failures before it are forgotten."""
    LoginFailures.objects.filter(key=key).delete()
