"""Health checks: whether the process is alive, and whether shoppers can buy."""

from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog.pages import SHARED_FILE, page
from shop.models import Heartbeat

WORKER, AUDIT, COMPLETE = "worker", "audit", "complete"  # names of heartbeats
MAX_SILENCE = timedelta(seconds=60)  # a worker that is silent for longer counts as missing


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"away: {type(error).__name__}"
    return "ok"


def _redis() -> str:
    import redis  # noqa: PLC0415  (slow to import, and every process imports this module)

    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5) as client:
            client.ping()
    except redis.RedisError as error:
        return f"away: {type(error).__name__}"
    return "ok"


def _worker() -> str:
    try:
        beat = Heartbeat.objects.filter(name=WORKER).first()
    except DatabaseError:
        return "unknown"
    if not beat:
        return "never seen"
    silent = timezone.now() - beat.at
    return "ok" if silent < MAX_SILENCE else f"silent for {int(silent.total_seconds())} s"


def is_worker_silent() -> bool:
    """Return whether no worker has been seen for a minute."""
    return _worker() != "ok"


def beat_heart() -> None:
    """Record that a worker is alive and reaches the database."""
    Heartbeat.objects.update_or_create(name=WORKER, defaults={"at": timezone.now()})


def record_completeness(*, is_complete: bool) -> None:
    """Record that the shop lacks nothing, or that it does."""
    if is_complete:
        Heartbeat.objects.update_or_create(name=COMPLETE, defaults={"at": timezone.now()})
    else:
        Heartbeat.objects.filter(name=COMPLETE).delete()


def record_audit(problems: int) -> None:
    """Record that the audit has run now, and how many problems it found."""
    Heartbeat.objects.update_or_create(name=AUDIT, defaults={"at": timezone.now(), "problems": problems})


@page(SHARED_FILE)
@require_safe
@never_cache
def alive(request: HttpRequest) -> HttpResponse:
    """Answer 200 while the process runs."""
    return HttpResponse("ok", content_type="text/plain")


@page(SHARED_FILE)
@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 while PostgreSQL answers, and 503 otherwise. Redis and worker are reported too, but not required."""
    parts = {"database": _database(), "redis": _redis(), "worker": _worker()}
    return JsonResponse(parts, status=200 if parts["database"] == "ok" else 503)
