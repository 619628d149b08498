"""Imports and bulk edits as rows: planned, applied by whoever comes first, taken back, and never half done."""

import contextlib
import gzip
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from catalog.documents import read_documents
from catalog.errors import CatalogError
from catalog.importing.apply import (
    Author,
    CatalogueMoved,
    Progress,
    apply_changes,
    here,
    undo_changes,
)
from catalog.importing.plan import Plan, PlannedChange, plan_import
from catalog.importing.shopify import read_bytes
from catalog.models import Run, RunProgress

log = logging.getLogger(__name__)
MAX_COMPARED = 200  # products of a plan that its page compares with the catalogue
AT_WORK = [Run.Status.WAITING, Run.Status.UNDOING]
SOURCES = {Run.Kind.IMPORT: "import", Run.Kind.BULK: "bulk edit"}


class RunRefused(CatalogError):
    """A run that cannot do this now; the message is one clear sentence."""


def plan_file(content: bytes, name: str, *, user_id: int | None = None) -> Run:
    """A planned import of this file's content. Raises UnreadableFile where it cannot be read."""
    shop = here()
    plan = plan_import(read_bytes(content, shop.market.currency), shop.market, shop.location)
    return keep_plan(plan, Run.Kind.IMPORT, name, source=content, user_id=user_id)


def keep_plan(plan: Plan, kind: Run.Kind, name: str, *, source: bytes = b"", user_id: int | None = None) -> Run:
    """The plan as a row that can be looked at and applied later; with its source it can be made again."""
    run = Run.objects.create(
        kind=kind,
        name=name[:255],
        source=gzip.compress(source),
        plan=gzip.compress(plan.as_json().encode()),
        counts=plan.counts,
        user_id=user_id,
    )
    RunProgress.objects.create(run=run, total=len(plan.changes))
    return run


def plan_of(run: Run) -> Plan:
    """The plan that a run was made with."""
    return Plan.from_json(gzip.decompress(bytes(run.plan)).decode())


def source_of(run: Run) -> bytes:
    """What the run was planned from; raises RunRefused for an applied one and for those of earlier versions."""
    source = gzip.decompress(bytes(run.source)) if run.source else b""
    if not source:
        raise RunRefused(f"{run} cannot be planned again, because its source is no longer stored.")
    return source


def is_outdated(plan: Plan) -> bool:
    """Whether a product is not as the plan found it; of a long plan the first products are compared."""
    changes = plan.changes[:MAX_COMPARED]
    shop = here()
    now = read_documents((change.handle for change in changes), shop.market, shop.location)
    return any(now.get(change.handle) != change.before for change in changes)


@transaction.atomic
def start(run: Run) -> None:
    """The run waits for a worker; a second press of the button changes nothing."""
    _one_import_at_a_time(run)
    _move(run, Run.Status.PLANNED, Run.Status.WAITING, "is not waiting to be applied")


@transaction.atomic
def start_undo(run: Run) -> None:
    """The run waits to be taken back."""
    _one_import_at_a_time(run)
    _move(run, Run.Status.APPLIED, Run.Status.UNDOING, "is not applied")


def _one_import_at_a_time(run: Run) -> None:
    """Of an account's imports one is carried out or taken back at a time; raises RunRefused for the next."""
    if run.kind != Run.Kind.IMPORT or not run.user_id:
        return
    with connection.cursor() as cursor:
        # Two that are started together would not see each other.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('imports'), %s)", [run.user_id])
    at_work = Run.objects.filter(user_id=run.user_id, kind=Run.Kind.IMPORT, status__in=AT_WORK).exclude(pk=run.pk)
    if at_work.exists():
        raise RunRefused("Another import of yours is in progress. Please wait until it has finished.")


def _move(run: Run, expected: Run.Status, target: Run.Status, words: str) -> None:
    if not Run.objects.filter(pk=run.pk, status=expected).update(status=target):
        raise RunRefused(f"{Run.objects.get(pk=run.pk)} {words}.")


def work_waiting(pictures: Path | None = None) -> int:
    """Carry out every run that waits; returns how many were handled.

    The run's row stays locked while we are on it: two workers never share one, and one that dies leaves it waiting.
    """
    handled = 0
    tried: list[int] = []
    while (done := _work_next(tried, pictures)) is not None:
        tried.append(done)
        handled += 1
    return handled


def _work_next(tried: Sequence[int], pictures: Path | None) -> int | None:
    with transaction.atomic():
        waiting = Run.objects.filter(status__in=AT_WORK).exclude(pk__in=tried)
        run = waiting.select_for_update(skip_locked=True).order_by("pk").first()
        if run is None:
            return None
        _work(run, pictures)
        return run.pk


def _work(run: Run, pictures: Path | None) -> None:
    """Apply a locked run or take it back; what it refuses is its error, and nothing of it is done."""
    with connection.cursor() as cursor:
        # A worker gives up on a page's work after a minute; an import takes the time that it takes.
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
    try:
        with transaction.atomic(), progress_of(run) as on_progress:
            if run.status == Run.Status.UNDOING:
                _take_back(run, on_progress)
            else:
                _apply(run, pictures, on_progress)
    except CatalogError as error:
        _refuse(run, str(error))
    except (IntegrityError, DataError) as error:
        # Trying again would meet the same rule of the database again: somebody has to look.
        log.exception("run %s was refused by the database", run.pk)
        _refuse(run, f"The database refused a part of the run, so nothing was changed: {str(error).splitlines()[0]}")
    except OperationalError:
        raise  # the database is away or overtaxed: the run waits for the next worker
    except Exception:  # noqa: BLE001
        # Whatever it is, it must not stand in the way of every later run.
        log.exception("run %s failed", run.pk)
        _refuse(run, "An unexpected error occurred, and nothing was changed. The log has the details.")
    run.save()


def _refuse(run: Run, sentence: str) -> None:
    """An undo that is refused leaves the run applied, as it is."""
    run.status = Run.Status.APPLIED if run.status == Run.Status.UNDOING else Run.Status.FAILED
    run.error = sentence[:500]


def _apply(run: Run, pictures: Path | None, on_progress: Progress) -> None:
    plan = plan_of(run)
    author = Author(SOURCES[Run.Kind(run.kind)], run.user_id, run.pk)
    done = apply_changes(plan.changes, here(pictures), author, on_progress=on_progress)
    run.undo = gzip.compress(json.dumps([asdict(change) for change in done]).encode())
    run.status, run.applied_at, run.error, run.source = Run.Status.APPLIED, timezone.now(), "", b""


def _take_back(run: Run, on_progress: Progress) -> None:
    done = [PlannedChange(**change) for change in json.loads(gzip.decompress(bytes(run.undo)))]
    shop = here()
    apply_changes(undo_changes(done, shop), shop, Author("undo", run.user_id, run.pk), on_progress=on_progress)
    run.status, run.undone_at, run.error = Run.Status.UNDONE, timezone.now(), ""


@contextlib.contextmanager
def progress_of(run: Run) -> Iterator[Progress]:
    """Tells how far a run is, beside the transaction that it happens in: on a connection of its own."""
    beside = connection.copy()

    def tell(done: int, total: int) -> None:
        with beside.cursor() as cursor:
            cursor.execute(
                "UPDATE catalog_runprogress SET done = %s, total = %s WHERE run_id = %s", [done, total, run.pk]
            )

    try:
        yield tell
    finally:
        beside.close()


def apply_now(run: Run, *, pictures: Path | None = None) -> Run:
    """Apply a planned run here and now. Raises CatalogueMoved or RunRefused, and changes nothing, where it cannot."""
    start(run)
    return _now(run, pictures)


def undo_now(run: Run) -> Run:
    """Take an applied run back here and now. Raises CatalogueMoved or RunRefused, and changes nothing."""
    start_undo(run)
    return _now(run, None)


def _now(run: Run, pictures: Path | None) -> Run:
    with transaction.atomic():
        locked = Run.objects.select_for_update().get(pk=run.pk)
        if locked.status in (Run.Status.WAITING, Run.Status.UNDOING):  # else a worker was faster
            _work(locked, pictures)
    if locked.error:
        raise CatalogueMoved(locked.error)
    return locked
