"""Counters in PostgreSQL that say when somebody does a thing too often."""

import hashlib
import ipaddress
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import KnownDevice, LoginFailures, ThrottleCounter, Turn

COUNT = """
INSERT INTO accounts_throttlecounter (key, window_start, count) VALUES (%s, %s, 1)
ON CONFLICT (key, window_start) DO UPDATE SET count = accounts_throttlecounter.count + 1
RETURNING count
"""

# An attempt that is refused is not counted: the row stays at the limit, and nothing comes back.
TAKE = """
INSERT INTO accounts_throttlecounter (key, window_start, count) VALUES (%s, %s, 1)
ON CONFLICT (key, window_start) DO UPDATE SET count = accounts_throttlecounter.count + 1
WHERE accounts_throttlecounter.count < %s
RETURNING count
"""

# Whoever has one IPv6 address has all of its network.
IPV6_NETWORK = 64
DEVICE_DAYS = 365


class TooManyAttempts(Exception):
    """A limit is reached; `retry_after` seconds from now it is worth trying again."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many attempts; again in {retry_after} seconds.")
        self.retry_after = retry_after


def place_of(key: str) -> str:
    """The key itself; of an IPv6 address, its network."""
    try:
        address = ipaddress.ip_address(key)
    except ValueError:
        return key
    if not isinstance(address, ipaddress.IPv6Address):
        return key
    return str(address.ipv4_mapped or ipaddress.ip_network((address.packed, IPV6_NETWORK), strict=False))


@dataclass(frozen=True)
class Limit:
    """At most `times` in each window of `seconds`, for one action and one key."""

    action: str
    times: int
    seconds: int

    def _window_start(self, now: datetime) -> datetime:
        return datetime.fromtimestamp(now.timestamp() // self.seconds * self.seconds, UTC)

    def _stored_key(self, key: str) -> str:
        # Addresses and IPs are personal data: only their digest is kept.
        return f"{self.action}:{hashlib.sha256(place_of(key).encode()).hexdigest()[:32]}"

    def count(self, key: str) -> int:
        """Count one attempt and return how many there were in this window; atomic, so parallel attempts all count."""
        with connection.cursor() as cursor:
            cursor.execute(COUNT, [self._stored_key(key), self._window_start(timezone.now())])
            return cursor.fetchone()[0]

    def take(self, key: str) -> None:
        """Count one attempt, or raise TooManyAttempts when it is one too many; atomic, as `count` is."""
        with connection.cursor() as cursor:
            cursor.execute(TAKE, [self._stored_key(key), self._window_start(timezone.now()), self.times])
            if cursor.fetchone():
                return
        raise TooManyAttempts(self.seconds_left())

    def allows(self, key: str) -> bool:
        """Count one attempt and return True, or return False when it is one too many."""
        try:
            self.take(key)
        except TooManyAttempts:
            return False
        return True

    def give_back(self, key: str) -> None:
        """An attempt that was counted in this window turned out not to be one that counts."""
        known = ThrottleCounter.objects.filter(
            key=self._stored_key(key), window_start=self._window_start(timezone.now()), count__gt=0
        )
        known.update(count=F("count") - 1)

    def seconds_left(self) -> int:
        """Whole seconds until the window is over, rounded up: after them it is."""
        now = timezone.now()
        end = self._window_start(now) + timedelta(seconds=self.seconds)
        return max(1, math.ceil((end - now).total_seconds()))


def _address_in(hop: str) -> str:
    """The IP address that a proxy wrote, without a port or brackets; empty where it is none."""
    bare = hop.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return ""


def client_ip(request: HttpRequest) -> str:
    """Return the address of whoever asks.

    X-Forwarded-For is believed only as far as SHOP_TRUSTED_PROXIES proxies of our own wrote it, since
    anybody may send that header.
    """
    trusted, connected = settings.TRUSTED_PROXIES, str(request.META.get("REMOTE_ADDR", ""))
    if not trusted:
        return connected
    hops = [hop for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    return (_address_in(hops[-trusted]) if len(hops) >= trusted else "") or connected


def old_counters() -> list[QuerySet]:
    """Windows, failures and turns older than two days, and devices not seen for a year."""
    now = timezone.now()
    old = now - timedelta(days=2)
    return [
        ThrottleCounter.objects.filter(window_start__lt=old),
        LoginFailures.objects.filter(blocked_until__lt=old),
        Turn.objects.filter(held_until__lt=old),
        KnownDevice.objects.filter(seen_at__lt=now - timedelta(days=DEVICE_DAYS)),
    ]
