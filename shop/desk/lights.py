"""The lights of the home page: whether audit, payments, mail and workers are well. A word goes with each colour."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.formats import count_of, moment
from payments.models import StripeEvent
from payments.worklists import MAX_WAITING
from shop import facts
from shop.facts import Facts
from shop.models import Heartbeat, Mail
from shop.operations.health import AUDIT, COMPLETE, MAX_SILENCE, WORKER

WELL, WATCH, BROKEN = "", "warn", "bad"
MAX_MAIL_DELAY = timedelta(minutes=10)
MAX_AUDIT_AGE = timedelta(hours=1)
MAX_COMPLETE_AGE = timedelta(minutes=25)  # twice as long as the audit, which records it, waits between its runs
# What the query finds beside the heartbeats, each in at most one row.
OLDEST_MAIL, LAST_EVENT, OLDEST_EVENT = "mail", "event", "waiting event"


@dataclass(frozen=True)
class Light:
    """A part of the shop with its state: a colour, a word for it, and a sentence."""

    name: str
    colour: str
    word: str
    sentence: str
    url: str = ""


@dataclass(frozen=True)
class Lights:
    """All lights, and one badge about them. `is_complete` says that the shop lacked nothing a few minutes ago."""

    lights: list[Light]
    is_complete: bool = False

    @property
    def colour(self) -> str:
        return next((look for look in (BROKEN, WATCH) if any(light.colour == look for light in self.lights)), "ok")

    @property
    def summary(self) -> str:
        watched = sum(light.colour != WELL for light in self.lights)
        return f"{watched} to watch" if watched else "All well"


@dataclass(frozen=True)
class Beat:
    """When something was last seen, and how many problems it found."""

    at: datetime
    problems: int


def lights_for(user: User, known: Facts | None = None) -> Lights:
    """Return the lights, with links to what this user may open. Runs one query, unless their facts were read before."""
    now = timezone.now()
    known = known or facts.read(*seen())
    found = {fact.name: Beat(fact.at, fact.number) for fact in known.found if fact.at}
    moments = {what: beat.at for what, beat in found.items()}
    return Lights(
        [
            _audit(found.get(AUDIT), now),
            _payments(moments.get(LAST_EVENT), moments.get(OLDEST_EVENT), now, user),
            _mail(moments.get(OLDEST_MAIL), now, user),
            _worker(found.get(WORKER), now),
        ],
        is_complete=COMPLETE in found and now - found[COMPLETE].at < MAX_COMPLETE_AGE,
    )


def seen() -> Iterable[QuerySet]:
    """The heartbeats, when the oldest e-mail that is due was due, and when the last and the oldest waiting event came.

    They are facts, for facts.read().
    """
    beats = Heartbeat.objects.filter(name__in=[WORKER, AUDIT, COMPLETE])
    due = Mail.objects.filter(status=Mail.Status.QUEUED, next_try_at__lte=timezone.now())
    waiting = StripeEvent.objects.filter(status=StripeEvent.Status.NEW)
    return (
        facts.rows_of(beats, F("name"), at=F("at"), number=F("problems"), most=None),
        facts.rows_of(due.order_by("next_try_at"), OLDEST_MAIL, at=F("next_try_at")),
        facts.rows_of(StripeEvent.objects.order_by("-id"), LAST_EVENT, at=F("received_at")),
        facts.rows_of(waiting.order_by("next_try_at"), OLDEST_EVENT, at=F("received_at")),
    )


def _audit(beat: Beat | None, now: datetime) -> Light:
    if beat is None:
        return Light("Books", WATCH, "Not checked yet", "The audit has not run.")
    when = f"Checked {moment(beat.at)}"
    if beat.problems:
        found = count_of(beat.problems, "row")
        return Light("Books", BROKEN, "Do not agree", f"{when}: {found} to look at. Run manage.py audit.")
    if now - beat.at > MAX_AUDIT_AGE:
        return Light("Books", WATCH, "Not checked lately", when)
    return Light("Books", WELL, "Agree", when)


def _payments(last: datetime | None, oldest_waiting: datetime | None, now: datetime, user: User) -> Light:
    url = reverse("admin:payments_stripeevent_changelist") if user.has_perm("payments.view_stripeevent") else ""
    if oldest_waiting and now - oldest_waiting > MAX_WAITING:
        stuck = f"{url}?stuck=yes" if url else ""
        return Light("Payments", BROKEN, "Stuck", f"An event waits since {moment(oldest_waiting)}", stuck)
    return Light("Payments", WELL, "Working", f"Last event {moment(last)}" if last else "No event yet")


def _mail(oldest: datetime | None, now: datetime, user: User) -> Light:
    if oldest is None or now - oldest < MAX_MAIL_DELAY:
        return Light("E-mail", WELL, "Working", "Nothing waits")
    url = reverse("admin:shop_mail_changelist") if user.has_perm("shop.view_mail") else ""
    query = "?status__exact=queued" if url else ""
    return Light("E-mail", WATCH, "Late", f"An e-mail waits since {moment(oldest)}", f"{url}{query}")


def _worker(beat: Beat | None, now: datetime) -> Light:
    if beat is None:
        return Light("Workers", BROKEN, "Not running", "No worker was ever seen, so no e-mail is sent.")
    if now - beat.at > MAX_SILENCE:
        return Light("Workers", BROKEN, "Silent", f"Last seen {moment(beat.at)}. No e-mail is sent until they run.")
    return Light("Workers", WELL, "Running", f"Seen {moment(beat.at)}")
