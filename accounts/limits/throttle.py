"""Rate limits, with counters in PostgreSQL."""

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

# The number of attempts so far. It is the row's own column, which PostgreSQL reads again after waiting for a lock, so that
# simultaneous attempts are counted one by one.
COUNTED = "accounts_throttlecounter.count"
# A refused attempt is not counted: the row stays at the limit, and the statement returns no row.
TAKE = """
INSERT INTO accounts_throttlecounter (key, window_start, count) VALUES (%s, %s, 1)
ON CONFLICT (key, window_start) DO UPDATE SET count = {counted} + 1
WHERE {counted} < %s
RETURNING count
"""

# A customer of a provider usually gets a whole IPv6 network of this size.
IPV6_NETWORK = 64
DEVICE_DAYS = 365


class TooManyAttempts(Exception):
    """A limit is reached. Try again after `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many attempts. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


def network_of(key: str) -> str:
    """The network of an IPv6 address. Other keys are returned unchanged."""
    try:
        address = ipaddress.ip_address(key)
    except ValueError:
        return key
    if not isinstance(address, ipaddress.IPv6Address):
        return key
    return str(address.ipv4_mapped or ipaddress.ip_network((address.packed, IPV6_NETWORK), strict=False))


@dataclass(frozen=True)
class Limit:
    """A limit of `times` actions per key in each window of `seconds`."""

    action: str
    times: int
    seconds: int

    def _window_start(self, now: datetime) -> datetime:
        return datetime.fromtimestamp(now.timestamp() // self.seconds * self.seconds, UTC)

    def _stored_key(self, key: str) -> str:
        # E-mail and IP addresses are personal data, so only a hash is stored.
        return f"{self.action}:{hashlib.sha256(network_of(key).encode()).hexdigest()[:32]}"

    def count(self, key: str) -> int:
        """Count an attempt and return the number in this window. Atomic, so concurrent attempts all count."""
        with connection.cursor() as cursor:
            cursor.execute(COUNT, [self._stored_key(key), self._window_start(timezone.now())])
            return cursor.fetchone()[0]

    def take(self, key: str) -> None:
        """Count an attempt, or raise TooManyAttempts if the limit is reached. Atomic, so concurrent attempts all count."""
        with connection.cursor() as cursor:
            cursor.execute(
                TAKE.format(counted=COUNTED), [self._stored_key(key), self._window_start(timezone.now()), self.times]
            )
            if cursor.fetchone():
                return
        raise TooManyAttempts(self.seconds_left())

    def allows(self, key: str) -> bool:
        """Count an attempt and return True, or return False if the limit is reached."""
        try:
            self.take(key)
        except TooManyAttempts:
            return False
        return True

    def give_back(self, key: str) -> None:
        """Subtract an attempt that was counted in this window, because it should not count."""
        counters = ThrottleCounter.objects.filter(
            key=self._stored_key(key), window_start=self._window_start(timezone.now()), count__gt=0
        )
        counters.update(count=F("count") - 1)

    def seconds_left(self) -> int:
        """The seconds until the window ends, rounded up."""
        now = timezone.now()
        end = self._window_start(now) + timedelta(seconds=self.seconds)
        return max(1, math.ceil((end - now).total_seconds()))


def _ip_address(hop: str) -> str:
    """The IP address in an entry of X-Forwarded-For, without port and brackets; empty if it is not an IP address."""
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
    """The IP address of the client.

    Only as many entries of X-Forwarded-For as there are SHOP_TRUSTED_PROXIES are trusted, because clients can send that
    header, too.
    """
    trusted, connected = settings.TRUSTED_PROXIES, str(request.META.get("REMOTE_ADDR", ""))
    if not trusted:
        return connected
    hops = [hop for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    return (_ip_address(hops[-trusted]) if len(hops) >= trusted else "") or connected


def old_counters() -> list[QuerySet]:
    """Querysets of expired rows: counters, failures and locks after two days, and devices not used for a year."""
    now = timezone.now()
    old = now - timedelta(days=2)
    return [
        ThrottleCounter.objects.filter(window_start__lt=old),
        LoginFailures.objects.filter(blocked_until__lt=old),
        Turn.objects.filter(held_until__lt=old),
        KnownDevice.objects.filter(seen_at__lt=now - timedelta(days=DEVICE_DAYS)),
    ]
